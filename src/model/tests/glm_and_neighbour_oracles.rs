//! Generalized linear models and nearest neighbours against scikit-learn, see `oracles`.

use super::oracles::assert_cases;

#[test]
fn generalized_linear_models_agree_with_scikit_learn() {
    ["poisson_regressor", "gamma_regressor", "tweedie_regressor"].into_iter().for_each(assert_cases);
}

#[test]
fn nearest_neighbours_agree_with_scikit_learn() {
    ["k_neighbors_classifier", "k_neighbors_regressor"].into_iter().for_each(assert_cases);
}
