//! What a model answers.

use super::kernels::{all_finite, in_rows};
use crate::data::Labels;
use ndarray::{Array1, Array2, Axis};
use std::sync::Arc;

/// One answer for each row, in the order of the rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Predictions {
    /// Regression: in the unit of the targets, `(n_samples,)`. Outlier detection: how far inside a row is; below 0 it is an
    /// outlier.
    Values(Array1<f64>),
    /// Classification.
    Classes {
        /// The most probable class of each row, as a position in `classes`; the first one of equals.
        labels: Vec<usize>,
        /// `(n_samples, n_classes)`; each row sums to 1, columns as in `classes`.
        probabilities: Array2<f64>,
        /// In ascending order.
        classes: Arc<Labels>,
    },
    /// Clustering.
    Clusters {
        /// The nearest centre of each row, from 0; the first one of equals.
        clusters: Vec<usize>,
        /// `(n_samples, n_clusters)`: Euclidean distance to each centre, in the unit of the columns that reach the last step.
        distances: Array2<f64>,
    },
    /// Clustering by a mixture of distributions.
    Mixture {
        /// The component that each row belongs to most, from 0; the first one of equals.
        clusters: Vec<usize>,
        /// `(n_samples, n_components)`: what a row belongs to each component by; each row sums to 1.
        probabilities: Array2<f64>,
    },
    /// Transformation: the columns that the last step puts out, `(n_samples, n_outputs)`; the schema names them.
    Columns(Array2<f64>),
}

impl Predictions {
    /// How many rows were answered.
    pub fn n_rows(&self) -> usize {
        match self {
            Self::Values(values) => values.len(),
            Self::Classes { labels, .. } => labels.len(),
            Self::Clusters { clusters, .. } | Self::Mixture { clusters, .. } => clusters.len(),
            Self::Columns(columns) => columns.nrows(),
        }
    }

    /// What they take in memory, in bytes, without the classes, which all answers of a model share.
    pub fn size_bytes(&self) -> usize {
        let numbers = match self {
            Self::Values(values) => values.len(),
            Self::Classes { labels, probabilities, .. } => labels.len() + probabilities.len(),
            Self::Clusters { clusters, distances: numbers } | Self::Mixture { clusters, probabilities: numbers } => {
                clusters.len() + numbers.len()
            }
            Self::Columns(columns) => columns.len(),
        };
        size_of::<Self>() + numbers * size_of::<f64>()
    }

    /// The first row whose answer is not all finite numbers.
    pub fn first_not_finite(&self) -> Option<usize> {
        let numbers = match self {
            Self::Values(values) => values.view().insert_axis(Axis(1)),
            Self::Classes { probabilities: numbers, .. }
            | Self::Clusters { distances: numbers, .. }
            | Self::Mixture { probabilities: numbers, .. }
            | Self::Columns(numbers) => numbers.view(),
        };
        if all_finite(&in_rows(&numbers)) {
            return None;
        }
        numbers.rows().into_iter().position(|row| row.iter().any(|number| !number.is_finite()))
    }

    /// The answers of rows `from .. from + length`, for the caller who sent them.
    ///
    /// # Panics
    /// If they are not all there.
    #[must_use]
    pub fn slice(&self, from: usize, length: usize) -> Self {
        let rows = from..from + length;
        match self {
            Self::Values(values) => Self::Values(values.slice_axis(Axis(0), rows.into()).to_owned()),
            Self::Classes { labels, probabilities, classes } => Self::Classes {
                labels: labels[rows.clone()].to_vec(),
                probabilities: probabilities.slice_axis(Axis(0), rows.into()).to_owned(),
                classes: classes.clone(),
            },
            Self::Clusters { clusters, distances } => Self::Clusters {
                clusters: clusters[rows.clone()].to_vec(),
                distances: distances.slice_axis(Axis(0), rows.into()).to_owned(),
            },
            Self::Mixture { clusters, probabilities } => Self::Mixture {
                clusters: clusters[rows.clone()].to_vec(),
                probabilities: probabilities.slice_axis(Axis(0), rows.into()).to_owned(),
            },
            Self::Columns(columns) => Self::Columns(columns.slice_axis(Axis(0), rows.into()).to_owned()),
        }
    }

    /// The answers to one caller's rows that were computed in parts, in the order of the rows; `None` for none, or if they
    /// are not of one model.
    #[must_use]
    pub fn join(parts: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut parts = parts.into_iter();
        let first = parts.next()?;
        parts.try_fold(first, Self::followed_by)
    }

