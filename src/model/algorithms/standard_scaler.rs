//! Columns of mean 0 and variance 1.

use crate::error::{Error, Result};
use crate::model::arrays::{Arrays, damaged};
use crate::model::column_scaling::ColumnScaling;
use crate::model::numerics::{Moments, OfColumns};
use crate::model::{
    About, Algorithm, FittedStep, FittedTransformer, Inputs, Kind, OnlineTransformer, ParameterSpec, Parameters,
    Training, Transformer, UnfittedStep,
};
use ndarray::{Array1, ArrayD, arr0};

/// Shifts and scales each column to mean 0 and variance 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct StandardScaler;

impl Algorithm for StandardScaler {
    fn about(&self) -> &'static About {
        &About {
            name: "standard_scaler",
            kind: Kind::Transformer,
            summary: "Shifts and scales each column to mean 0 and variance 1.",
            details: &[
                "Subtracts the mean of each column and divides by its standard deviation.",
                "`z = (x - mean) / scale`, where `scale` is the root of the population variance (divided by \
                 `n_samples`). A constant column keeps scale 1, as in scikit-learn, and so becomes 0.",
                "In front of an estimator that learns batch by batch it does so too: each batch is scaled by the mean and deviation of \
                 all rows so far, those of the batch among them, as by scikit-learn's `partial_fit` and `transform`.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::flag("with_mean", true, "Subtract the mean of each column."),
            ParameterSpec::flag("with_std", true, "Divide each column by its standard deviation."),
        ]
    }

    fn online_transformer(&self, parameters: &Parameters, n_features: usize) -> Option<Box<dyn OnlineTransformer>> {
        Some(Box::new(Growing { scaler: Scaler::of(parameters), moments: Moments::none(n_features) }))
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Transformer(Box::new(Scaler::of(parameters)))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        ColumnScaling::load("mean", arrays, inputs)
    }
}

#[derive(Clone, Copy, Debug)]
struct Scaler {
    with_mean: bool,
    with_std: bool,
}

impl Scaler {
    fn of(parameters: &Parameters) -> Self {
        Self { with_mean: parameters.flag("with_mean"), with_std: parameters.flag("with_std") }
    }

    fn fitted(self, moments: Moments) -> Result<Box<dyn FittedTransformer>> {
        let width = moments.mean.len();
        let scale = if self.with_std { scale(&moments) } else { Array1::ones(width) };
        let mean = if self.with_mean { moments.mean.into() } else { Array1::zeros(width) };
        match mean.iter().chain(&scale).position(|value| !value.is_finite()) {
            None => Ok(Box::new(ColumnScaling::new("mean", mean, scale))),
            Some(position) => Err(Error::column(
                position % width,
                "has values whose mean or variance overflows in standard_scaler; take a larger unit, in which they are below 1e150, or \
                 max_abs_scaler",
            )),
        }
    }
}

impl Transformer for Scaler {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn FittedTransformer>> {
        self.fitted(training.sum_once(&OfColumns)?)
    }
}

/// Moments of all batches so far.
#[derive(Clone, Debug)]
struct Growing {
    scaler: Scaler,
    moments: Moments,
}

impl OnlineTransformer for Growing {
    fn learn(&mut self, batch: &Training<'_>) -> Result<()> {
        let own = batch.sum(&OfColumns)?;
        self.moments = self.moments.clone().merged(own);
        Ok(())
    }

    fn fitted(&self) -> Result<Box<dyn FittedTransformer>> {
        if self.moments.weight == 0.0 {
            return Err(Error::precondition(
                "standard_scaler has seen no rows and cannot scale any yet; send a batch first",
            ));
        }
        self.scaler.fitted(self.moments.clone())
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let array = |values: &[f64]| Array1::from(values.to_vec()).into_dyn();
        let weight = ("weight", arr0(self.moments.weight).into_dyn());
        vec![weight, ("mean", array(&self.moments.mean)), ("m2", array(&self.moments.m2))]
    }

    fn restore(&mut self, arrays: &mut Arrays) -> Result<()> {
        let width = self.moments.mean.len();
        let weight = arrays.take("weight", ())?.into_scalar();
        let (mean, m2) = (arrays.take("mean", width)?.to_vec(), arrays.take("m2", width)?.to_vec());
        if weight < 0.0 || m2.iter().any(|it| *it < 0.0) {
            return Err(damaged("a weight or a sum of squares is below 0"));
        }
        self.moments = Moments { weight, mean, m2 };
        Ok(())
    }

    fn copy(&self) -> Box<dyn OnlineTransformer> {
        Box::new(self.clone())
    }
}

/// Standard deviations. A variance within the rounding error of its mean is that of a constant column; the bound is
/// scikit-learn's (`_is_constant_feature`): T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing the sample
/// variance" (1983), doi:10.1080/00031305.1983.10483115.
fn scale(moments: &Moments) -> Array1<f64> {
    let rounding = moments.weight * f64::EPSILON;
    let deviation = |(mean, variance): (&f64, f64)| {
        let constant = variance.is_finite() && variance <= rounding * variance + (rounding * mean).powi(2);
        if constant { 1.0 } else { variance.sqrt() }
    };
    moments.mean.iter().zip(moments.variances()).map(deviation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Targets;
    use crate::model::tests::trained;
    use approx::assert_abs_diff_eq;
    use ndarray::{Array2, array};

    fn scaled(with_mean: bool, with_std: bool, features: Array2<f64>) -> Array2<f64> {
        trained(&features, &Targets::None, |training| {
            let scaler = Scaler { with_mean, with_std };
            scaler.fit(training).unwrap().transform(features.clone())
        })
    }

    #[test]
    fn columns_get_mean_zero_and_variance_one() {
        let z = scaled(true, true, array![[1.0, 10.0], [2.0, 20.0], [3.0, 60.0]]);

        assert_abs_diff_eq!(z.mean_axis(ndarray::Axis(0)).unwrap(), array![0.0, 0.0], epsilon = 1e-15);
        assert_abs_diff_eq!(z.var_axis(ndarray::Axis(0), 0.0), array![1.0, 1.0], epsilon = 1e-15);
    }

    #[test]
    fn a_constant_column_keeps_scale_one() {
        assert_eq!(scaled(true, true, array![[0.1], [0.1], [0.1]]), array![[0.0], [0.0], [0.0]]);
        assert_eq!(scaled(false, true, array![[7.0], [7.0]]), array![[7.0], [7.0]]);
    }

    #[test]
    fn mean_and_deviation_can_be_left_alone() {
        assert_eq!(scaled(false, true, array![[1.0], [3.0]]), array![[1.0], [3.0]]);
        assert_eq!(scaled(true, false, array![[1.0], [5.0]]), array![[-2.0], [2.0]]);
    }

    #[test]
    fn a_column_far_from_zero_keeps_its_digits() {
        let z = scaled(true, true, array![[1e8 + 1.0], [1e8 + 2.0], [1e8 + 3.0]]);

        assert_abs_diff_eq!(z, array![[-1.5f64.sqrt()], [0.0], [1.5f64.sqrt()]], epsilon = 1e-12);
    }

    #[test]
    fn values_whose_variance_overflows_are_refused() {
        let scaler = Scaler { with_mean: true, with_std: true };

        let refused = trained(&array![[1e300], [-1e300]], &Targets::None, |training| scaler.fit(training).unwrap_err());

        assert!(refused.to_string().contains("overflows"));
    }
}
