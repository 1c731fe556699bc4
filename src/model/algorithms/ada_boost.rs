//! Small trees that answer together, each grown on what those before it got wrong.

use crate::error::Result;
use crate::model::arrays::Arrays;
use crate::model::trees::{self, Boost, BoostMeans};
use crate::model::{About, Algorithm, FittedStep, Inputs, Kind, ParameterSpec, Parameters, UnfittedStep};

/// AdaBoost for two or many classes.
#[derive(Clone, Copy, Debug)]
pub(super) struct AdaBoostClassifier;

/// AdaBoost for numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct AdaBoostRegressor;

impl Algorithm for AdaBoostClassifier {
    fn about(&self) -> &'static About {
        &About {
            name: "ada_boost_classifier",
            kind: Kind::Classifier,
            summary: "Lets small trees vote, each of them grown on the rows that those before it got wrong.",
            details: &[
                "Grows a tree on weighted rows; with its share `e` of wrong weight and `K` classes its vote counts `a = \
                 learning_rate (ln((1 - e) / e) + ln(K - 1))`, and the rows that it got wrong weigh `exp(a)` times as \
                 much for the next one (SAMME). It stops after `n_estimators` trees, after a tree without a wrong row, \
                 whose vote counts 1, and before one that is no better than chance; if that is the first one, nothing is \
                 learned. A tree splits by the Gini impurity, as `decision_tree_classifier` does, with its bins.",
                "`f_k(x)` is the mean of the votes by what they count, 1 for the class that a tree answers and `-1 / (K - \
                 1)` for each other. The class of the largest is the answer, and probabilities are `softmax(f(x) / (K - \
                 1))`, as in scikit-learn; they are close to each other and not calibrated.",
                "Y. Freund, R. E. Schapire, \"A decision-theoretic generalization of on-line learning and an application to \
                 boosting\" (1997), doi:10.1006/jcss.1997.1504; J. Zhu, H. Zou, S. Rosset, T. Hastie, \"Multi-class \
                 AdaBoost\" (2009), doi:10.4310/SII.2009.v2.n3.a8.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::integer("n_estimators", 50, (1, 10_000), "Trees at most."),
            ParameterSpec::positive("learning_rate", 1.0, "What the vote of each tree counts is multiplied with."),
            ParameterSpec::integer("max_depth", 1, (1, 64), "Most splits above a leaf of a tree."),
        ]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Boost::new(self.name(), parameters)))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        trees::load_votes(arrays, inputs)
    }
}

