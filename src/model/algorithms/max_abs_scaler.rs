//! Columns within -1 and 1.

use crate::error::Result;
use crate::model::arrays::Arrays;
use crate::model::column_scaling::{ColumnScaling, not_zero};
use crate::model::{
    About, Algorithm, FittedStep, FittedTransformer, Inputs, Kind, ParameterSpec, Parameters, Training, Transformer,
    UnfittedStep,
};
use ndarray::Array1;

/// What is subtracted: nothing.
const SHIFT: &str = "shift";

/// Divides each column by its largest absolute value.
#[derive(Clone, Copy, Debug)]
pub(super) struct MaxAbsScaler;

impl Algorithm for MaxAbsScaler {
    fn about(&self) -> &'static About {
        &About {
            name: "max_abs_scaler",
            kind: Kind::Transformer,
            summary: "Divides each column by its largest absolute value.",
            details: &[
                "Brings each column between -1 and 1, and leaves 0 where it is.",
                "`z = x / max |x|`. A column whose largest absolute value is below 2.3e-15 stays as it is, as in scikit-learn.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![]
    }

    fn unfitted(&self, _: &Parameters) -> UnfittedStep {
        UnfittedStep::Transformer(Box::new(Self))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        ColumnScaling::load(SHIFT, arrays, inputs)
    }
}

impl Transformer for MaxAbsScaler {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn FittedTransformer>> {
        let ranges = training.rows.ranges();
        let scale = ranges.iter().map(|(least, most)| not_zero(least.abs().max(most.abs()))).collect();
        Ok(Box::new(ColumnScaling::new(SHIFT, Array1::zeros(ranges.len()), scale)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Targets;
    use crate::model::tests::trained;
    use ndarray::array;

    #[test]
    fn columns_come_between_minus_one_and_one_and_zeros_stay() {
        let features = array![[1.0, 0.0], [-4.0, 0.0], [2.0, 0.0]];

        let scaled = trained(&features, &Targets::None, |training| {
            MaxAbsScaler.fit(training).unwrap().transform(features.clone())
        });

        assert_eq!(scaled, array![[0.25, 0.0], [-1.0, 0.0], [0.5, 0.0]]);
    }
}
