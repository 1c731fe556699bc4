//! Logistic regression that follows the regularised leader: a step for each row, and coefficients that are exactly 0.

use crate::data::Labels;
use crate::error::{Error, Result};
use crate::model::archive::{Archive, State};
use crate::model::arrays::{Arrays, damaged};
use crate::model::classification::{loss_of_classes, loss_of_two_classes};
use crate::model::kernels::{dots, in_rows_mut};
use crate::model::linear_scores::LinearScores;
use crate::model::{
    About, Algorithm, Estimator, FittedStep, Inputs, Kind, Model, Online, OnlineAlgorithm, ParameterSpec, Parameters,
    Training, UnfittedStep,
};
use ndarray::{Array1, Array2, ArrayD};
use std::sync::Arc;

/// Numbers that are looked at between two questions whether to go on.
const AT_ONCE: usize = 1 << 22;
/// A row takes a step for each time that its weight says, and no more than so many.
const MOST_TIMES: f64 = 1e6;

/// Logistic regression by FTRL-Proximal.
#[derive(Clone, Copy, Debug)]
pub(super) struct FtrlClassifier;

impl Algorithm for FtrlClassifier {
    fn about(&self) -> &'static About {
        &About {
            name: "ftrl_classifier",
            kind: Kind::Classifier,
            summary: "Logistic regression that learns row by row and leaves out columns that tell nothing (FTRL-Proximal).",
            details: &[
                "Before each row the coefficient of column `j` is 0 if `|z_j| <= l1`, else `-(z_j - sign(z_j) l1) / ((beta + \
                 sqrt(n_j)) / alpha + l2)`. The slope `g_j = (p - y) x_j` of the logistic loss of the row is then added: \
                 `z_j` grows by `g_j - (sqrt(n_j + g_j^2) - sqrt(n_j)) / alpha` times the coefficient, and `n_j` by \
                 `g_j^2`. So each column has a learning rate of its own. The intercept is a column of ones that `l1` and `l2` \
                 leave alone. Of more than two classes each has its own coefficients, and probabilities are their softmax.",
                "Rows are taken in their order, `max_iter` times by a fit, once by `partial_fit`. A row of weight 2 is the \
                 row twice, one after the other. Scale the columns first, for example with `standard_scaler`.",
                "Source: H. B. McMahan and others, \"Ad click prediction: a view from the trenches\" (2013), \
                 doi:10.1145/2487575.2488200, algorithm 1.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::positive("alpha", 0.1, "The learning rate; that of a column falls with its slopes."),
            ParameterSpec::positive("beta", 1.0, "How slowly the learning rate of a column falls at first."),
            ParameterSpec::not_negative(
                "l1",
                0.0,
                "Strength of the penalty on absolute values: coefficients become 0.",
            ),
            ParameterSpec::not_negative("l2", 0.0, "Strength of the penalty on squares of coefficients."),
            ParameterSpec::flag("fit_intercept", true, "Learn an intercept; otherwise it is 0."),
            ParameterSpec::integer("max_iter", 10, (1, 100_000), "Passes over the rows of a fit; a batch is one pass."),
        ]
    }

    fn online(&self) -> Option<&'static dyn OnlineAlgorithm> {
        Some(&FtrlClassifier)
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Passes { rule: Rule::of(parameters), max_iter: parameters.count("max_iter") }))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        let classes = inputs.classes()?;
        let coefficients = arrays.take("coefficients", (inputs.n_features, classes.len()))?;
        let intercepts = arrays.take("intercepts", classes.len())?;
        Ok(FittedStep::Model(Box::new(LinearScores::<f64>::new(&coefficients, &intercepts, classes))))
    }
}

impl OnlineAlgorithm for FtrlClassifier {
    fn begin(&self, parameters: &Parameters, inputs: &Inputs, _: u64) -> Result<Box<dyn Online>> {
        Ok(Box::new(Leader::new(Rule::of(parameters), inputs.n_features, inputs.classes()?)))
    }

    fn resume(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<Box<dyn Online>> {
        let mut leader = Leader::new(Rule::of(parameters), inputs.n_features, inputs.classes()?);
        let shape = leader.z.dim();
        (leader.z, leader.n) = (arrays.take("z", shape)?, arrays.take("n", shape)?);
        if leader.n.iter().any(|it| *it < 0.0) {
            return Err(damaged("a sum of squares is below 0"));
        }
        Ok(Box::new(leader))
    }
}

#[derive(Clone, Copy, Debug)]
struct Rule {
    alpha: f64,
    beta: f64,
    l1: f64,
    l2: f64,
    fit_intercept: bool,
}

impl Rule {
    fn of(parameters: &Parameters) -> Self {
        let [alpha, beta, l1, l2] = ["alpha", "beta", "l1", "l2"].map(|name| parameters.number(name));
        Self { alpha, beta, l1, l2, fit_intercept: parameters.flag("fit_intercept") }
    }