impl Algorithm for AdaBoostRegressor {
    fn about(&self) -> &'static About {
        &About {
            name: "ada_boost_regressor",
            kind: Kind::Regressor,
            summary: "Answers the weighted median of small trees, each of them grown on the rows that those before it missed.",
            details: &[
                "Grows a tree on as many rows as there are, drawn by their weights, with replacement; `L_i` is the loss of \
                 row `i`, its miss as a share of the largest one (linear), the square of that (square), or `1 - \
                 exp(-share)` (exponential). With `b = E / (1 - E)` of the mean loss `E`, by weight, the answer of the \
                 tree counts `learning_rate ln(1 / b)`, and each row weighs `b^(learning_rate (1 - L_i))` times as much \
                 for the next one (AdaBoost.R2). It stops after `n_estimators` trees, after one without a miss, and \
                 before one whose mean loss is 1/2 or more, but for the first.",
                "A tree splits as `decision_tree_regressor` does, with its bins. Which rows a tree is grown on depends on \
                 the seed, the number of the tree and the weights.",
                "H. Drucker, \"Improving regressors using boosting techniques\" (ICML 1997).",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let words = &["linear", "square", "exponential"];
        vec![
            ParameterSpec::integer("n_estimators", 50, (1, 10_000), "Trees at most."),
            ParameterSpec::positive("learning_rate", 1.0, "What the answer of each tree counts is multiplied with."),
            ParameterSpec::one_of("loss", words, "How the loss of a row grows with what its tree missed it by."),
            ParameterSpec::integer("max_depth", 3, (1, 64), "Most splits above a leaf of a tree."),
        ]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(BoostMeans::new(self.name(), parameters)))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        trees::load_median(arrays, inputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Column;
    use crate::model::tests::trained;
    use crate::model::{Model, Predictions, Targets};
    use ndarray::{Array2, Axis, array};
    use std::collections::BTreeMap;

    fn fitted(
        features: &Array2<f64>,
        classes: &[i64],
        given: &[(&str, crate::model::Value)],
    ) -> Result<Box<dyn Model>> {
        let given: BTreeMap<_, _> = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let parameters = Parameters::check("ada_boost_classifier", &AdaBoostClassifier.parameters(), &given).unwrap();
        let targets = Targets::read(Kind::Classifier, &Column::integer("y", classes.to_vec())).unwrap();
        let UnfittedStep::Estimator(estimator) = AdaBoostClassifier.unfitted(&parameters) else { unreachable!() };
        trained(features, &targets, |training| estimator.fit(training))
    }

    fn array_of(model: &dyn Model, name: &str) -> Vec<f64> {
        model.arrays().into_iter().find(|(it, _)| *it == name).unwrap().1.into_iter().collect()
    }

    #[test]
    fn a_tree_without_a_wrong_row_is_the_last_one_and_its_vote_counts_one() {
        let model = fitted(&array![[1.0], [2.0], [3.0], [4.0]], &[0, 0, 1, 1], &[]).unwrap();

        let Predictions::Classes { labels, probabilities, .. } = model.predict(array![[0.0], [9.0]].view()) else {
            unreachable!()
        };
        assert_eq!(array_of(&*model, "estimator_weights"), [1.0]);
        assert_eq!(array_of(&*model, "class"), [0.0, 1.0]);
        assert_eq!(labels, [0, 1]);
        // softmax of -1 and 1.
        assert!((probabilities[(1, 1)] - 1.0 / (1.0 + (-2f64).exp())).abs() < 1e-15);
    }

    /// Of rows 0 to 4 the middle one is another: the first tree gets one row wrong, its vote counts ln 4, and so on by hand.
    #[test]
    fn a_vote_counts_by_what_its_tree_got_wrong() {
        let model = fitted(&array![[0.0], [1.0], [2.0], [3.0], [4.0]], &[0, 0, 1, 0, 0], &[]).unwrap();

        let weights = array_of(&*model, "estimator_weights");

        assert!((weights[0] - 4f64.ln()).abs() < 1e-12, "{weights:?}");
        assert!(weights.len() > 2 && weights.iter().all(|weight| *weight > 0.0), "{weights:?}");
        let Predictions::Classes { labels, .. } = model.predict(array![[0.0], [2.0], [4.0]].view()) else {
            unreachable!()
        };
        assert_eq!(labels, [0, 1, 0]);
    }

    #[test]
    fn columns_that_say_nothing_are_refused_with_what_to_do() {
        let refused = fitted(&Array2::ones((4, 1)), &[0, 1, 0, 1], &[]).unwrap_err().to_string();

        assert!(refused.contains("is no better than chance among 2 classes"), "{refused}");
        assert!(refused.contains("raise max_depth (it is 1)"), "{refused}");
    }

    #[test]
    fn votes_that_would_count_without_end_are_refused() {
        let rate = [("learning_rate", crate::model::Value::Number(1e308))];

        let refused = fitted(&array![[0.0], [1.0], [2.0], [3.0], [4.0]], &[0, 0, 1, 0, 0], &rate).unwrap_err();

        assert!(refused.to_string().contains("choose a learning_rate nearer to 1"), "{refused}");
    }

    fn regressor(features: &Array2<f64>, targets: &[f64]) -> Box<dyn Model> {
        let parameters =
            Parameters::check("ada_boost_regressor", &AdaBoostRegressor.parameters(), &BTreeMap::new()).unwrap();
        let UnfittedStep::Estimator(estimator) = AdaBoostRegressor.unfitted(&parameters) else { unreachable!() };
        trained(features, &Targets::Values(targets.to_vec().into()), |training| estimator.fit(training)).unwrap()
    }

    #[test]
    fn equal_targets_are_answered_by_one_tree() {
        let model = regressor(&array![[1.0], [2.0], [3.0]], &[5.0, 5.0, 5.0]);

        let answer = model.predict(array![[0.0], [2.5]].view());

        assert_eq!(array_of(&*model, "estimator_weights"), [1.0]);
        assert_eq!(answer, Predictions::Values(array![5.0, 5.0]));
    }

    #[test]
    fn the_answer_of_trees_is_one_that_half_of_what_they_count_is_for_or_less() {
        let features = Array2::from_shape_fn((40, 1), |(row, _)| row as f64);
        let targets: Vec<f64> = (0..40).map(|row| f64::from(row * row % 17)).collect();
        let model = regressor(&features, &targets);
        let voices = array_of(&*model, "estimator_weights");
        let roots = array_of(&*model, "roots");
        let (nodes, values) = (array_of(&*model, "threshold").len(), array_of(&*model, "value"));
        assert_eq!((values.len() * 2, roots.len()), (nodes + roots.len(), voices.len()));

        let Predictions::Values(answers) = model.predict(features.view()) else { unreachable!() };

        assert!(voices.len() > 1 && answers.iter().all(|answer| values.contains(answer)));
    }

    #[test]
    fn what_counts_for_nothing_is_not_loaded() {
        let model = regressor(&array![[1.0], [2.0], [3.0]], &[5.0, 5.0, 7.0]);
        let inputs = Inputs { n_features: 1, n_targets: 1, classes: None };
        let parameters =
            Parameters::check("ada_boost_regressor", &AdaBoostRegressor.parameters(), &BTreeMap::new()).unwrap();
        for (name, value) in [("estimator_weights", -1.0), ("roots", 1.0), ("feature", 7.0)] {
            let mut arrays = Arrays::default();
            for (own, mut values) in model.arrays() {
                if own == name {
                    values.index_axis_mut(Axis(0), 0).fill(value);
                }
                arrays.insert(own, values).unwrap();
            }

            assert!(AdaBoostRegressor.load(&parameters, &mut arrays, &inputs).is_err(), "{name}");
        }
    }

    #[test]
    fn what_is_no_vote_is_not_loaded() {
        let model = fitted(&array![[1.0], [2.0], [3.0], [4.0]], &[0, 0, 1, 1], &[]).unwrap();
        let classes = crate::data::Labels::Integer(vec![0, 1]);
        let inputs = Inputs { n_features: 1, n_targets: 1, classes: Some(classes.into()) };
        let parameters =
            Parameters::check("ada_boost_classifier", &AdaBoostClassifier.parameters(), &BTreeMap::new()).unwrap();
        for (name, value) in [("class", 2.0), ("estimator_weights", 0.0), ("roots", 1.0), ("left", 0.0)] {
            let mut arrays = Arrays::default();
            for (own, mut values) in model.arrays() {
                if own == name {
                    values.index_axis_mut(Axis(0), 0).fill(value);
                }
                arrays.insert(own, values).unwrap();
            }

            assert!(AdaBoostClassifier.load(&parameters, &mut arrays, &inputs).is_err(), "{name}");
        }
    }
}
