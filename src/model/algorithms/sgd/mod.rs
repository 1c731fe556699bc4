//! Linear models that learn row by row: stochastic gradient descent.

mod descent;
mod loss;
mod online;
mod scores;

#[cfg(test)]
mod tests;

use self::descent::{Rule, Scorer};
use self::loss::Loss;
use self::online::OnlineSgd;
use self::scores::Learned;
use crate::data::Labels;
use crate::error::Result;
use crate::model::arrays::Arrays;
use crate::model::bounds::bytes_of_rows;
use crate::model::class_weights;
use crate::model::crew::share_out;
use crate::model::linear_model::Link;
use crate::model::precision::Precision;
use crate::model::{
    About, Algorithm, Estimator, FittedStep, Inputs, Kind, Model, OnlineAlgorithm, ParameterSpec, Parameters, Range,
    TargetView, Training, UnfittedStep, Value,
};
use ndarray::{Array1, Array2};
use std::borrow::Cow;
use std::sync::Arc;

const REGRESSOR: &str = "sgd_regressor";
const CLASSIFIER: &str = "sgd_classifier";

/// A linear regression that learns row by row.
#[derive(Clone, Copy, Debug)]
pub(super) struct SgdRegressor;

/// Linear classifiers that learn row by row, one for each class against the rest.
#[derive(Clone, Copy, Debug)]
pub(super) struct SgdClassifier;

const STEPS: &str = "Takes a step for each row, in another order in each pass: of the score `s = w x + b` of a row with target `y` and \
                     learning rate `eta`, `w <- (1 - eta alpha_2) w - eta L'(y, s) x` and `b <- b - eta L'(y, s)`, and each \
                     coefficient then comes nearer to 0 by what of `alpha_1 sum eta` it has not been given yet. `alpha_1` and \
                     `alpha_2` are `alpha` times the shares of `penalty`. A weight of a row multiplies its step, as in \
                     scikit-learn; two rows are two steps.";
const ENDS: &str = "Passes end after `max_iter`, or when the mean loss with its penalty was not better than the best one by `tol` \
                    `n_iter_no_change` times in a row; an adaptive learning rate is divided by 5 then, down to 1e-6. A batch of \
                    `partial_fit` is one pass from `eta0`. Steps, rules and defaults are those of scikit-learn, and so are coefficients \
                    where `shuffle` is false. `average` answers by the mean of the coefficients as each step left them, before the \
                    penalty on absolute values took its part; with that penalty scikit-learn's mean is another one, since what was taken \
                    counts there as if it had been so from the first step on. Scale the columns first, for example with `standard_scaler`.";
const SOURCES: &str = "L. Bottou, \"Large-scale machine learning with stochastic gradient descent\" (2010), \
                       doi:10.1007/978-3-7908-2604-3_16; Y. Tsuruoka, J. Tsujii, S. Ananiadou, \"Stochastic gradient descent \
                       training for L1-regularized log-linear models with cumulative penalty\" (2009).";

impl Algorithm for SgdRegressor {
    fn about(&self) -> &'static About {
        &About {
            name: REGRESSOR,
            kind: Kind::Regressor,
            summary: "Linear regression that learns row by row, by one of several losses and penalties.",
            details: &[
                "`squared_error` is `(s - y)^2 / 2`; `huber` the same up to a difference of `epsilon` and linear beyond; \
                 `epsilon_insensitive` is `max(0, |s - y| - epsilon)`, and `squared_epsilon_insensitive` its square.",
                STEPS,
                ENDS,
                SOURCES,
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let epsilon =
            "Differences that are small, in the unit of the targets; of the losses whose names tell, and huber.";
        let mut parameters = parameters(Loss::of_numbers(), RATES_OF_NUMBERS, 0.25);
        parameters.extend([ParameterSpec::not_negative("epsilon", 0.1, epsilon), Precision::parameter()]);
        parameters
    }

    fn online(&self) -> Option<&'static dyn OnlineAlgorithm> {
        Some(&OnlineSgd { name: REGRESSOR })
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Descent::of(REGRESSOR, parameters)))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        Link::Identity.load(REGRESSOR, parameters, arrays, inputs)
    }
}

