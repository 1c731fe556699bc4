//! Neural networks against scikit-learn's, which begin with the same weights and see rows in the same order; see `oracles`.

use super::oracles::assert_cases;

#[test]
fn networks_take_the_same_way_as_those_of_scikit_learn() {
    ["mlp_regressor", "mlp_classifier"].into_iter().for_each(assert_cases);
}
