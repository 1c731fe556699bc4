//! Why a model answers what it answers: what each column adds.

use ndarray::{Array1, Array3, ArrayView2, Axis};

/// What the numbers of an [`Explanation`] add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// The answer of a regressor, in the unit of the targets.
    Value,
    /// The natural logarithm of the answer of a regressor.
    LogValue,
    /// The probability of each class.
    Probability,
    /// A score for each class, of which `softmax` makes probabilities.
    Score,
    /// What a classifier decides by, for each class: the class of the largest is the answer.
    Decision,
}

impl Scale {
    const ALL: [Self; 5] = [Self::Value, Self::LogValue, Self::Probability, Self::Score, Self::Decision];

    /// The word for it on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Value => "value",
            Self::LogValue => "log_value",
            Self::Probability => "probability",
            Self::Score => "score",
            Self::Decision => "decision",
        }
    }

    /// What a word stands for.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == word)
    }
}

/// What each column adds to the answer to each row: on the scale, `base_values[k] + sum_j contributions[i, k, j]` is the answer `k`
/// to row `i`. A regressor has one answer, a classifier one for each class.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// What the sums are.
    pub scale: Scale,
    /// `(n_answers,)`: the answer where no column says anything.
    pub base_values: Array1<f64>,
    /// `(n_samples, n_answers, n_features)`
    pub contributions: Array3<f64>,
}

impl Explanation {
    /// Of answers that are linear: each column adds itself times its coefficient, of `(n_features, n_answers)`, to the intercept. It
    /// is compared with a row of zeros.
    pub(super) fn of_products(
        scale: Scale,
        intercepts: Array1<f64>,
        features: ArrayView2<'_, f64>,
        coefficients: ArrayView2<'_, f64>,
    ) -> Self {
        let shape = (features.nrows(), coefficients.ncols(), features.ncols());
        let contributions = Array3::from_shape_fn(shape, |(row, answer, column)| {
            features[[row, column]] * coefficients[[column, answer]]
        });
        Self { scale, base_values: intercepts, contributions }
    }

    /// The first row of which a number is not finite.
    pub(super) fn first_not_finite(&self) -> Option<usize> {
        self.contributions.outer_iter().position(|row| row.iter().any(|number| !number.is_finite()))
    }

    /// `(n_samples, n_answers)`: what the numbers come to.
    pub fn sums(&self) -> ndarray::Array2<f64> {
        self.contributions.sum_axis(Axis(2)) + &self.base_values
    }
}
