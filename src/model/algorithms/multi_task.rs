//! Least squares of several targets that agree on the columns which matter.

use super::elastic_net;
use crate::error::Result;
use crate::model::arrays::Arrays;
use crate::model::linear_columns;
use crate::model::numerics::block_coordinate_descent;
use crate::model::{About, Algorithm, FittedStep, Inputs, Kind, ParameterSpec, Parameters, UnfittedStep};

/// Least squares of several targets with a penalty that takes a column for all of them, or for none.
#[derive(Clone, Copy, Debug)]
pub(super) struct MultiTaskElasticNet;

/// Least squares of several targets with a penalty on the lengths of rows of coefficients alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct MultiTaskLasso;

impl Algorithm for MultiTaskElasticNet {
    fn about(&self) -> &'static About {
        &About {
            name: "multi_task_elastic_net",
            kind: Kind::Regressor,
            summary: "Least squares of several targets with penalties that take a column for all of them, or for none.",
            details: &[
                "Finds the coefficients `W`, a row for each column and a column for each target, and intercepts `b` that minimise \
                 `|Y - XW - b|^2 / (2 n) + alpha l1_ratio sum_j |W_j| + alpha (1 - l1_ratio) |W|^2 / 2`, where `|W_j|` is the \
                 root of the sum of squares of row `j`; the intercepts are free. Targets of different units want to be scaled \
                 first: all are measured by one sum. Of one target it is `elastic_net`.",
                "G. Obozinski, B. Taskar, M. I. Jordan, \"Joint covariate selection and joint subspace selection for multiple \
                 classification problems\" (2010), doi:10.1007/s11222-008-9111-x.",
            ],
        }
    }

    fn takes_several_targets(&self) -> bool {
        true
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let meaning = "Share of the penalty that is on lengths of rows of coefficients; the rest is on squares.";
        let [alpha, rest @ ..] = elastic_net::parameters();
        [alpha, ParameterSpec::number("l1_ratio", 0.5, (0.0, 1.0), meaning)].into_iter().chain(rest).collect()
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        unfitted(self.name(), parameters, parameters.number("l1_ratio"))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        linear_columns::load(self.name(), parameters, arrays, inputs)
    }
}

impl Algorithm for MultiTaskLasso {
    fn about(&self) -> &'static About {
        &About {
            name: "multi_task_lasso",
            kind: Kind::Regressor,
            summary: "Least squares of several targets with a penalty that makes the coefficients of a column 0 for all of them.",
            details: &[
                "`multi_task_elastic_net` with an `l1_ratio` of 1. Of one target it is `lasso`.",
                "M. Yuan, Y. Lin, \"Model selection and estimation in regression with grouped variables\" (2006), \
                 doi:10.1111/j.1467-9868.2005.00532.x.",
            ],
        }
    }

    fn takes_several_targets(&self) -> bool {
        true
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        elastic_net::parameters().into()
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        unfitted(self.name(), parameters, 1.0)
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        linear_columns::load(self.name(), parameters, arrays, inputs)
    }
}

fn unfitted(algorithm: &'static str, parameters: &Parameters, l1_ratio: f64) -> UnfittedStep {
    elastic_net::unfitted(algorithm, parameters, l1_ratio, |rows, penalty, ask| {
        block_coordinate_descent(rows, penalty, |pass| ask(pass as f64 / penalty.max_iter as f64))
    })
}
