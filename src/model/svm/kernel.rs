//! What takes the place of the product of two rows.

use crate::model::kernels::{Panels, Real, exp_of_negative};

/// A product of rows in another space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::model) enum Kernel {
    /// `x . z`
    Linear,
    /// `(gamma x . z + coef0)^degree`
    Polynomial { gamma: f64, coef0: f64, degree: i32 },
    /// `exp(-gamma |x - z|^2)`
    Rbf { gamma: f64 },
    /// `tanh(gamma x . z + coef0)`
    Sigmoid { gamma: f64, coef0: f64 },
}

impl Kernel {
    /// Of each row and each column of the panels, row-major.
    pub(super) fn between<T: Real>(self, rows: &[f64], panels: &Panels<T>) -> Vec<f64> {
        let mut values = match self {
            Self::Rbf { .. } => panels.squared_distances(rows),
            _ => panels.products(rows),
        };
        match self {
            Self::Linear => {}
            Self::Polynomial { gamma, coef0, degree } => {
                values.iter_mut().for_each(|it| *it = (gamma * *it + coef0).powi(degree));
            }
            Self::Rbf { gamma } => values.iter_mut().for_each(|it| *it = exp_of_negative(-gamma * *it)),
            Self::Sigmoid { gamma, coef0 } => values.iter_mut().for_each(|it| *it = (gamma * *it + coef0).tanh()),
        }
        values
    }

    /// What it multiplies products or distances by.
    pub(super) fn gamma(self) -> Option<f64> {
        match self {
            Self::Linear => None,
            Self::Polynomial { gamma, .. } | Self::Rbf { gamma } | Self::Sigmoid { gamma, .. } => Some(gamma),
        }
    }

    /// Of a row and itself.
    pub(super) fn with_itself(self, row: &[f64]) -> f64 {
        let square = || row.iter().fold(0.0, |sum, x| sum + x * x);
        match self {
            Self::Linear => square(),
            Self::Polynomial { gamma, coef0, degree } => (gamma * square() + coef0).powi(degree),
            Self::Rbf { .. } => 1.0,
            Self::Sigmoid { gamma, coef0 } => (gamma * square() + coef0).tanh(),
        }
    }

    /// Why kernels between such rows cannot be told; `None` if they can.
    pub(super) fn objection(self, values: &[f64], width: usize) -> Option<String> {
        let largest = values.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
        // Differences of four kernels are computed with.
        let furthest = 4.0 * largest * largest * width as f64;
        let most = match self {
            Self::Linear | Self::Rbf { .. } => furthest,
            Self::Polynomial { gamma, coef0, degree } => 4.0 * (gamma * furthest + coef0.abs()).powi(degree),
            Self::Sigmoid { gamma, coef0 } => gamma * furthest + coef0.abs(),
        };
        let usable = furthest.is_finite() && most.is_finite();
        (!usable).then(|| {
            format!(
                "kernels of rows overflow because a column reaches {largest:e}; scale the columns first, for example with \
                 standard_scaler"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use ndarray::array;

    #[test]
    fn kernels_are_those_of_the_formulas() {
        let panels = Panels::<f64>::new(array![[3.0], [1.0]].view());
        let of = |kernel: Kernel| kernel.between(&[2.0, -1.0], &panels)[0]; // x . z = 5, |x - z|^2 = 5

        assert_eq!(of(Kernel::Linear), 5.0);
        assert_eq!(of(Kernel::Polynomial { gamma: 0.5, coef0: 1.0, degree: 3 }), 3.5_f64.powi(3));
        assert_abs_diff_eq!(of(Kernel::Rbf { gamma: 0.2 }), (-1.0_f64).exp(), epsilon = 1e-15);
        assert_abs_diff_eq!(of(Kernel::Sigmoid { gamma: 0.1, coef0: -0.2 }), 0.3_f64.tanh(), epsilon = 1e-15);
    }

    #[test]
    fn a_row_and_itself_are_two_equal_rows() {
        let (row, panels) = ([2.0, -1.0], Panels::<f64>::new(array![[2.0], [-1.0]].view()));
        for kernel in [
            Kernel::Linear,
            Kernel::Polynomial { gamma: 0.5, coef0: 1.0, degree: 3 },
            Kernel::Rbf { gamma: 0.2 },
            Kernel::Sigmoid { gamma: 0.1, coef0: -0.2 },
        ] {
            assert_eq!(kernel.with_itself(&row), kernel.between(&row, &panels)[0], "{kernel:?}");
        }
    }

    #[test]
    fn columns_whose_kernels_overflow_meet_an_objection() {
        let objection = |kernel: Kernel, largest: f64| kernel.objection(&[0.0, largest], 2).unwrap_or_default();

        assert!(objection(Kernel::Linear, 1e200).contains("a column reaches 1e200"));
        assert!(objection(Kernel::Rbf { gamma: 1e-300 }, 1e200).contains("overflow"));
        let cubic = Kernel::Polynomial { gamma: 1.0, coef0: 0.0, degree: 3 };
        assert_eq!([objection(cubic, 1e40).is_empty(), objection(cubic, 1e60).is_empty()], [true, false]);
        assert!([Kernel::Linear, Kernel::Rbf { gamma: 1e300 }].iter().all(|it| it.objection(&[1e150], 1).is_none()));
    }
}
