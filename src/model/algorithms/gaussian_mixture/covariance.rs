//! Normal distributions whose covariances are of some form, and what they make of rows.

use crate::error::Result;
use crate::model::Parameters;
use crate::model::crew::Ask;
use crate::model::kernels::Panels;
use crate::model::numerics::{cholesky, transposed_inverse_of_lower};
use ndarray::{Array1, Array2, ArrayD, ArrayView1, Axis, Ix2};
use std::f64::consts::TAU;

/// Rows whose differences from a mean are kept at once.
pub(super) const BLOCK: usize = 256;
/// What the logarithm of a density is at least, so that no infinities are subtracted.
pub(super) const LEAST: f64 = f64::MIN / 2.0;

/// What covariances may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Covariance {
    /// Of each component any.
    Full,
    /// Any, the same of all.
    Tied,
    /// Of each component and column.
    Diagonal,
    /// Of each component, for all columns.
    Spherical,
}

impl Covariance {
    pub(super) fn of(parameters: &Parameters) -> Self {
        match parameters.text("covariance_type") {
            "tied" => Self::Tied,
            "diag" => Self::Diagonal,
            "spherical" => Self::Spherical,
            _ => Self::Full,
        }
    }

    /// The axes of all covariances, as scikit-learn has them.
    pub(super) fn shape(self, n_components: usize, n_features: usize) -> Vec<usize> {
        match self {
            Self::Full => vec![n_components, n_features, n_features],
            Self::Tied => vec![n_features, n_features],
            Self::Diagonal => vec![n_components, n_features],
            Self::Spherical => vec![n_components],
        }
    }

    /// Numbers that a row comes to with each component, about.
    pub(super) fn cost(self, n_features: usize) -> usize {
        match self {
            Self::Full | Self::Tied => 2 * n_features * n_features,
            Self::Diagonal | Self::Spherical => 4 * n_features,
        }
    }
}

/// What a mixture has learned.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mixture {
    pub(super) covariance: Covariance,
    /// `(n_components,)`, above 0; they sum to 1.
    pub(super) weights: Array1<f64>,
    /// `(n_components, n_features)`
    pub(super) means: Array2<f64>,
    /// See [`Covariance::shape`].
    pub(super) covariances: ArrayD<f64>,
}

impl Mixture {
    /// Its components in another order.
    pub(super) fn select(&self, order: &[usize]) -> Self {
        let covariances = match self.covariance {
            Covariance::Tied => self.covariances.clone(),
            _ => self.covariances.select(Axis(0), order),
        };
        let (weights, means) = (self.weights.select(Axis(0), order), self.means.select(Axis(0), order));
        Self { weights, means, covariances, ..*self }
    }
}

/// A mixture that is ready to be asked.
#[derive(Clone, Debug)]
pub(super) struct Densities {
    pub(super) mixture: Mixture,
    whitening: Whitening,
    /// Of each component `ln weight - ln det(covariance) / 2 - n_features ln(2 pi) / 2`.
    offsets: Vec<f64>,
}

/// What makes a deviation from a mean one of variance 1 in each direction.
#[derive(Clone, Debug)]
enum Whitening {
    /// The transposed inverse of the Cholesky triangle, of each component or one of all.
    Triangles(Vec<Panels<f64>>),
    /// `1 / standard deviation` of each component and column.
    Scales(Array2<f64>),
}

