//! What to search for, as a caller states it, and all that can be checked before rows are read.

use super::ahead::{Ahead, FitAhead};
use super::candidates;
use super::folds::CrossValidation;
use crate::data::ColumnSchema;
use crate::error::{Error, Result, quotable};
use crate::model::{Algorithm, Kind, Parameters, ResolvedStep, Scoring, Spec, StepSpec, Value, find};
use serde::{Deserialize, Serialize};

/// Fits of a search, at most: candidates times folds.
pub const MAX_FITS: usize = 5_000;
/// Parameters of a search, at most.
const MAX_DIMENSIONS: usize = 64;
/// Of each iteration of a halving one in so many candidates is kept, unless a specification says otherwise.
pub(super) const FACTOR: usize = 3;

/// What to search for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchSpec {
    /// The parameters to try values for; each once.
    pub parameters: Vec<Dimension>,
    /// How candidates are chosen.
    pub strategy: Strategy,
    /// Candidates to draw. `Random` needs it; `Halving` begins with as many, or without it with the whole grid.
    pub n_candidates: Option<usize>,
    /// `Halving`: of each iteration one in so many candidates is kept, and learns from so many times the rows; absent: 3.
    pub factor: Option<usize>,
    /// `Halving`: rows of the first iteration; absent: so many that the last one takes all of them, as far as that leaves enough
    /// for the first (scikit-learn's `exhaust`).
    pub min_resources: Option<usize>,
    /// How rows are parted.
    pub cross_validation: CrossValidation,
    /// What candidates are ranked by, the name of a [`Scoring`]; absent: `r2` of a regressor, `accuracy` of a classifier.
    pub scoring: Option<String>,
}

/// How candidates are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Every combination of the listed values.
    #[default]
    Grid,
    /// As many combinations as asked for, by chance: of lists alone no combination twice.
    Random,
    /// All candidates on few rows, the better ones on more, and so on.
    ///
    /// K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization" (AISTATS 2016).
    Halving,
}

impl Strategy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Grid, Self::Random, Self::Halving];

    /// The word for it on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::Random => "random",
            Self::Halving => "halving",
        }
    }
}

/// A parameter of a step, and what to try for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// The position of the step, from 0.
    pub step: usize,
    /// The name of the parameter.
    pub name: String,
    /// What to try.
    pub choices: Choices,
}

/// Values to try.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choices {
    /// These, in this order.
    Values(Vec<Value>),
    /// Numbers from the first to the second, each as likely as any other.
    Uniform(f64, f64),
    /// Numbers from the first to the second, both above 0, whose logarithms are each as likely as any other.
    LogUniform(f64, f64),
    /// Whole numbers from the first to the second, both included.
    Integers(i64, i64),
}

impl Dimension {
    /// The algorithm of its step.
    fn algorithm(&self, steps: &[StepSpec]) -> Result<&'static dyn Algorithm> {
        let stated = steps.get(self.step).ok_or_else(|| {
            Error::invalid(format!(
                "parameter {:?} is searched in step {}, and there are {} steps, counted from 0",
                quotable(&self.name),
                self.step,
                steps.len()
            ))
        })?;
        find(&stated.algorithm)
    }
}

impl Choices {
    /// How many different values there are, where they are listed.
    pub(super) fn listed(&self) -> Option<usize> {
        if let Self::Values(values) = self { Some(values.len()) } else { None }
    }

    /// Each listed value, or both ends of a range.
    fn extremes(&self) -> Vec<Value> {
        match self {
            Self::Values(values) => values.clone(),
            Self::Uniform(low, high) | Self::LogUniform(low, high) => vec![Value::Number(*low), Value::Number(*high)],
            Self::Integers(low, high) => vec![Value::Integer(*low), Value::Integer(*high)],
        }
    }

