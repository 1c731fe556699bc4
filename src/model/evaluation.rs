//! Rows with their truth, held against what a model answers to them.

use super::metrics::{self, Answers, Chunks, ClassReport, Judged, Metrics, Wanted};
use super::sample_weights::SampleWeights;
use super::targets::{Targets, classes_of, numbers};
use super::validation::drawn;
use super::{Kind, Pipeline, Scoring, Shuffled, TargetView};
use crate::data::{Column, ColumnType, Labels, Table};
use crate::error::{Error, Result, quotable};
use ndarray::{Array2, ArrayView2, Axis};
use std::ops::Range;
use std::sync::Arc;

/// Where the rows come from and which columns say what; the others are read if they are features, else passed over.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The rows.
    pub table: &'a Table,
    /// What the answers should have been; absent: the column or columns that the model learned, and nothing for a clusterer.
    pub target: Option<&'a str>,
    /// How often each row counts; absent: each once.
    pub sample_weight: Option<&'a str>,
}

/// Rows that count, as a model takes them, and what it should answer.
#[derive(Debug)]
pub struct Examination {
    features: Array2<f64>,
    truth: Truth,
    weights: Vec<f64>,
}

#[derive(Debug)]
enum Truth {
    /// What the model was to learn, or nothing.
    Targets {
        targets: Targets,
        /// Where each of the model's classes is among the labels of the targets.
        known: Vec<usize>,
    },
    /// What its clusters are compared with.
    Groups(Vec<usize>),
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// Rows that count.
    pub n_samples: usize,
    /// By name; what is not defined for these rows is left out.
    pub metrics: Metrics,
    /// Of a classifier.
    pub classes: Option<ClassReport>,
    /// Of how many rows the silhouette is, where there is one.
    pub silhouette_samples: Option<usize>,
}

impl Examination {
    /// Reads the columns that the pipeline takes, and what its answers should be.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that names column, row and value: there is no row, a column is missing or of a type that does not
    /// suit, a value is missing or not finite, or all weights are 0.
    pub fn new(pipeline: &Pipeline, asked: &Asked<'_>) -> Result<Self> {
        let Asked { table, target, sample_weight } = *asked;
        if table.n_rows() == 0 {
            return Err(Error::invalid("there are no rows to evaluate on; at least one is needed"));
        }
        let kind = pipeline.kind();
        check_several(pipeline, target, sample_weight)?;
        let learned = pipeline.schema().target.as_ref().map(|target| target.name.as_str());
        let target = target.or(learned);
        check_columns(pipeline, target_of(target, table)?, sample_weight)?;
        let weights = SampleWeights::read(sample_weight, table)?;
        let table = &*weights.without_others(table)?;
        let (target, SampleWeights { rows, weights }) = (target_of(target, table)?, weights);
        let truth = match target {
            Some(target) => truth(pipeline, kind, target)?,
            None if pipeline.schema().targets.is_empty() => Truth::of(Targets::None),
            None => several(pipeline, table)?,
        };
        let features = pipeline.schema().select(table)?;
        Ok(match rows {
            None => Self { features, truth, weights },
            Some(rows) => Self { features: features.select(Axis(0), &rows), truth: truth.select(&rows), weights },
        })
    }

    /// How many rows count.
    pub fn n_rows(&self) -> usize {
        self.weights.len()
    }

    /// How often each row counts, above 0.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Some of the rows, as [`Pipeline::predict`] takes them.
    ///
    /// # Panics
    /// If they are not all there.
    pub fn part(&self, rows: Range<usize>) -> Array2<f64> {
        self.features.slice_axis(Axis(0), rows.into()).to_owned()
    }

    /// The same with a column that is shuffled.
    ///
    /// # Panics
    /// As [`Examination::part`], and if the shuffle is of fewer rows.
    pub fn part_of(&self, shuffled: &Shuffled, rows: Range<usize>) -> Array2<f64> {
        let mut part = self.part(rows.clone());
        let values = self.features.column(shuffled.column);
        let places = part.column_mut(shuffled.column).into_iter().zip(&shuffled.order[rows]);
        places.for_each(|(value, row)| *value = values[*row as usize]);
        part
    }

    /// One score of the answers to all rows; `None` if it is not defined for them. `ask` is asked between parts that take long.
    ///
    /// # Errors
    /// What `ask` answers.
    pub fn score(&self, scoring: Scoring, answers: &Answers, ask: &dyn Fn() -> Result<()>) -> Result<Option<f64>> {
        match &self.truth {
            Truth::Groups(truth) if scoring.metric == "adjusted_rand" => {
                let agreement = metrics::adjusted_rand(truth, answers.clusters());
                Ok(scoring.of(&Metrics::from([(scoring.metric.into(), agreement)])))
            }
            _ => scoring.of_answers(&self.judged(answers), ask),
        }
    }