    /// Strength of the penalties on columns: on absolute values and on squares.
    fn penalties(&self) -> [f64; 2] {
        [self.l1, self.l2]
    }

    /// The coefficient of a column whose `n` has this root.
    #[inline]
    fn coefficient(&self, z: f64, root: f64, [l1, l2]: [f64; 2]) -> f64 {
        let coefficient = -(z - l1.copysign(z)) / ((self.beta + root) / self.alpha + l2);
        if z.abs() <= l1 { 0.0 } else { coefficient }
    }

    /// Takes the slope of a row.
    #[inline]
    fn take(&self, slope: f64, penalties: [f64; 2], [z, n, root, coefficient]: [&mut f64; 4]) {
        let after = *n + slope * slope;
        let root_after = after.sqrt();
        *z += slope - (root_after - *root) / self.alpha * *coefficient;
        (*n, *root) = (after, root_after);
        *coefficient = self.coefficient(*z, root_after, penalties);
    }
}

/// Nothing penalises the intercept.
const OF_INTERCEPT: [f64; 2] = [0.0; 2];

#[derive(Debug)]
struct Passes {
    rule: Rule,
    max_iter: usize,
}

impl Estimator for Passes {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        let (_, classes) = training.rows.targets.classes()?;
        let mut way = Way { leader: Leader::new(self.rule, training.rows.n_features(), classes), pass: 0 };
        let checkpoint = training.checkpoint("ftrl_classifier");
        checkpoint.resume(&mut way)?;
        while way.pass < self.max_iter {
            way.leader.pass(training, way.pass as f64 / self.max_iter as f64)?;
            way.pass += 1;
            checkpoint.offer(way.pass, &mut way)?;
        }
        way.leader.model()
    }
}

/// How far a fit is.
#[derive(Clone)]
struct Way {
    leader: Leader,
    /// The next one.
    pass: usize,
}

impl State for Way {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<()> {
        archive.numbers(&mut self.leader.z)?;
        archive.numbers(&mut self.leader.n)?;
        archive.count(&mut self.pass)
    }
}

/// What follows the leader, for each score a row: of two classes one score, else one for each.
#[derive(Clone, Debug)]
struct Leader {
    rule: Rule,
    /// `(n_scores, n_features + 1)`, the intercept last.
    z: Array2<f64>,
    n: Array2<f64>,
    classes: Arc<Labels>,
}

impl Leader {
    fn new(rule: Rule, n_features: usize, classes: &Arc<Labels>) -> Self {
        let n_scores = if classes.len() == 2 { 1 } else { classes.len() };
        let shape = (n_scores, n_features + 1);
        Self { rule, z: Array2::zeros(shape), n: Array2::zeros(shape), classes: classes.clone() }
    }

    /// Takes each row in its order; answers their mean loss, each before its step.
    fn pass(&mut self, training: &Training<'_>, share: f64) -> Result<f64> {
        let rows = training.rows;
        let (classes, _) = rows.targets.classes()?;
        let at_once = AT_ONCE / self.z.len() + 1;
        let mut present = self.present();
        let (mut sum, mut weight, mut steps) = (0.0, 0.0, 0);
        for ((row, class), own) in rows.iter().zip(classes).zip(rows.weights) {
            if *own > MOST_TIMES {
                return Err(Error::invalid(format!(
                    "a row has weight {own:e} and ftrl_classifier takes a step for each time that it counts, {MOST_TIMES:e} of \
                     them at most; bring the weights nearer to 1"
                )));
            }
            let mut left = *own;
            while left > 0.0 {
                if steps % at_once == 0 {
                    training.progress.report("fitting ftrl_classifier", share)?;
                }
                steps += 1;
                let times = left.min(1.0);
                sum += times * self.step(&mut present, row, *class, times);
                weight += times;
                left -= times;
            }
        }
        match self.z.iter().chain(&self.n).all(|it| it.is_finite()) {
            true => Ok(sum / weight),
            false => Err(overflow()),
        }
    }

