//! The algorithms of this build: a file each, and a line in the catalogue.

use super::Algorithm;

mod ada_boost;
mod agglomerative_clustering;
mod components;
mod dbscan;
mod decision_tree;
mod diffusion_map;
mod discrete_nb;
mod elastic_net;
mod fast_ica;
mod ftrl;
mod gaussian_mixture;
mod gaussian_nb;
mod glm;
mod isotonic_regression;
mod k_means;
mod k_neighbors;
mod lars;
mod linear_regression;
mod logistic_regression;
mod max_abs_scaler;
mod min_max_scaler;
mod mlp;
mod multi_task;
mod normalizer;
mod one_class_svm;
mod optics;
mod pca;
mod platt_calibration;
mod pls_regression;
mod random_forest;
mod random_projection;
mod ridge;
mod robust_scaler;
mod sgd;
mod standard_scaler;
mod svc;
mod svr;
mod tsne;

/// Every algorithm of this build, by name.
pub static ALGORITHMS: &[&dyn Algorithm] = &[
    &ada_boost::AdaBoostClassifier,
    &ada_boost::AdaBoostRegressor,
    &agglomerative_clustering::AgglomerativeClustering,
    &discrete_nb::BernoulliNb,
    &dbscan::Dbscan,
    &decision_tree::DecisionTreeClassifier,
    &decision_tree::DecisionTreeRegressor,
    &diffusion_map::DiffusionMap,
    &elastic_net::ElasticNet,
    &fast_ica::FastIca,
    &ftrl::FtrlClassifier,
    &glm::GammaRegressor,
    &gaussian_mixture::GaussianMixture,
    &gaussian_nb::GaussianNb,
    &random_projection::GaussianRandomProjection,
    &isotonic_regression::IsotonicRegression,
    &k_means::KMeans,
    &k_neighbors::KNeighborsClassifier,
    &k_neighbors::KNeighborsRegressor,
    &lars::Lars,
    &elastic_net::Lasso,
    &linear_regression::LinearRegression,
    &logistic_regression::LogisticRegression,
    &max_abs_scaler::MaxAbsScaler,
    &min_max_scaler::MinMaxScaler,
    &k_means::MiniBatchKMeans,
    &mlp::MlpClassifier,
    &mlp::MlpRegressor,
    &multi_task::MultiTaskElasticNet,
    &multi_task::MultiTaskLasso,
    &discrete_nb::MultinomialNb,
    &normalizer::Normalizer,
    &one_class_svm::OneClassSvm,
    &optics::Optics,
    &pca::Pca,
    &platt_calibration::PlattCalibration,
    &pls_regression::PlsRegression,
    &glm::PoissonRegressor,
    &random_forest::RandomForestClassifier,
    &random_forest::RandomForestRegressor,
    &ridge::Ridge,
    &robust_scaler::RobustScaler,
    &sgd::SgdClassifier,
    &sgd::SgdRegressor,
    &random_projection::SparseRandomProjection,
    &standard_scaler::StandardScaler,
    &svc::Svc,
    &svr::Svr,
    &tsne::Tsne,
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

            let transforms = algorithm.kind() == Kind::Transformer && !algorithm.is_transductive();
            assert_eq!(matches!(built, UnfittedStep::Transformer(_)), transforms);
            assert_eq!(matches!(built, UnfittedStep::Transductive(_)), algorithm.is_transductive());
            assert_eq!(matches!(built, UnfittedStep::Calibrator(_)), algorithm.kind() == Kind::Calibrator);
        }
    }

    #[test]
    fn the_catalogue_is_sorted_and_without_duplicates() {
        let names: Vec<&str> = ALGORITHMS.iter().map(|algorithm| algorithm.name()).collect();

        assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
    }
}