impl Algorithm for SgdClassifier {
    fn about(&self) -> &'static About {
        &About {
            name: CLASSIFIER,
            kind: Kind::Classifier,
            summary: "Linear classifiers that learn row by row, by one of several losses and penalties.",
            details: &[
                "Two classes have one score, whose sign decides; the second one is the target 1 and the first one -1. Of more \
                 classes each has a score against the rest, and the largest decides. With `z = y s`, `hinge` is `max(0, 1 - z)`, a \
                 linear support vector machine; `perceptron` is `max(0, -z)`; `squared_hinge` is `max(0, 1 - z)^2`; `modified_huber` \
                 the same down to `z = -1`, and `-4 z` below; `log_loss` is `ln(1 + exp(-z))`.",
                "Probabilities are those of scikit-learn: `1 / (1 + exp(-s))` for `log_loss`, `(min(max(s, -1), 1) + 1) / 2` for \
                 `modified_huber`, of more than two classes divided by their sum. For the other losses, where scikit-learn has none, \
                 they are made as for `log_loss` and not calibrated; a step `platt_calibration` behind it does that.",
                STEPS,
                ENDS,
                SOURCES,
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let mut parameters = parameters(Loss::of_classes(), RATES_OF_CLASSES, 0.5);
        parameters.extend([class_weights::parameter(), Precision::parameter()]);
        parameters
    }

    fn online(&self) -> Option<&'static dyn OnlineAlgorithm> {
        Some(&OnlineSgd { name: CLASSIFIER })
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Descent::of(CLASSIFIER, parameters)))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        Ok(FittedStep::Model(Learned::read(arrays, inputs)?.model(CLASSIFIER, parameters)?))
    }
}

const RATES_OF_NUMBERS: &[&str] = &["invscaling", "constant", "optimal", "adaptive"];
const RATES_OF_CLASSES: &[&str] = &["optimal", "constant", "invscaling", "adaptive"];

/// Those that both have.
fn parameters(loss: ParameterSpec, rates: &'static [&'static str], power_t: f64) -> Vec<ParameterSpec> {
    let rate = "How far a step goes: eta0; eta0 / t^power_t; 1 / (alpha (t + t0)) with a t0 of L. Bottou's; or eta0, divided by 5 \
                when passes make it no better.";
    let average = "Answer by the mean of the coefficients after each step: of all steps (true or 1), or from the step of this number on (10 \
                   leaves out the first 9). false or 0: by the coefficients after the last step.";
    vec![
        loss,
        ParameterSpec::one_of(
            "penalty",
            &["l2", "l1", "elasticnet", "none"],
            "On squares, absolute values, both or neither.",
        ),
        ParameterSpec::not_negative(
            "alpha",
            1e-4,
            "Strength of the penalty; the learning rate \"optimal\" depends on it too.",
        ),
        ParameterSpec::number("l1_ratio", 0.15, (0.0, 1.0), "Share of elasticnet that is on absolute values."),
        ParameterSpec::flag("fit_intercept", true, "Learn an intercept; otherwise it is 0."),
        ParameterSpec::integer(
            "max_iter",
            1_000,
            (1, 1_000_000),
            "Passes over the rows of a fit at most; a batch is one pass.",
        ),
        ParameterSpec::not_negative("tol", 1e-3, "By how much a pass has to be better than the best one so far."),
        ParameterSpec::integer("n_iter_no_change", 5, (1, 1_000_000), "So many passes in a row may not be better."),
        ParameterSpec::flag("shuffle", true, "Take rows in another order in each pass, which the seed decides."),
        ParameterSpec::one_of("learning_rate", rates, rate),
        ParameterSpec::positive("eta0", 0.01, "The learning rate of the first step; optimal has its own."),
        ParameterSpec::number("power_t", power_t, (0.0, 100.0), "How fast invscaling falls."),
        ParameterSpec { name: "average", default: Value::Flag(false), range: AVERAGE, meaning: average },
    ]
}

const AVERAGE: Range = Range::AnyOf(&[Range::Flag, Range::Integer(0, 1 << 53)]);

/// The step from which coefficients are averaged, from 1.
fn average(parameters: &Parameters) -> Option<f64> {
    match parameters.values().get("average") {
        Some(Value::Flag(true)) => Some(1.0),
        Some(Value::Integer(from)) if *from > 0 => Some(*from as f64),
        _ => None,
    }
}

