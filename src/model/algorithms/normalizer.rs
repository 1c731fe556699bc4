//! Rows of length 1.

use crate::error::Result;
use crate::model::arrays::Arrays;
use crate::model::kernels::in_rows_mut;
use crate::model::{
    About, Algorithm, FittedStep, FittedTransformer, Inputs, Kind, ParameterSpec, Parameters, Training, Transformer,
    UnfittedStep,
};
use ndarray::{Array2, ArrayD};

/// Divides each row by its norm.
#[derive(Clone, Copy, Debug)]
pub(super) struct Normalizer;

impl Algorithm for Normalizer {
    fn about(&self) -> &'static About {
        &About {
            name: "normalizer",
            kind: Kind::Transformer,
            summary: "Divides each row by its norm.",
            details: &[
                "Brings each row to length 1 by itself; nothing is learned.",
                "`z = x / |x|`, where `|x|` is the root of the sum of squares (`l2`), the sum of absolute values (`l1`) or the largest of \
                 them (`max`). A row of zeros stays as it is. Numbers whose squares would leave the range of floats are scaled before.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![ParameterSpec::one_of("norm", &["l2", "l1", "max"], "Which length becomes 1.")]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Transformer(Box::new(Norm::of(parameters)))
    }

    fn load(&self, parameters: &Parameters, _: &mut Arrays, _: &Inputs) -> Result<FittedStep> {
        Ok(FittedStep::Transformer(Box::new(Norm::of(parameters))))
    }
}

/// Which length becomes 1.
#[derive(Clone, Copy, Debug)]
enum Norm {
    L1,
    L2,
    Max,
}

impl Norm {
    fn of(parameters: &Parameters) -> Self {
        match parameters.text("norm") {
            "l1" => Self::L1,
            "max" => Self::Max,
            _ => Self::L2,
        }
    }

    fn normalise(self, row: &mut [f64]) {
        let largest = row.iter().fold(0.0f64, |largest, x| largest.max(x.abs()));
        if largest == 0.0 {
            return;
        }
        // Squares of what is left neither overflow nor vanish.
        if !(1e-140..1e140).contains(&largest) {
            row.iter_mut().for_each(|x| *x /= largest);
            return self.normalise(row);
        }
        let length = match self {
            Self::L1 => row.iter().map(|x| x.abs()).sum(),
            Self::L2 => row.iter().map(|x| x * x).sum::<f64>().sqrt(),
            Self::Max => largest,
        };
        row.iter_mut().for_each(|x| *x /= length);
    }
}

impl Transformer for Norm {
    fn fit(&self, _: &Training<'_>) -> Result<Box<dyn FittedTransformer>> {
        Ok(Box::new(*self))
    }
}

impl FittedTransformer for Norm {
    fn transform(&self, mut features: Array2<f64>) -> Array2<f64> {
        let width = features.ncols().max(1);
        in_rows_mut(&mut features).chunks_exact_mut(width).for_each(|row| self.normalise(row));
        features
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        vec![]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn rows_get_length_one_by_each_norm() {
        let row = || array![[3.0, -4.0]];

        assert_eq!(Norm::L2.transform(row()), array![[0.6, -0.8]]);
        assert_eq!(Norm::L1.transform(row()), array![[3.0 / 7.0, -4.0 / 7.0]]);
        assert_eq!(Norm::Max.transform(row()), array![[0.75, -1.0]]);
    }

    #[test]
    fn a_row_of_zeros_stays_as_it_is() {
        assert_eq!(Norm::L2.transform(array![[0.0, 0.0], [0.0, 2.0]]), array![[0.0, 0.0], [0.0, 1.0]]);
    }

    #[test]
    fn squares_that_would_overflow_or_vanish_do_not() {
        for scale in [1e-300, 1e300] {
            let [x, y] = Norm::L2.transform(array![[3.0 * scale, 4.0 * scale]]).into_raw_vec_and_offset().0[..] else {
                unreachable!()
            };

            assert!((x - 0.6).abs() < 1e-15 && (y - 0.8).abs() < 1e-15, "{x}, {y}");
        }
    }
}
