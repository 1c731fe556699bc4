//! Transformers against scikit-learn (`tests/fixtures/make_transformer_oracles.py`), see `oracles`.

use super::oracles::assert_cases;

#[test]
fn principal_components_agree_with_scikit_learn() {
    assert_cases("pca");
}

/// From the same first directions.
#[test]
fn independent_components_agree_with_scikit_learn() {
    assert_cases("fast_ica");
}