    /// One row, this much of it; answers its loss before.
    fn step(&mut self, present: &mut Present, row: &[f64], class: usize, times: f64) -> f64 {
        let (rule, n_features) = (self.rule, row.len());
        let Present { roots, coefficients, slopes } = present;
        for (score, own) in slopes.iter_mut().zip(coefficients.chunks_exact(n_features + 1)) {
            let [sum] = dots([row], &own[..n_features]);
            *score = if rule.fit_intercept { sum + own[n_features] } else { sum };
        }
        let loss = match slopes.as_mut_slice() {
            [one] => loss_of_two_classes(one, class),
            many => loss_of_classes(many, class),
        };
        let (z, n) = (in_rows_mut(&mut self.z), in_rows_mut(&mut self.n));
        let all = [z, n, roots.as_mut_slice(), coefficients.as_mut_slice()];
        let [z, n, roots, coefficients] = all.map(|it| it.chunks_exact_mut(n_features + 1));
        for ((((z, n), roots), coefficients), slope) in z.zip(n).zip(roots).zip(coefficients).zip(&*slopes) {
            let slope = times * slope;
            let columns = z.iter_mut().zip(&mut *n).zip(&mut *roots).zip(&mut *coefficients).zip(row);
            for ((((z, n), root), coefficient), x) in columns {
                rule.take(slope * x, rule.penalties(), [z, n, root, coefficient]);
            }
            if rule.fit_intercept {
                let own = [z, n, roots, coefficients].map(|it| &mut it[n_features]);
                rule.take(slope, OF_INTERCEPT, own);
            }
        }
        loss
    }

    /// What it comes to so far.
    fn present(&self) -> Present {
        let width = self.z.ncols();
        let coefficient = |at: usize| self.coefficient(at / width, at % width);
        Present {
            roots: self.n.iter().map(|n| n.sqrt()).collect(),
            coefficients: (0..self.z.len()).map(coefficient).collect(),
            slopes: vec![0.0; self.z.nrows()],
        }
    }

    fn coefficient(&self, score: usize, column: usize) -> f64 {
        let penalties = if column + 1 == self.z.ncols() { OF_INTERCEPT } else { self.rule.penalties() };
        self.rule.coefficient(self.z[(score, column)], self.n[(score, column)].sqrt(), penalties)
    }
}

/// What `z` and `n` come to. Each step needs it of all columns and changes it of all, so that it is kept.
struct Present {
    /// Of `n`, score by score.
    roots: Vec<f64>,
    coefficients: Vec<f64>,
    /// Of the loss of a row by each score.
    slopes: Vec<f64>,
}

impl Online for Leader {
    fn learn(&mut self, batch: &Training<'_>) -> Result<Option<f64>> {
        self.pass(batch, 0.0).map(Some)
    }

    fn model(&self) -> Result<Box<dyn Model>> {
        let (n_classes, n_features) = (self.classes.len(), self.z.ncols() - 1);
        // The score of the first of two classes is 0.
        let own = |class: usize| if n_classes == 2 { class.checked_sub(1) } else { Some(class) };
        let of = |column: usize, class: usize| own(class).map_or(0.0, |score| self.coefficient(score, column));
        let coefficients = Array2::from_shape_fn((n_features, n_classes), |(column, class)| of(column, class));
        let fit_intercept = self.rule.fit_intercept;
        let intercepts = Array1::from_shape_fn(n_classes, |it| if fit_intercept { of(n_features, it) } else { 0.0 });
        if coefficients.iter().chain(&intercepts).any(|it| !it.is_finite()) {
            return Err(overflow());
        }
        Ok(Box::new(LinearScores::<f64>::new(&coefficients, &intercepts, &self.classes)))
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        vec![("z", self.z.clone().into_dyn()), ("n", self.n.clone().into_dyn())]
    }

    fn copy(&self) -> Box<dyn Online> {
        Box::new(self.clone())
    }
}

fn overflow() -> Error {
    Error::overflow(
        "ftrl_classifier found no finite coefficients because its slopes overflow",
        "scale the columns first, for example with standard_scaler",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Column;
    use crate::error::Code;
    use crate::model::{Kind, Rows, Targets};
    use std::cell::Cell;

    fn learned(weight: f64, progress: &dyn crate::model::Progress) -> Result<f64> {
        let features = Array2::from_shape_fn((4, 1), |(row, _)| row as f64);
        let targets = Targets::read(Kind::Classifier, &Column::integer("y", vec![0, 0, 1, 1])).unwrap();
        let weights = [weight; 4];
        let rows = Rows::new(&features, targets.view(), &weights);
        let (_, classes) = rows.targets.classes()?;
        let parameters = Parameters::check("ftrl_classifier", &FtrlClassifier.parameters(), &Default::default())?;
        let mut leader = Leader::new(Rule::of(&parameters), 1, classes);
        leader.pass(&Training { rows, seed: 7, threads: 1, progress }, 0.0)
    }

    #[test]
    fn a_row_that_counts_for_millions_is_asked_about_more_than_once() {
        let asked = Cell::new(0);
        let count = |_: &str, _: f64| {
            asked.set(asked.get() + 1);
            Ok(())
        };

        learned(1e6, &count).unwrap();

        assert_eq!(asked.get(), 2);
    }

    #[test]
    fn a_row_that_counts_for_more_is_refused() {
        let refused = learned(1e100, &|_: &str, _: f64| Ok(())).unwrap_err();

        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(
            refused.to_string().contains("weight 1e100") && refused.to_string().contains("1e6 of them"),
            "{refused}"
        );
    }
}
