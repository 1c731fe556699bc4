//! Columns from one bound to another.

use crate::error::{Error, Result};
use crate::model::arrays::{Arrays, damaged};
use crate::model::column_scaling::not_zero;
use crate::model::kernels::in_rows_mut;
use crate::model::{
    About, Algorithm, Edge, FittedStep, FittedTransformer, Graph, Inputs, Kind, ParameterSpec, Parameters, Training,
    Transformer, UnfittedStep,
};
use ndarray::{Array1, Array2, ArrayD};

const NAME: &str = "min_max_scaler";

/// Shifts and scales each column to a range.
#[derive(Clone, Copy, Debug)]
pub(super) struct MinMaxScaler;

impl Algorithm for MinMaxScaler {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Transformer,
            summary: "Shifts and scales each column to a range.",
            details: &[
                "Brings the smallest number of each column to the lower bound of `feature_range` and the largest one to the upper.",
                "`z = x scale + min`, where `scale = (b - a) / (max x - min x)` and `min = a - scale min x` for a range `(a, b)`. \
                 A column whose numbers are less than 2.3e-15 apart is divided by 1 instead, as in scikit-learn. Rows beyond those of the \
                 fit come beyond the range, or to its bounds with `clip`.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::interval("feature_range", [0.0, 1.0], (-1e9, 1e9), "The range of each column."),
            ParameterSpec::flag("clip", false, "Keep other rows within the range."),
        ]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Transformer(Box::new(Scaler::of(parameters)))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        let (scale, min) = (arrays.take("scale", inputs.n_features)?, arrays.take("min", inputs.n_features)?);
        if scale.iter().any(|scale| *scale <= 0.0) {
            return Err(damaged("a scale is not greater than 0"));
        }
        let bounds = Scaler::of(parameters).bounds();
        Ok(FittedStep::Transformer(Box::new(FittedScaler { scale: scale.to_vec(), min: min.to_vec(), bounds })))
    }
}

#[derive(Clone, Copy, Debug)]
struct Scaler {
    range: [f64; 2],
    clip: bool,
}

impl Scaler {
    fn of(parameters: &Parameters) -> Self {
        Self { range: parameters.interval("feature_range"), clip: parameters.flag("clip") }
    }

    fn bounds(self) -> Option<[f64; 2]> {
        self.clip.then_some(self.range)
    }
}

impl Transformer for Scaler {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn FittedTransformer>> {
        let ([low, high], ranges) = (self.range, training.rows.ranges());
        let scale: Vec<f64> = ranges.iter().map(|(least, most)| (high - low) / not_zero(most - least)).collect();
        let min: Vec<f64> = ranges.iter().zip(&scale).map(|((least, _), scale)| low - least * scale).collect();
        match scale.iter().zip(&min).position(|(scale, min)| *scale <= 0.0 || !scale.is_finite() || !min.is_finite()) {
            None => Ok(Box::new(FittedScaler { scale, min, bounds: self.bounds() })),
            Some(position) => {
                let (least, most) = ranges[position];
                let what = format!(
                    "has values from {least:e} to {most:e}, whose difference overflows in {NAME}; take a larger unit"
                );
                Err(Error::column(position, what))
            }
        }
    }
}

#[derive(Debug)]
struct FittedScaler {
    scale: Vec<f64>,
    min: Vec<f64>,
    /// Where rows end.
    bounds: Option<[f64; 2]>,
}

impl FittedTransformer for FittedScaler {
    fn transform(&self, mut features: Array2<f64>) -> Array2<f64> {
        for row in in_rows_mut(&mut features).chunks_exact_mut(self.scale.len()) {
            row.iter_mut().zip(&self.scale).zip(&self.min).for_each(|((x, scale), min)| *x = *x * scale + min);
            if let Some([low, high]) = self.bounds {
                row.iter_mut().for_each(|x| *x = x.clamp(low, high));
            }
        }
        features
    }

    fn trace(&self, graph: &mut Graph, features: &Edge) -> Option<Edge> {
        let [scale, min] = [&self.scale, &self.min].map(|it| graph.array(&Array1::from(it.clone())));
        let scaled = graph.apply("Mul", &[features, &scale]);
        let shifted = graph.apply("Add", &[&scaled, &min]);
        let Some([low, high]) = self.bounds else { return Some(shifted) };
        let [low, high] = [low, high].map(|it| graph.array(&Array1::from(vec![it])));
        let raised = graph.apply("Max", &[&shifted, &low]);
        Some(graph.apply("Min", &[&raised, &high]))
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let array = |values: &[f64]| Array1::from(values.to_vec()).into_dyn();
        vec![("scale", array(&self.scale)), ("min", array(&self.min))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Targets;
    use crate::model::tests::trained;
    use ndarray::array;

    fn fitted(range: [f64; 2], clip: bool, features: &Array2<f64>) -> Result<Box<dyn FittedTransformer>> {
        trained(features, &Targets::None, |training| Scaler { range, clip }.fit(training))
    }

    #[test]
    fn columns_go_from_one_bound_to_the_other() {
        let features = array![[1.0, -8.0], [3.0, 0.0], [5.0, 8.0]];

        let scaled = fitted([-1.0, 1.0], false, &features).unwrap().transform(features);

        assert_eq!(scaled, array![[-1.0, -1.0], [0.0, 0.0], [1.0, 1.0]]);
    }

    #[test]
    fn a_constant_column_comes_to_the_lower_bound() {
        let features = array![[7.0], [7.0]];

        assert_eq!(fitted([2.0, 3.0], false, &features).unwrap().transform(features), array![[2.0], [2.0]]);
    }

    #[test]
    fn other_rows_come_beyond_the_range_unless_they_are_clipped() {
        let (features, others) = (array![[0.0], [2.0]], array![[-2.0], [1.0], [4.0]]);

        for (clip, expected) in [(false, array![[-1.0], [0.5], [2.0]]), (true, array![[0.0], [0.5], [1.0]])] {
            assert_eq!(fitted([0.0, 1.0], clip, &features).unwrap().transform(others.clone()), expected);
        }
    }

    #[test]
    fn a_range_that_overflows_is_refused() {
        let message = fitted([0.0, 1.0], false, &array![[-1.5e308], [1.5e308]]).unwrap_err().to_string();

        assert!(
            message.contains("column 0 (from 0) has values from -1.5e308 to 1.5e308, whose difference overflows"),
            "{message}"
        );
    }
}
