//! Naive Bayes with a normal distribution for each class and column.

use crate::data::Labels;
use crate::error::{Error, Result};
use crate::model::arrays::{Arrays, damaged};
use crate::model::classification::{self, classified, softmax};
use crate::model::kernels::in_rows;
use crate::model::numerics::Moments;
use crate::model::online::{log_loss, unseen};
use crate::model::summation::Summation;
use crate::model::{
    About, Algorithm, Estimator, FittedStep, Inputs, Kind, Model, Online, OnlineAlgorithm, ParameterSpec, Parameters,
    Predictions, Rows, Training, UnfittedStep,
};
use ndarray::{Array1, Array2, ArrayD, ArrayView2};
use std::f64::consts::TAU;
use std::sync::Arc;

/// Naive Bayes for numbers: each column is normal within a class.
#[derive(Clone, Copy, Debug)]
pub(super) struct GaussianNb;

impl Algorithm for GaussianNb {
    fn about(&self) -> &'static About {
        &About {
            name: "gaussian_nb",
            kind: Kind::Classifier,
            summary: "Naive Bayes for numbers: each column is normal within a class.",
            details: &[
                "Takes columns as independent within a class, and each as normal: `P(k | x)` is proportional to `P(k) \
                 prod_j N(x_j; theta_kj, var_kj)`, with the share of class `k` among the rows, and mean and variance \
                 of its column `j`.",
                "To each variance `var_smoothing` times the largest variance of a column is added, as in scikit-learn, \
                 so that a column which is constant within a class decides nothing alone. Source: T. Hastie, R. \
                 Tibshirani, J. Friedman, \"The elements of statistical learning\" (2009), section 6.6.3.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let meaning = "Share of the largest variance of a column that is added to each variance.";
        vec![ParameterSpec::not_negative("var_smoothing", 1e-9, meaning)]
    }

    fn online(&self) -> Option<&'static dyn OnlineAlgorithm> {
        Some(&GaussianNb)
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Estimator(Box::new(Normal { var_smoothing: parameters.number("var_smoothing") }))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        let classes = inputs.classes()?.clone();
        let shape = (classes.len(), inputs.n_features);
        let (theta, var, class_prior) =
            (arrays.take("theta", shape)?, arrays.take("var", shape)?, arrays.take("class_prior", classes.len())?);
        if var.iter().chain(&class_prior).any(|value| *value <= 0.0) {
            return Err(damaged("a variance or the share of a class is not greater than 0"));
        }
        Ok(FittedStep::Model(Box::new(Normals::new(theta, var, class_prior, classes))))
    }
}

#[derive(Clone, Copy, Debug)]
struct Normal {
    var_smoothing: f64,
}

/// Moments of the columns, class by class.
struct ByClass {
    n_classes: usize,
}

impl Summation for ByClass {
    type Partial = Vec<Moments>;

    fn partial(&self, shard: Rows<'_>) -> Vec<Moments> {
        let mut moments = vec![Moments::none(shard.n_features()); self.n_classes];
        if let Ok((classes, _)) = shard.targets.classes() {
            let rows = shard.iter().zip(classes).zip(shard.weights);
            rows.for_each(|((row, class), weight)| moments[*class].add(row, *weight));
        }
        moments
    }

    fn merge(&self, left: Vec<Moments>, right: Vec<Moments>) -> Vec<Moments> {
        left.into_iter().zip(right).map(|(left, right)| left.merged(right)).collect()
    }
}

impl Estimator for Normal {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn Model>> {
        let (_, classes) = training.rows.targets.classes()?;
        self.model(&training.sum_once(&ByClass { n_classes: classes.len() })?, classes)
    }
}

impl Normal {
    /// What predicts by these moments, of each class its own.
    fn model(&self, by_class: &[Moments], classes: &Arc<Labels>) -> Result<Box<dyn Model>> {
        let all = by_class.iter().cloned().reduce(Moments::merged).ok_or_else(|| Error::internal("no classes"))?;
        let added = self.var_smoothing * all.variances().fold(0.0, f64::max);
        let shape = (classes.len(), all.mean.len());
        let of_all = |numbers: Vec<f64>| Array2::from_shape_vec(shape, numbers);
        let theta = of_all(by_class.iter().flat_map(|it| it.mean.clone()).collect());
        let var = of_all(by_class.iter().flat_map(|it| it.variances().map(|it| it + added)).collect());
        let (theta, var) = theta.and_then(|theta| Ok((theta, var?))).map_err(|it| Error::internal(it.to_string()))?;
        let class_prior = by_class.iter().map(|it| it.weight / all.weight).collect();
        if let Some(position) = var.iter().position(|var| !(*var > 0.0 && var.is_finite())) {
            let variance = var.iter().nth(position).copied().unwrap_or_default();
            let what = format!(
                "has the variance {variance:?} within a class and gaussian_nb takes one that is finite and above 0; leave the column out, \
                 or choose a larger var_smoothing"
            );
            return Err(Error::column(position % shape.1, what));
        }
        Ok(Box::new(Normals::new(theta, var, class_prior, classes.clone())))
    }
}

