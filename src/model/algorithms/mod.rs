//! The algorithms of this build: a file each, and a line in the catalogue.

use super::Algorithm;

mod decision_tree;
mod discrete_nb;
mod elastic_net;
mod ftrl;
mod gaussian_nb;
mod glm;
mod isotonic_regression;
mod k_means;
mod k_neighbors;
mod lars;
mod linear_regression;
mod logistic_regression;
mod mlp;
mod one_class_svm;
mod pls_regression;
mod random_forest;
mod ridge;
mod standard_scaler;
mod svc;
mod svr;

/// Every algorithm of this build, by name.
pub static ALGORITHMS: &[&dyn Algorithm] = &[
    &discrete_nb::BernoulliNb,
    &decision_tree::DecisionTreeClassifier,
    &decision_tree::DecisionTreeRegressor,
    &elastic_net::ElasticNet,
    &ftrl::FtrlClassifier,
    &glm::GammaRegressor,
    &gaussian_nb::GaussianNb,
    &isotonic_regression::IsotonicRegression,
    &k_means::KMeans,
    &k_neighbors::KNeighborsClassifier,
    &k_neighbors::KNeighborsRegressor,
    &lars::Lars,
    &elastic_net::Lasso,
    &linear_regression::LinearRegression,
    &logistic_regression::LogisticRegression,
    &mlp::MlpClassifier,
    &mlp::MlpRegressor,
    &discrete_nb::MultinomialNb,
    &one_class_svm::OneClassSvm,
    &pls_regression::PlsRegression,
    &glm::PoissonRegressor,
    &random_forest::RandomForestClassifier,
    &random_forest::RandomForestRegressor,
    &ridge::Ridge,
    &standard_scaler::StandardScaler,
    &svc::Svc,
    &svr::Svr,
    &glm::TweedieRegressor,
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
