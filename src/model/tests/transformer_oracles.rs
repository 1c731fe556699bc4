//! Transformers against scikit-learn (`tests/fixtures/make_transformer_oracles.py`), see `oracles`.

use super::oracles::assert_cases;

#[test]
fn principal_components_agree_with_scikit_learn() {
    assert_cases("pca");
}

/// With the same factors.
#[test]
fn random_projections_agree_with_scikit_learn() {
    assert_cases("gaussian_random_projection");
    assert_cases("sparse_random_projection");
}

/// From the same first directions.
#[test]
fn independent_components_agree_with_scikit_learn() {
    assert_cases("fast_ica");
}

#[test]
fn scalers_agree_with_scikit_learn() {
    for name in ["min_max_scaler", "max_abs_scaler", "robust_scaler", "normalizer"] {
        assert_cases(name);
    }
}