impl OnlineAlgorithm for GaussianNb {
    fn begin(&self, parameters: &Parameters, inputs: &Inputs, _: u64) -> Result<Box<dyn Online>> {
        let classes = inputs.classes()?.clone();
        let by_class = vec![Moments::none(inputs.n_features); classes.len()];
        let normal = Normal { var_smoothing: parameters.number("var_smoothing") };
        Ok(Box::new(Growing { normal, by_class, classes }))
    }

    fn resume(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<Box<dyn Online>> {
        let classes = inputs.classes()?.clone();
        let shape = (classes.len(), inputs.n_features);
        let (weights, means, m2s) =
            (arrays.take("weights", shape.0)?, arrays.take("means", shape)?, arrays.take("m2s", shape)?);
        if weights.iter().chain(&m2s).any(|it| *it < 0.0) {
            return Err(damaged("a weight or a sum of squares is below 0"));
        }
        let each = weights.iter().zip(means.rows()).zip(m2s.rows());
        let by_class = each
            .map(|((weight, mean), m2)| Moments { weight: *weight, mean: mean.to_vec(), m2: m2.to_vec() })
            .collect();
        let normal = Normal { var_smoothing: parameters.number("var_smoothing") };
        Ok(Box::new(Growing { normal, by_class, classes }))
    }
}

/// Moments of all batches so far.
#[derive(Clone, Debug)]
struct Growing {
    normal: Normal,
    by_class: Vec<Moments>,
    classes: Arc<Labels>,
}

impl Online for Growing {
    fn learn(&mut self, batch: &Training<'_>) -> Result<Option<f64>> {
        let loss = log_loss(self.model(), batch)?;
        let own = batch.sum(&ByClass { n_classes: self.classes.len() })?;
        let before = std::mem::take(&mut self.by_class);
        self.by_class = before.into_iter().zip(own).map(|(before, own)| before.merged(own)).collect();
        Ok(loss)
    }

    fn model(&self) -> Result<Box<dyn Model>> {
        match self.by_class.iter().position(|it| it.weight == 0.0) {
            Some(class) => Err(unseen("gaussian_nb", &self.classes, class)),
            None => self.normal.model(&self.by_class, &self.classes),
        }
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        let shape = (self.classes.len(), self.by_class.first().map_or(0, |it| it.mean.len()));
        let weights: Array1<f64> = self.by_class.iter().map(|it| it.weight).collect();
        let means = Array2::from_shape_fn(shape, |(class, column)| self.by_class[class].mean[column]);
        let m2s = Array2::from_shape_fn(shape, |(class, column)| self.by_class[class].m2[column]);
        vec![("weights", weights.into_dyn()), ("means", means.into_dyn()), ("m2s", m2s.into_dyn())]
    }

    fn copy(&self) -> Box<dyn Online> {
        Box::new(self.clone())
    }
}

#[derive(Debug)]
struct Normals {
    /// `(n_classes, n_features)`
    theta: Array2<f64>,
    var: Array2<f64>,
    class_prior: Array1<f64>,
    /// `ln P(k) - sum_j ln(2 pi var_kj) / 2`
    offsets: Vec<f64>,
    classes: Arc<Labels>,
}

impl Normals {
    fn new(theta: Array2<f64>, var: Array2<f64>, class_prior: Array1<f64>, classes: Arc<Labels>) -> Self {
        let offset = |(prior, var): (&f64, ndarray::ArrayView1<'_, f64>)| {
            prior.ln() - 0.5 * var.iter().map(|var| (TAU * var).ln()).sum::<f64>()
        };
        let offsets = class_prior.iter().zip(var.rows()).map(offset).collect();
        Self { theta, var, class_prior, offsets, classes }
    }

    /// The logarithm of a row's density and of a class, together.
    fn score(&self, row: &[f64], class: usize) -> f64 {
        let (theta, var) = (self.theta.row(class), self.var.row(class));
        let terms = row.iter().zip(theta).zip(var).map(|((x, theta), var)| (x - theta) * (x - theta) / var);
        // A distance that overflows counts as the largest there is, so that no infinities are subtracted.
        (self.offsets[class] - 0.5 * terms.sum::<f64>()).max(f64::MIN / 2.0)
    }
}

impl Model for Normals {
    fn predict(&self, features: ArrayView2<'_, f64>) -> Predictions {
        let n_classes = self.classes.len();
        let rows = in_rows(&features);
        let rows = rows.chunks_exact(features.ncols());
        let mut scores: Vec<f64> =
            rows.flat_map(|row| (0..n_classes).map(move |class| self.score(row, class))).collect();
        scores.chunks_exact_mut(n_classes).for_each(|row| {
            softmax(row);
        });
        classified(scores, &self.classes)
    }

    fn answer_bytes(&self) -> usize {
        classification::answer_bytes(&self.classes)
    }

    fn arrays(&self) -> Vec<(&'static str, ArrayD<f64>)> {
        vec![
            ("theta", self.theta.clone().into_dyn()),
            ("var", self.var.clone().into_dyn()),
            ("class_prior", self.class_prior.clone().into_dyn()),
        ]
    }
}
