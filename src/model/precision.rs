//! The numbers that a model predicts in.

use super::{ParameterSpec, Parameters};
use crate::error::{Error, Result};

/// The hyper-parameter that says it.
const NAME: &str = "precision";

/// `f64`, or `f32` for a model whose answers need seven digits and should be those of 32-bit arithmetic.
///
/// With `f32` what was learned is rounded once, when the fit ends, and is stored so; each row is rounded as it comes, numbers
/// beyond 3.4e38 to that number. Answers are f64 in either case. A model that was stored before there was a choice is `f64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    F64,
    F32,
}

impl Precision {
    pub(super) fn parameter() -> ParameterSpec {
        ParameterSpec::one_of(NAME, &["f64", "f32"], "Numbers that predictions are computed in; f32 keeps 7 digits.")
    }

    pub(super) fn of(parameters: &Parameters) -> Self {
        match parameters.text(NAME) {
            "f32" => Self::F32,
            _ => Self::F64,
        }
    }

    /// What was learned can be rounded.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if a value is outside the range of these numbers.
    pub(super) fn check<'a>(self, algorithm: &str, learned: impl IntoIterator<Item = &'a f64>) -> Result<()> {
        let most = f64::from(f32::MAX);
        match learned.into_iter().find(|value| self == Self::F32 && value.abs() > most) {
            None => Ok(()),
            Some(value) => Err(Error::invalid(format!(
                "{algorithm} learned {value:e}, which is beyond the range of f32; scale the columns first, for example with \
                 standard_scaler, or leave precision at f64"
            ))),
        }
    }
}
