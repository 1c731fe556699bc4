//! The hyper-parameters that all trees have.

use crate::model::{ParameterSpec, Parameters};

/// Of a forest.
pub(in crate::model) fn crowd() -> [ParameterSpec; 2] {
    let meaning = "Grow each tree on a sample of rows, drawn with replacement; otherwise on all rows.";
    [
        ParameterSpec::integer("n_estimators", 100, (1, 10_000), "Trees."),
        ParameterSpec::flag("bootstrap", true, meaning),
    ]
}

/// The criterion of regressors.
pub(in crate::model) fn squares() -> ParameterSpec {
    let meaning = "What a split makes smaller: the squares of differences from the mean.";
    ParameterSpec::one_of("criterion", &["squared_error"], meaning)
}

/// The criterion of classifiers; scikit-learn has two words for one of them.
pub(in crate::model) fn purity() -> ParameterSpec {
    let meaning = "What a split makes smaller: the Gini impurity, or the entropy, which log_loss is another word for.";
    ParameterSpec::one_of("criterion", &["gini", "entropy", "log_loss"], meaning)
}

/// How far trees grow, and by what; the first of `max_features` is its default.
pub(in crate::model) fn growth(max_features: &'static [&'static str]) -> [ParameterSpec; 4] {
    let most = i64::from(u32::MAX);
    [
        ParameterSpec::integer("max_depth", 0, (0, most), "Most splits above a leaf; 0 is as many as it takes."),
        ParameterSpec::integer("min_samples_split", 2, (2, most), "Rows of a node that is split, at least."),
        ParameterSpec::integer("min_samples_leaf", 1, (1, most), "Rows of a leaf, at least."),
        ParameterSpec::one_of(
            "max_features",
            max_features,
            "Columns that a split is chosen from, drawn for each node.",
        ),
    ]
}

/// Where a tree stops.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// No leaf is deeper; the root has the depth 0.
    pub(super) max_depth: usize,
    /// A node of fewer rows is a leaf.
    pub(super) min_samples_split: usize,
    /// No side of a split has fewer rows.
    pub(super) min_samples_leaf: usize,
    /// What a node looks at.
    pub(super) max_features: MaxFeatures,
}

/// Columns that a node looks at, by chance; more as long as all are constant within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MaxFeatures {
    All,
    Sqrt,
    Log2,
}

impl Limits {
    pub(super) fn of(parameters: &Parameters) -> Self {
        Self {
            max_depth: Some(parameters.count("max_depth")).filter(|depth| *depth > 0).unwrap_or(usize::MAX),
            min_samples_split: parameters.count("min_samples_split"),
            min_samples_leaf: parameters.count("min_samples_leaf"),
            max_features: match parameters.text("max_features") {
                "sqrt" => MaxFeatures::Sqrt,
                "log2" => MaxFeatures::Log2,
                _ => MaxFeatures::All,
            },
        }
    }
}

impl MaxFeatures {
    /// Of `n_features` columns, of which there is one at least.
    pub(super) fn of(self, n_features: usize) -> usize {
        match self {
            Self::All => n_features,
            Self::Sqrt => n_features.isqrt().max(1),
            Self::Log2 => (n_features.max(1).ilog2() as usize).max(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_looks_at_one_column_at_least() {
        let of = |n_features| [MaxFeatures::All, MaxFeatures::Sqrt, MaxFeatures::Log2].map(|it| it.of(n_features));

        assert_eq!([of(1), of(20), of(100)], [[1, 1, 1], [20, 4, 4], [100, 10, 6]]);
    }
}