    fn judged<'a>(&'a self, answers: &'a Answers) -> Judged<'a> {
        let (truth, known) = match &self.truth {
            Truth::Targets { targets, known } => (targets.view(), &known[..]),
            Truth::Groups(_) => (TargetView::None, &[][..]),
        };
        Judged { answers, truth, known, weights: &self.weights }
    }

    /// Holds the answers to all rows against the truth. `ask` is asked between parts that take long.
    ///
    /// # Errors
    /// What `ask` answers.
    pub fn judge(&self, pipeline: &Pipeline, answers: &Answers, ask: &dyn Fn() -> Result<()>) -> Result<Evaluation> {
        let (metrics, classes) = self.judged(answers).metrics(Wanted::All, ask)?;
        let mut found = Evaluation { n_samples: self.n_rows(), metrics, classes, silhouette_samples: None };
        if pipeline.kind() == Kind::Clusterer {
            self.judge_clusters(pipeline, answers.clusters(), &mut found, ask)?;
        }
        Ok(found)
    }

    /// Distances are those between rows as they reach the last step, as the answers of the model are.
    fn judge_clusters(
        &self,
        pipeline: &Pipeline,
        clusters: &[usize],
        found: &mut Evaluation,
        ask: &dyn Fn() -> Result<()>,
    ) -> Result<()> {
        let rows = pipeline.transformed(self.features.view());
        let some = drawn(rows.nrows(), metrics::silhouette_rows(rows.ncols()), 0);
        let silhouette = match &some {
            None => metrics::silhouette(rows.view(), clusters, ask)?,
            Some(some) => {
                let own: Vec<usize> = some.iter().map(|row| clusters[*row]).collect();
                metrics::silhouette(rows.select(Axis(0), some).view(), &own, ask)?
            }
        };
        if let Some(value) = silhouette {
            found.metrics.insert("silhouette".into(), value);
            found.silhouette_samples = Some(some.map_or(rows.nrows(), |some| some.len()));
        }
        if let Some(value) = metrics::davies_bouldin(rows.view(), clusters, ask)? {
            found.metrics.insert("davies_bouldin".into(), value);
        }
        if let Some(value) = log_likelihood(pipeline, rows.view(), ask)? {
            found.metrics.insert("log_likelihood".into(), value);
        }
        if let Truth::Groups(truth) = &self.truth {
            found.metrics.insert("adjusted_rand".into(), metrics::adjusted_rand(truth, clusters));
        }
        Ok(())
    }
}

/// The mean of the logarithms of the densities of rows as they reach the last step, of a model that has them.
fn log_likelihood(pipeline: &Pipeline, rows: ArrayView2<'_, f64>, ask: &dyn Fn() -> Result<()>) -> Result<Option<f64>> {
    let mut sum = 0.0;
    for chunk in Chunks::of(rows.nrows()) {
        ask()?;
        let chunk = rows.slice_axis(Axis(0), chunk.into());
        let Some(densities) = pipeline.log_densities(chunk) else { return Ok(None) };
        densities.iter().for_each(|it| sum += it);
    }
    Ok(Some(sum / rows.nrows() as f64).filter(|it| it.is_finite()))
}

fn target_of<'a>(name: Option<&str>, table: &'a Table) -> Result<Option<&'a Column>> {
    name.map(|name| column("target", name, table)).transpose()
}

fn column<'a>(what: &str, name: &str, table: &'a Table) -> Result<&'a Column> {
    super::spec::column(what, name, &table.schema())?;
    table.column(name).ok_or_else(|| Error::internal("a column that was found is gone"))
}

/// What cannot be known by one column alone.
fn check_columns(pipeline: &Pipeline, target: Option<&Column>, sample_weight: Option<&str>) -> Result<()> {
    let is_weight = |name: &str| sample_weight == Some(name);
    match (pipeline.kind(), target, sample_weight) {
        (Kind::Transformer, ..) => Err(Error::precondition(
            "a transformer answers columns, and there is nothing to hold them against; evaluate a model behind it",
        )),
        (Kind::OutlierDetector, Some(target), _) => Err(Error::invalid(format!(
            "an outlier_detector is evaluated without a target, got {:?}; leave it out",
            quotable(&target.name)
        ))),
        (Kind::Clusterer, _, Some(name)) => Err(Error::invalid(format!(
            "metrics of a clusterer count rows and not their weights, as in scikit-learn; leave sample_weight {:?} out",
            quotable(name)
        ))),
        (_, Some(target), _) if is_weight(&target.name) => Err(Error::invalid(format!(
            "column {:?} is target and sample_weight; name it once",
            quotable(&target.name)
        ))),
        _ => Ok(()),
    }
}

