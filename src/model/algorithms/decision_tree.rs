//! Questions about one column at a time, each answered by yes or no.

use crate::error::Result;
use crate::model::arrays::Arrays;
use crate::model::class_weights;
use crate::model::trees::{self, Forest, Size};
use crate::model::{About, Algorithm, FittedStep, Inputs, Kind, ParameterSpec, Parameters, UnfittedStep};

/// A tree whose leaves answer the shares of classes.
#[derive(Clone, Copy, Debug)]
pub(super) struct DecisionTreeClassifier;

/// A tree whose leaves answer means.
#[derive(Clone, Copy, Debug)]
pub(super) struct DecisionTreeRegressor;

impl Algorithm for DecisionTreeClassifier {
    fn about(&self) -> &'static About {
        &About {
            name: "decision_tree_classifier",
            kind: Kind::Classifier,
            summary: "Splits rows at thresholds of single columns until each group is of one class.",
            details: &[
                "Parts the rows in two, again and again, at the column and threshold that makes the impurity `I` of \
                 both sides smallest, `(n_left I(left) + n_right I(right)) / n`, until a node is pure or a limit is \
                 reached. `I` is `1 - sum_k p_k^2` (gini) or `-sum_k p_k ln p_k` (entropy, log_loss) of the shares \
                 `p_k` of classes. A leaf answers the shares of the classes among its rows. Rows with a value up to \
                 the threshold go left.",
                "Unlike in scikit-learn, a column of more than 256 distinct values is split between 256 bins of about \
                 equal weight only, values are f64 and not f32, and of equally good splits that of the first column \
                 counts, there the lowest threshold, where scikit-learn draws lots.",
                "L. Breiman, J. Friedman, R. Olshen, C. Stone, \"Classification and regression trees\" (1984); bins: \
                 S. Ranka, V. Singh, \"CLOUDS: a decision tree classifier for large datasets\" (1998); sums over them: \
                 G. Ke and others, \"LightGBM: a highly efficient gradient boosting decision tree\" (2017).",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let growth = trees::growth(&["all", "sqrt", "log2"]);
        [trees::purity()].into_iter().chain(growth).chain([class_weights::parameter()]).collect()
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Forest::new(self.name(), self.kind(), Size::Tree, parameters)))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        trees::load(self.kind(), Size::Tree, arrays, inputs)
    }
}

impl Algorithm for DecisionTreeRegressor {
    fn about(&self) -> &'static About {
        &About {
            name: "decision_tree_regressor",
            kind: Kind::Regressor,
            summary: "Splits rows at thresholds of single columns until the targets of each group are equal.",
            details: &[
                "`decision_tree_classifier` for numbers: a split makes `sum (y - mean)^2` smallest, each side with its \
                 own mean, and a leaf answers the mean of its rows.",
                "A node is a leaf where all targets are equal; scikit-learn makes one also of those that differ by \
                 less than about 1e-8. So that sums are the same in any order, splits are chosen by targets rounded to \
                 about 2^-61 of their range in the node, times the number of rows; what a leaf answers is not rounded.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        [trees::squares()].into_iter().chain(trees::growth(&["all", "sqrt", "log2"])).collect()
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Forest::new(self.name(), self.kind(), Size::Tree, parameters)))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        trees::load(self.kind(), Size::Tree, arrays, inputs)
    }
}