impl Densities {
    /// `None` if a covariance is not positive definite, or so small that the inverse is not finite. `ask` is asked often.
    ///
    /// # Errors
    /// What `ask` answers.
    pub(super) fn new(mixture: Mixture, ask: &Ask<'_>) -> Result<Option<Self>> {
        let (n_components, n_features) = mixture.means.dim();
        let (whitening, determinants) = match mixture.covariance {
            Covariance::Full => {
                let all = mixture.covariances.axis_iter(Axis(0));
                let each = all.map(|own| triangle(own.to_owned(), ask)).collect::<Result<Option<Vec<_>>>>()?;
                let Some(each) = each else { return Ok(None) };
                let (triangles, determinants): (Vec<_>, Vec<_>) = each.into_iter().unzip();
                (Whitening::Triangles(triangles), determinants)
            }
            Covariance::Tied => {
                let own = triangle(mixture.covariances.clone(), ask)?;
                let Some((triangle, determinant)) = own else { return Ok(None) };
                (Whitening::Triangles(vec![triangle]), vec![determinant; n_components])
            }
            Covariance::Diagonal | Covariance::Spherical => {
                let variances = mixture.covariances.iter().copied().collect::<Vec<f64>>();
                let own = variances.len() / n_components.max(1);
                let scales = Array2::from_shape_fn((n_components, n_features), |(component, column)| {
                    variances[component * own + column.min(own - 1)].sqrt().recip()
                });
                let determinants = scales.rows().into_iter().map(|row| row.iter().map(|scale| scale.ln()).sum());
                (Whitening::Scales(scales.clone()), determinants.collect())
            }
        };
        let constant = 0.5 * n_features as f64 * TAU.ln();
        let each = mixture.weights.iter().zip(determinants);
        let offsets: Vec<f64> = each.map(|(weight, determinant)| weight.ln() + determinant - constant).collect();
        let usable = offsets.iter().all(|offset| offset.is_finite()) && whitening.is_finite();
        Ok(usable.then_some(Self { mixture, whitening, offsets }))
    }

    pub(super) fn n_components(&self) -> usize {
        self.offsets.len()
    }

    /// `ln (weight_k N(x; mean_k, covariance_k))` of each row and component: `(n_samples, n_components)`, row-major.
    pub(super) fn scores(&self, rows: &[f64]) -> Vec<f64> {
        let (n_components, n_features) = self.mixture.means.dim();
        let mut scores = vec![0.0; rows.len() / n_features * n_components];
        let mut deviations = Vec::with_capacity(BLOCK * n_features);
        let blocks = rows.chunks(BLOCK * n_features).zip(scores.chunks_mut(BLOCK * n_components));
        for (rows, scores) in blocks {
            for (component, mean) in self.mixture.means.rows().into_iter().enumerate() {
                deviate(rows, mean, &mut deviations);
                let squares = self.squares(component, &deviations);
                let own = scores.iter_mut().skip(component).step_by(n_components);
                // Neither is a number that overflows, nor what is left of two of them.
                own.zip(squares).for_each(|(score, it)| *score = (self.offsets[component] - 0.5 * it).max(LEAST));
            }
        }
        scores
    }

    /// The squared length of each deviation from the mean of a component, in units of its covariance.
    fn squares(&self, component: usize, deviations: &[f64]) -> Vec<f64> {
        let n_features = self.mixture.means.ncols();
        match &self.whitening {
            Whitening::Triangles(triangles) => {
                let triangle = &triangles[component.min(triangles.len() - 1)];
                let white = triangle.products(deviations);
                white.chunks_exact(n_features).map(|row| row.iter().map(|it| it * it).sum()).collect()
            }
            Whitening::Scales(scales) => {
                let scales = scales.row(component);
                let square = |row: &[f64]| row.iter().zip(&scales).map(|(it, scale)| (it * scale).powi(2)).sum();
                deviations.chunks_exact(n_features).map(square).collect()
            }
        }
    }
}

impl Whitening {
    fn is_finite(&self) -> bool {
        match self {
            Self::Triangles(all) => all.iter().all(|it| it.to_array().iter().all(|it| it.is_finite())),
            Self::Scales(scales) => scales.iter().all(|it| it.is_finite()),
        }
    }
}

/// The transposed inverse of the Cholesky triangle, and the logarithm of its determinant.
fn triangle(covariance: ArrayD<f64>, ask: &Ask<'_>) -> Result<Option<(Panels<f64>, f64)>> {
    let Ok(covariance) = covariance.into_dimensionality::<Ix2>() else { return Ok(None) };
    let Some(triangle) = cholesky(&covariance, ask)? else { return Ok(None) };
    let inverse = transposed_inverse_of_lower(&triangle, ask)?;
    let determinant = inverse.diag().iter().map(|it| it.ln()).sum();
    Ok(Some((Panels::new(inverse.view()), determinant)))
}

/// `x - mean` of each row, in the place of what was there.
pub(super) fn deviate(rows: &[f64], mean: ArrayView1<'_, f64>, deviations: &mut Vec<f64>) {
    deviations.clear();
    for row in rows.chunks_exact(mean.len()) {
        deviations.extend(row.iter().zip(&mean).map(|(x, mean)| x - mean));
    }
}