    fn check(&self, what: &str) -> Result<()> {
        let wrong = match *self {
            Self::Values(ref values) if values.is_empty() => "has no values to try; list one at least".to_owned(),
            Self::Uniform(low, high) if !(low.is_finite() && high.is_finite() && low < high) => {
                format!("is to be drawn from {low:?} to {high:?}; two finite numbers are taken, the lower one first")
            }
            Self::LogUniform(low, high) if !(low > 0.0 && high.is_finite() && low < high) => format!(
                "is to be drawn log-uniformly from {low:?} to {high:?}; two finite numbers above 0 are taken, the lower one first"
            ),
            Self::Integers(low, high) if low >= high => {
                format!("is to be drawn from {low} to {high}; two whole numbers are taken, the lower one first")
            }
            _ => return Ok(()),
        };
        Err(Error::invalid(format!("{what} {wrong}")))
    }
}

impl SearchSpec {
    /// Checks all that can be known without rows: steps, parameters and each of their values, the number of fits, folds, scoring,
    /// and that there is a candidate that suits the columns.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that names what is wrong, with its value.
    pub fn check(&self, pipeline: &Spec, columns: &[ColumnSchema]) -> Result<()> {
        self.check_candidates(pipeline, columns, |_| Ok(()))
    }

    /// The same, and whether there is a candidate that may be fitted on so many rows, as far as that is known before they are read:
    /// weights may leave some out, groups are of any size, and how many rows a halving begins with is a matter of classes.
    ///
    /// # Errors
    /// As there; what says that fits may not take so much, with the setting.
    pub fn check_on(&self, pipeline: &Spec, columns: &[ColumnSchema], rows: &Ahead) -> Result<()> {
        rows.bounds.check_rows(rows.n_rows as u64, columns.len())?;
        self.cross_validation.check(columns)?;
        let fits = if pipeline.sample_weight.is_some() { vec![] } else { self.fits_ahead(rows) };
        self.check_candidates(pipeline, columns, |steps| fits.iter().try_for_each(|fit| fit.check(steps, &rows.bounds)))
    }

    fn fits_ahead(&self, rows: &Ahead) -> Vec<FitAhead> {
        let n_splits = self.cross_validation.n_splits();
        let fold = (self.strategy != Strategy::Halving).then(|| FitAhead {
            n_rows: self.cross_validation.largest_training(rows.n_rows),
            what: format!("the largest training part of {n_splits} folds of {} rows", rows.n_rows),
        });
        let best = rows.publishes.then(|| FitAhead {
            n_rows: rows.n_rows,
            what: "all rows, which the best candidate is fitted on to be published".to_owned(),
        });
        fold.into_iter().chain(best).collect()
    }

    fn check_candidates(
        &self,
        pipeline: &Spec,
        columns: &[ColumnSchema],
        suits: impl Fn(&[ResolvedStep]) -> Result<()>,
    ) -> Result<()> {
        self.check_dimensions(&pipeline.steps)?;
        self.cross_validation.check(columns)?;
        self.check_size()?;
        let pipeline = self.pipeline(pipeline, columns);
        let mut first = None;
        for candidate in candidates::of(self, pipeline.seed) {
            let suiting = candidate.spec(&pipeline).resolve(columns).and_then(|resolved| {
                suits(&resolved.steps)?;
                Ok(resolved)
            });
            match suiting {
                Ok(resolved) => return self.check_kind(resolved.kind, &resolved.steps),
                Err(error) => first.get_or_insert(error),
            };
        }
        Err(first.unwrap_or_else(|| Error::internal("a checked search has no candidates")))
    }

    /// The pipeline that is searched: without features of its own it learns from all columns but those that say something else, of
    /// which the groups are one.
    pub(super) fn pipeline(&self, pipeline: &Spec, columns: &[ColumnSchema]) -> Spec {
        let (Some(group), None) = (&self.cross_validation.group, &pipeline.features) else { return pipeline.clone() };
        let targets = pipeline.target.iter().chain(&pipeline.targets);
        let others: Vec<&String> = targets.chain(&pipeline.sample_weight).chain([group]).collect();
        let own = columns.iter().map(|column| &column.name).filter(|name| !others.contains(name));
        Spec { features: Some(own.cloned().collect()), ..pipeline.clone() }
    }

