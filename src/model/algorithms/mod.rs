//! The algorithms of this build: a file each, and a line in the catalogue.

use super::Algorithm;

mod k_means;
mod linear_regression;
mod logistic_regression;
mod standard_scaler;

/// Every algorithm of this build, by name.
pub static ALGORITHMS: &[&dyn Algorithm] = &[
    &k_means::KMeans,
    &linear_regression::LinearRegression,
    &logistic_regression::LogisticRegression,
    &standard_scaler::StandardScaler,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, Parameters, UnfittedStep};
    use std::collections::BTreeMap;

    #[test]
    fn every_algorithm_accepts_its_own_defaults() {
        for algorithm in ALGORITHMS {
            let checked = Parameters::check(algorithm.name(), &algorithm.parameters(), &BTreeMap::new());

            let built = algorithm.unfitted(&checked.unwrap());

            assert_eq!(matches!(built, UnfittedStep::Transformer(_)), algorithm.kind() == Kind::Transformer);
        }
    }

    #[test]
    fn the_catalogue_is_sorted_and_without_duplicates() {
        let names: Vec<&str> = ALGORITHMS.iter().map(|algorithm| algorithm.name()).collect();

        assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
    }
}