#[derive(Debug)]
struct Descent {
    rule: Rule,
    parameters: Parameters,
}

impl Descent {
    fn of(name: &'static str, parameters: &Parameters) -> Self {
        Self { rule: Rule::of(name, name == REGRESSOR, parameters), parameters: parameters.clone() }
    }

    /// How far the fit of one score is.
    fn tell(&self, training: &Training<'_>, pass: usize, objective: Option<f64>) -> Result<()> {
        let found = objective.map_or_else(String::new, |it| format!(", objective {it:.6e}"));
        let message = format!("fitting {}, pass {}{found}", self.rule.name, pass + 1);
        training.progress.report(&message, pass as f64 / self.rule.max_iter as f64)
    }
}

impl Estimator for Descent {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        self.rule.check()?;
        let rows = training.rows;
        let scores = Scores::of(rows.targets)?;
        let seed = training.seed;
        let learn = |score: usize, ask: &dyn Fn(usize, Option<f64>) -> Result<()>| {
            self.rule.run(rows, &scores.targets(score), seed, ask)
        };
        let scorers = if scores.len() == 1 {
            vec![learn(0, &|pass, objective| self.tell(training, pass, objective))?]
        } else {
            let report = |done: usize| {
                let message = format!("fitting {}, {done} of {} classes", self.rule.name, scores.len());
                training.progress.report(&message, done as f64 / scores.len() as f64)
            };
            let at_once = training.threads.min(scores.len());
            let bytes = bytes_of_rows(rows.len() as u64, 2 * at_once);
            training.check_memory(
                self.rule.name,
                "targets and orders of rows of classes that are learned at once",
                bytes,
            )?;
            share_out(scores.len(), training.threads, &report, |score, ask| learn(score, &|_, _| ask()))?
        };
        model(self.rule.name, &self.parameters, &scorers, rows.targets.classes().ok().map(|(_, labels)| labels))
    }
}

/// What is to be learned of each row, for each score.
enum Scores<'a> {
    Numbers(&'a [f64]),
    /// Two classes have one score, more have one each.
    Classes {
        indices: &'a [usize],
        count: usize,
    },
}

impl<'a> Scores<'a> {
    fn of(targets: TargetView<'a>) -> Result<Self> {
        if let TargetView::Values(values) = targets {
            return Ok(Self::Numbers(values));
        }
        let (indices, labels) = targets.classes()?;
        Ok(Self::Classes { indices, count: labels.len() })
    }

    fn len(&self) -> usize {
        match self {
            Self::Numbers(_) => 1,
            Self::Classes { count, .. } => n_scores(*count),
        }
    }

    fn targets(&self, score: usize) -> Cow<'a, [f64]> {
        match self {
            Self::Numbers(values) => (*values).into(),
            Self::Classes { indices, count } => {
                let class = if *count == 2 { 1 } else { score };
                indices.iter().map(|it| if *it == class { 1.0 } else { -1.0 }).collect::<Vec<f64>>().into()
            }
        }
    }
}

fn n_scores(n_classes: usize) -> usize {
    if n_classes == 2 { 1 } else { n_classes }
}

/// What answers by what was learned.
///
/// # Errors
/// [`Error::InvalidArgument`](crate::error::Error::InvalidArgument) if a number is outside the range of the precision.
fn model(
    name: &'static str,
    parameters: &Parameters,
    scorers: &[Scorer],
    classes: Option<&Arc<Labels>>,
) -> Result<Box<dyn Model>> {
    let n_features = scorers.first().map_or(0, |it| it.coefficients.len());
    let answers: Vec<(&[f64], f64)> = scorers.iter().map(Scorer::answers).collect();
    let coefficients = Array2::from_shape_fn((n_features, answers.len()), |(column, score)| answers[score].0[column]);
    let intercepts: Array1<f64> = answers.iter().map(|(_, intercept)| *intercept).collect();
    match classes {
        Some(classes) => Learned { coefficients, intercepts, classes: classes.clone() }.model(name, parameters),
        None => {
            Link::Identity.model(name, Precision::of(parameters), &coefficients.column(0).to_owned(), intercepts[0])
        }
    }
}