    fn followed_by(self, next: Self) -> Option<Self> {
        match (self, next) {
            (Self::Values(mut values), Self::Values(more)) => {
                values.append(Axis(0), more.view()).ok()?;
                Some(Self::Values(values))
            }
            (
                Self::Classes { mut labels, mut probabilities, classes },
                Self::Classes { labels: more_labels, probabilities: more, .. },
            ) => {
                labels.extend(more_labels);
                probabilities.append(Axis(0), more.view()).ok()?;
                Some(Self::Classes { labels, probabilities, classes })
            }
            (
                Self::Clusters { mut clusters, mut distances },
                Self::Clusters { clusters: more_clusters, distances: more },
            ) => {
                clusters.extend(more_clusters);
                distances.append(Axis(0), more.view()).ok()?;
                Some(Self::Clusters { clusters, distances })
            }
            (
                Self::Mixture { mut clusters, mut probabilities },
                Self::Mixture { clusters: more_clusters, probabilities: more },
            ) => {
                clusters.extend(more_clusters);
                probabilities.append(Axis(0), more.view()).ok()?;
                Some(Self::Mixture { clusters, probabilities })
            }
            (Self::Columns(mut columns), Self::Columns(more)) => {
                columns.append(Axis(0), more.view()).ok()?;
                Some(Self::Columns(columns))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn each_caller_gets_its_own_rows() {
        let answer =
            Predictions::Clusters { clusters: vec![0, 1, 0], distances: array![[0.0, 1.0], [1.0, 0.0], [0.5, 2.0]] };

        let own = answer.slice(1, 2);

        let expected = Predictions::Clusters { clusters: vec![1, 0], distances: array![[1.0, 0.0], [0.5, 2.0]] };
        assert_eq!(own, expected);
        assert_eq!((answer.n_rows(), own.n_rows(), answer.slice(3, 0).n_rows()), (3, 2, 0));
    }

    #[test]
    fn a_row_is_not_finite_if_one_of_its_numbers_is_not() {
        let classes = |probabilities| Predictions::Classes {
            labels: vec![0, 0],
            probabilities,
            classes: Arc::new(Labels::Integer(vec![1, 2])),
        };

        assert_eq!(Predictions::Values(array![1.0, f64::MAX]).first_not_finite(), None);
        assert_eq!(Predictions::Values(array![1.0, f64::INFINITY, f64::NAN]).first_not_finite(), Some(1));
        assert_eq!(classes(array![[0.5, 0.5], [0.5, f64::NAN]]).first_not_finite(), Some(1));
        assert_eq!(classes(array![[0.5, f64::NEG_INFINITY], [0.5, 0.5]]).first_not_finite(), Some(0));
        assert_eq!(Predictions::Values(array![]).first_not_finite(), None);
    }

    #[test]
    fn what_rows_belong_to_is_cut_and_joined_with_their_clusters() {
        let probabilities = array![[0.25, 0.75], [1.0, 0.0], [0.5, f64::NAN]];
        let whole = Predictions::Mixture { clusters: vec![1, 0, 0], probabilities };

        let (one, rest) = (whole.slice(0, 1), whole.slice(1, 2));

        assert_eq!(one, Predictions::Mixture { clusters: vec![1], probabilities: array![[0.25, 0.75]] });
        assert_eq!((rest.n_rows(), rest.first_not_finite(), one.first_not_finite()), (2, Some(1), None));
        let joined = Predictions::join([rest.clone(), one.clone()]).unwrap();
        assert_eq!((joined.slice(2, 1), joined.n_rows(), joined.size_bytes()), (one.clone(), 3, whole.size_bytes()));
        let distances = Predictions::Clusters { clusters: vec![0], distances: array![[1.0, 2.0]] };
        assert_eq!(Predictions::join([one, distances]), None);
    }

    #[test]
    fn answers_to_parts_are_joined_in_their_order_and_only_if_they_are_of_a_kind() {
        let whole =
            Predictions::Clusters { clusters: vec![0, 1, 2], distances: array![[0.0, 1.0], [1.0, 0.0], [0.5, 2.0]] };

        assert_eq!(Predictions::join([whole.slice(0, 2), whole.slice(2, 1)]), Some(whole.clone()));
        assert_eq!(Predictions::join([whole, Predictions::Values(array![1.0])]), None);
        assert_eq!(Predictions::join([]), None);
    }

    #[test]
    fn columns_are_cut_joined_and_looked_through_as_other_answers_are() {
        let whole = Predictions::Columns(array![[0.0, 1.0], [f64::NAN, 0.0], [0.5, 2.0]]);

        let last = whole.slice(2, 1);

        assert_eq!((whole.n_rows(), whole.first_not_finite(), last.first_not_finite()), (3, Some(1), None));
        assert_eq!(last, Predictions::Columns(array![[0.5, 2.0]]));
        let twice = Predictions::join([last.clone(), last]).unwrap();
        assert_eq!(twice, Predictions::Columns(array![[0.5, 2.0], [0.5, 2.0]]));
        assert!(whole.size_bytes() >= size_of::<Predictions>() + 6 * size_of::<f64>());
    }
}
