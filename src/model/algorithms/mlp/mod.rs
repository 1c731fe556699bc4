//! Networks of layers, for numbers and for classes.

mod activation;
mod network;

mod loss;

mod epochs;
mod optimizer;

mod fit;
mod online;
mod trained;

#[cfg(test)]
mod tests;

use self::activation::Activation;
use self::fit::Mlp;
use self::network::{MOST_LAYERS, MOST_UNITS};
use self::online::OnlineMlp;
use crate::error::Result;
use crate::model::arrays::Arrays;
use crate::model::precision::Precision;
use crate::model::{
    About, Algorithm, FittedStep, Inputs, Kind, OnlineAlgorithm, ParameterSpec, Parameters, UnfittedStep,
};

/// How both learn.
const SOLVERS: &str = "`|w|^2` is over coefficients, intercepts are free, and `N` is the sum of the weights `w_i` of \
     rows, or of those of a mini-batch. `lbfgs` takes all rows in each step and ends where the norm of the gradient \
     is below `tol`, `sgd` and `adam` take mini-batches, and end where `n_iter_no_change` epochs in a row are not \
     better by `tol` than the best one before, by loss, or by score on the rows that `early_stopping` holds out, \
     whose best weights are then kept.";
const DIFFERENCES: &str = "First weights, the order of rows in each epoch and the rows that are held out come from \
     the seed by Philox4x32-10; from the same ones, mini-batch for mini-batch, the weights are scikit-learn's. \
     Unlike there, rows are held out without regard to their classes, and probabilities that come near 0 are not \
     clipped before their logarithm. Mini-batches count rows and not their weights: where all rows are in one, a row \
     of weight 2 is the row twice.";
const ONLINE: &str = "Batch by batch (`partial_fit`), each batch is one epoch of `sgd` or `adam`: what the solver remembers \
     lasts from batch to batch. `max_iter` and `early_stopping` have no meaning there.";
const SIZE: &str = "Scale the columns first, for example with `standard_scaler`, and take a unit in which targets \
     are around 1. A network has at most 500,000 weights. Train larger ones elsewhere.";
const SOURCE: &str = "D. E. Rumelhart, G. E. Hinton, R. J. Williams, \"Learning representations by back-propagating \
     errors\" (1986), doi:10.1038/323533a0; D. P. Kingma, J. Ba, \"Adam: a method for stochastic optimization\" \
     (2015), arXiv:1412.6980; X. Glorot, Y. Bengio, \"Understanding the difficulty of training deep feedforward \
     neural networks\" (2010).";

/// A network that predicts a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct MlpRegressor;

/// A network that predicts one of two or many classes.
#[derive(Clone, Copy, Debug)]
pub(super) struct MlpClassifier;

impl Algorithm for MlpRegressor {
    fn about(&self) -> &'static About {
        &About {
            name: "mlp_regressor",
            kind: Kind::Regressor,
            summary: "A neural network for numbers: layers of units, each a bent sum of all units before.",
            details: &[
                "The units of each hidden layer are `activation(inputs . w + b)`, the answer is `inputs . w + b` of the \
                 last one. Minimises `sum_i w_i (f(x_i) - y_i)^2 / 2N + alpha |w|^2 / 2N` by back-propagation.",
                SOLVERS,
                DIFFERENCES,
                ONLINE,
                SIZE,
                SOURCE,
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        parameters()
    }

    fn online(&self) -> Option<&'static dyn OnlineAlgorithm> {
        Some(&OnlineMlp("mlp_regressor"))
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Mlp::new(self.name(), parameters)))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        fit::load(parameters, arrays, inputs.n_features, None)
    }
}

impl Algorithm for MlpClassifier {
    fn about(&self) -> &'static About {
        &About {
            name: "mlp_classifier",
            kind: Kind::Classifier,
            summary: "A neural network for two or many classes: layers of units, each a bent sum of all units before.",
            details: &[
                "`mlp_regressor` for classes: the last layer answers the log-odds of the second of two classes, or a \
                 score for each, and probabilities are their logistic function or softmax. Minimises `-sum_i w_i \
                 ln p(y_i | x_i) / N + alpha |w|^2 / 2N`.",
                SOLVERS,
                DIFFERENCES,
                ONLINE,
                SIZE,
                SOURCE,
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        parameters()
    }

    fn online(&self) -> Option<&'static dyn OnlineAlgorithm> {
        Some(&OnlineMlp("mlp_classifier"))
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Mlp::new(self.name(), parameters)))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        fit::load(parameters, arrays, inputs.n_features, Some(inputs.classes()?.clone()))
    }
}

/// Both have the same.
fn parameters() -> Vec<ParameterSpec> {
    let most = i64::from(u32::MAX);
    let sizes = "Units of each hidden layer; none: a linear model.";
    vec![
        ParameterSpec::integers("hidden_layer_sizes", &[100], MOST_LAYERS, (1, MOST_UNITS), sizes),
        ParameterSpec::one_of("activation", Activation::NAMES, "What hidden units make of the sum of their inputs."),
        ParameterSpec::one_of("solver", &["adam", "sgd", "lbfgs"], "How weights are found."),
        ParameterSpec::not_negative("alpha", 1e-4, "Strength of the penalty on squares of coefficients."),
        ParameterSpec::integer("batch_size", 0, (0, most), "Rows of a mini-batch (sgd, adam); 0 is 200, or all."),
        ParameterSpec::one_of(
            "learning_rate",
            &["constant", "invscaling", "adaptive"],
            "Of sgd: constant, divided by `t^power_t`, or by 5 where it leads no further.",
        ),
        ParameterSpec::positive("learning_rate_init", 1e-3, "The first learning rate (sgd, adam)."),
        ParameterSpec::not_negative("power_t", 0.5, "Of invscaling; `t` is the number of rows seen so far, and 1."),
        ParameterSpec::integer("max_iter", 200, (1, 100_000), "Most epochs, or steps of lbfgs."),
        ParameterSpec::flag("shuffle", true, "Rows in another order in each epoch (sgd, adam)."),
        ParameterSpec::not_negative(
            "tol",
            1e-4,
            "What an epoch has to be better by; for lbfgs the norm of the gradient.",
        ),
        ParameterSpec::number("momentum", 0.9, (0.0, 1.0), "The share of the last step in the next one (sgd)."),
        ParameterSpec::flag("nesterovs_momentum", true, "Nesterov's momentum, and not the classical one (sgd)."),
        ParameterSpec::flag("early_stopping", false, "Judge epochs by rows that are held out (sgd, adam)."),
        ParameterSpec::number(
            "validation_fraction",
            0.1,
            (0.0, 1.0),
            "The share of rows that early_stopping holds out.",
        ),
        ParameterSpec::number("beta_1", 0.9, (0.0, 0.999_999), "How much of the mean of slopes lasts (adam)."),
        ParameterSpec::number("beta_2", 0.999, (0.0, 0.999_999), "How much of the mean of their squares lasts (adam)."),
        ParameterSpec::positive("epsilon", 1e-8, "Added to what slopes are divided by (adam)."),
        ParameterSpec::integer("n_iter_no_change", 10, (1, 100_000), "Epochs in a row that may be no better."),
        Precision::parameter(),
    ]
}