    fn check_dimensions(&self, steps: &[StepSpec]) -> Result<()> {
        if !(1..=MAX_DIMENSIONS).contains(&self.parameters.len()) {
            return Err(Error::invalid(format!(
                "there are {} parameters to search; 1 to {MAX_DIMENSIONS} are taken, each with values to try",
                self.parameters.len()
            )));
        }
        let n_values: usize = self.parameters.iter().filter_map(|it| it.choices.listed()).sum();
        if n_values > MAX_FITS {
            return Err(Error::invalid(format!(
                "there are {n_values} values to try and at most {MAX_FITS} are taken; draw from a range instead"
            )));
        }
        for (at, dimension) in self.parameters.iter().enumerate() {
            let Dimension { step, name, choices } = dimension;
            let algorithm = dimension.algorithm(steps)?;
            let what = format!("parameter {:?} of {}", quotable(name), algorithm.name());
            choices.check(&what)?;
            if self.parameters[..at].iter().any(|it| it.step == *step && it.name == *name) {
                return Err(Error::invalid(format!("{what} is searched twice; list all of its values once")));
            }
            if choices.listed().is_none() && !self.draws() {
                return Err(Error::invalid(format!(
                    "{what} is a range and a grid takes lists; list values, or search at random with n_candidates"
                )));
            }
            let specs = algorithm.parameters();
            for value in choices.extremes() {
                Parameters::check(algorithm.name(), &specs, &[(name.clone(), value)].into())?;
            }
        }
        Ok(())
    }

    /// Whether candidates are drawn by chance.
    pub(super) fn draws(&self) -> bool {
        match self.strategy {
            Strategy::Grid => false,
            Strategy::Random => true,
            Strategy::Halving => self.n_candidates.is_some(),
        }
    }

    fn check_size(&self) -> Result<()> {
        match (self.strategy, self.n_candidates, self.factor, self.min_resources) {
            (Strategy::Grid, Some(n), ..) => {
                return Err(Error::invalid(format!(
                    "n_candidates is {n} and a grid tries every combination; leave it out, or search at random"
                )));
            }
            (Strategy::Random, None, ..) => {
                return Err(Error::invalid("a random search needs n_candidates: how many combinations to try"));
            }
            (Strategy::Halving, _, Some(factor @ ..2), _) => {
                return Err(Error::invalid(format!("factor is {factor}; 2 or more is taken")));
            }
            (Strategy::Halving, _, _, Some(0)) => {
                return Err(Error::invalid("min_resources is 0; at least one row is taken"));
            }
            (Strategy::Grid | Strategy::Random, _, factor, rows) if factor.is_some() || rows.is_some() => {
                return Err(Error::invalid("factor and min_resources are for strategy halving; leave them out"));
            }
            _ => {}
        }
        let (candidates, folds) = (self.n_candidates(), self.cross_validation.n_splits());
        match candidates.saturating_mul(folds) {
            0 => Err(Error::invalid("n_candidates is 0; at least one is tried")),
            1..=MAX_FITS => Ok(()),
            _ => {
                let advice = match MAX_FITS / folds {
                    0 => "use fewer folds".to_owned(),
                    most => format!("try fewer values, or {most} candidates at random"),
                };
                Err(Error::invalid(format!(
                    "{candidates} candidates on {folds} folds are more than the {MAX_FITS} fits that a search takes; {advice}"
                )))
            }
        }
    }

    /// Candidates to try; at first, where they are halved.
    pub(super) fn n_candidates(&self) -> usize {
        let grid = self.grid_size();
        match (self.draws(), grid) {
            (true, Some(grid)) => self.n_candidates.unwrap_or(grid).min(grid),
            (true, None) => self.n_candidates.unwrap_or_default(),
            (false, grid) => grid.unwrap_or_default(),
        }
    }

    /// Combinations of listed values; `None` where one is drawn from a range.
    pub(super) fn grid_size(&self) -> Option<usize> {
        self.parameters.iter().try_fold(1_usize, |size, it| Some(size.saturating_mul(it.choices.listed()?)))
    }

    fn check_kind(&self, kind: Kind, steps: &[ResolvedStep]) -> Result<()> {
        let last = steps.last().map(|step| step.algorithm);
        Scoring::to_rank(kind, last, self.scoring.as_deref())?;
        self.cross_validation.check_kind(kind)
    }
}
