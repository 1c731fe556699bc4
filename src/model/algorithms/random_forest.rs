//! Many trees, each grown on its own sample, whose mean errs less than any of them.

use crate::error::Result;
use crate::model::arrays::Arrays;
use crate::model::class_weights;
use crate::model::trees::{self, Forest, Size};
use crate::model::{About, Algorithm, FittedStep, Inputs, Kind, ParameterSpec, Parameters, UnfittedStep};

/// The mean of many classification trees.
#[derive(Clone, Copy, Debug)]
pub(super) struct RandomForestClassifier;

/// The mean of many regression trees.
#[derive(Clone, Copy, Debug)]
pub(super) struct RandomForestRegressor;

impl Algorithm for RandomForestClassifier {
    fn about(&self) -> &'static About {
        &About {
            name: "random_forest_classifier",
            kind: Kind::Classifier,
            summary: "The mean of many trees, each grown on a sample of rows and choosing from a sample of columns.",
            details: &[
                "The mean of what `n_estimators` trees answer, each a `decision_tree_classifier` of a bootstrap sample \
                 whose nodes look at some columns, drawn by chance. The class is that of the largest mean share.",
                "What chance decides in a tree depends on the seed and the number of the tree alone, by Philox4x32-10, \
                 so that any number of threads grows the same forest. Rows are drawn in proportion to their weights, \
                 as many as these sum to, but no fewer than there are rows and no more than 16 times as many. It \
                 differs from scikit-learn as its trees do.",
                "L. Breiman, \"Random forests\" (2001), doi:10.1023/A:1010933404324.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let own = [trees::purity()].into_iter().chain(trees::growth(&["sqrt", "log2", "all"]));
        trees::crowd().into_iter().chain(own).chain([class_weights::parameter()]).collect()
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Forest::new(self.name(), self.kind(), Size::Forest, parameters)))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        trees::load(self.kind(), Size::Forest, arrays, inputs)
    }
}

impl Algorithm for RandomForestRegressor {
    fn about(&self) -> &'static About {
        &About {
            name: "random_forest_regressor",
            kind: Kind::Regressor,
            summary: "The mean of many regression trees, each grown on a sample of rows.",
            details: &[
                "`random_forest_classifier` for numbers: the mean of what as many trees answer, each a \
                 `decision_tree_regressor` of a bootstrap sample. Nodes look at all columns unless `max_features` says \
                 otherwise.",
                "L. Breiman, \"Random forests\" (2001), doi:10.1023/A:1010933404324.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let own = [trees::squares()].into_iter().chain(trees::growth(&["all", "sqrt", "log2"]));
        trees::crowd().into_iter().chain(own).collect()
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Forest::new(self.name(), self.kind(), Size::Forest, parameters)))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        trees::load(self.kind(), Size::Forest, arrays, inputs)
    }
}