/// What cannot be asked of a model of several targets.
fn check_several(pipeline: &Pipeline, target: Option<&str>, sample_weight: Option<&str>) -> Result<()> {
    let targets = &pipeline.schema().targets;
    if let (Some(name), Some(first)) = (target, targets.first()) {
        return Err(Error::invalid(format!(
            "the model learned {} targets ({:?} first) and is evaluated on all of them by their names, got target {:?}; leave it out",
            targets.len(),
            first.name,
            quotable(name)
        )));
    }
    match targets.iter().find(|target| sample_weight == Some(target.name.as_str())) {
        None => Ok(()),
        Some(target) => {
            Err(Error::invalid(format!("column {:?} is target and sample_weight; name it once", target.name)))
        }
    }
}

/// The columns that a model of several targets learned.
fn several(pipeline: &Pipeline, table: &Table) -> Result<Truth> {
    let targets = &pipeline.schema().targets;
    let mut values = Array2::zeros((table.n_rows(), targets.len()));
    for (mut place, target) in values.columns_mut().into_iter().zip(targets) {
        let column = column("target", &target.name, table)?;
        let Truth::Targets { targets: Targets::Values(numbers), .. } = truth(pipeline, Kind::Regressor, column)? else {
            continue;
        };
        place.assign(&numbers);
    }
    Ok(Truth::of(Targets::Several(values)))
}

fn truth(pipeline: &Pipeline, kind: Kind, target: &Column) -> Result<Truth> {
    let (name, found) = (quotable(&target.name), target.values.column_type());
    if let Some(row) = target.first_missing() {
        return Err(Error::invalid(format!("target {name:?} row {row} is missing; leave the row out")));
    }
    match kind {
        Kind::Regressor if matches!(found, ColumnType::Float | ColumnType::Integer) => {
            Ok(Truth::of(Targets::Values(numbers(target)?)))
        }
        Kind::Regressor => Err(Error::invalid(format!(
            "target {name:?} is {found} and the model answers numbers; name a float or integer column"
        ))),
        Kind::Classifier => classified(pipeline, target),
        _ if found == ColumnType::Float => {
            Err(Error::invalid(format!("target {name:?} is float and groups are named by integer, boolean or text")))
        }
        _ => Ok(Truth::Groups(classes_of(target).0.to_vec())),
    }
}

/// The classes of rows among those of the model and their own.
fn classified(pipeline: &Pipeline, target: &Column) -> Result<Truth> {
    let (name, found) = (quotable(&target.name), target.values.column_type());
    let learned = pipeline.schema().target.as_ref().map(|target| target.column_type);
    let classes = pipeline.schema().classes.as_deref();
    let (Some(classes), Some(learned)) = (classes, learned) else {
        return Err(Error::internal("a classifier has no classes"));
    };
    if found != learned {
        return Err(Error::invalid(format!(
            "target {name:?} is {found} and the classes of the model are {learned}; name a column of that type"
        )));
    }
    let (indices, own) = classes_of(target);
    if own.len() > super::MAX_CLASSES {
        return Err(Error::invalid(format!(
            "target {name:?} has {} classes and at most {} are taken; name another column",
            own.len(),
            super::MAX_CLASSES
        )));
    }
    let (labels, known, places) = united(classes, &own)?;
    let indices = indices.iter().map(|class| places[*class]).collect();
    Ok(Truth::Targets { targets: Targets::Classes { indices, labels: Arc::new(labels) }, known })
}

/// The labels of both in ascending order, as both are, and where those of each are among them.
fn united(one: &Labels, other: &Labels) -> Result<(Labels, Vec<usize>, Vec<usize>)> {
    Ok(match (one, other) {
        (Labels::Integer(one), Labels::Integer(other)) => merged(one, other, Labels::Integer),
        (Labels::Boolean(one), Labels::Boolean(other)) => merged(one, other, Labels::Boolean),
        (Labels::Text(one), Labels::Text(other)) => merged(one, other, Labels::Text),
        _ => return Err(Error::internal("classes of one type were found to be of two")),
    })
}

fn merged<T: Ord + Clone>(one: &[T], other: &[T], labels: fn(Vec<T>) -> Labels) -> (Labels, Vec<usize>, Vec<usize>) {
    let mut all = [one, other].concat();
    all.sort();
    all.dedup();
    let places = |own: &[T]| own.iter().map(|label| all.partition_point(|it| it < label)).collect();
    let (first, second) = (places(one), places(other));
    (labels(all), first, second)
}

impl Truth {
    /// What has no classes.
    fn of(targets: Targets) -> Self {
        Self::Targets { targets, known: vec![] }
    }

    fn select(self, rows: &[usize]) -> Self {
        match self {
            Self::Targets { targets, known } => Self::Targets { targets: targets.select(rows), known },
            Self::Groups(groups) => Self::Groups(rows.iter().map(|row| groups[*row]).collect()),
        }
    }
}
