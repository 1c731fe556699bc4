//! Directions along which rows are as little normal as can be: those of independent sources.

use crate::error::{Error, Result};
use crate::model::algorithms::components::NumberOf;
use crate::model::archive::{Archive, State};
use crate::model::arrays::Arrays;
use crate::model::kernels::{Panels, table};
use crate::model::numerics::{Left, PrincipalAxes, singular_values};
use crate::model::projection::{Projection, stored_components};
use crate::model::random::Philox;
use crate::model::summation::Summation;
use crate::model::{
    About, Algorithm, FittedStep, FittedTransformer, Inputs, Kind, Outputs, ParameterSpec, Parameters, Range, Rows,
    TargetView, Training, Transformer, UnfittedStep,
};
use ndarray::{Array1, Array2, Axis, Zip};

const NAME: &str = "fast_ica";
/// scikit-learn's name for the columns.
const WORD: &str = "fastica";
/// Rows that are whitened at once.
const BLOCK: usize = 4_096;
/// What `n_components` may be.
static COUNTS: [Range; 2] = [Range::Integer(1, 1_000), Range::OneOf(&["all"])];

/// Separates columns into the independent sources that they are mixed of.
#[derive(Clone, Copy, Debug)]
pub(super) struct FastIca;

impl Algorithm for FastIca {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Transformer,
            summary: "Separates its columns into the independent sources that they are mixed of.",
            details: &[
                "`s = (x - mean) C`, where the columns of `C` are directions along which rows are as little normal as can \
                 be, and `s` are uncorrelated and have variance 1. On rows that are whitened by their principal axes, all \
                 directions `w` are found together: `w <- mean(z g(w z)) - mean(g'(w z)) w`, then all of them are made \
                 orthonormal, `W <- (W W^T)^(-1/2) W`, until none turns by more than `tol`. `fun` is `g`: \"logcosh\" \
                 `tanh(u)`, \"exp\" `u exp(-u^2 / 2)`, \"cube\" `u^3`.",
                "Columns are named `fastica0`, `fastica1`, … Their order and signs are those that the seed leads to. \
                 Independent sources that are all normal cannot be told apart.",
                "A. Hyvärinen, E. Oja, \"Independent component analysis: algorithms and applications\" (2000), \
                 doi:10.1016/S0893-6080(00)00026-5; scikit-learn's `algorithm=\"parallel\"` and \
                 `whiten=\"unit-variance\"`.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let meaning = "Sources that are put out; \"all\": as many as there are directions in which rows vary.";
        vec![
            NumberOf::parameter(&COUNTS, "all", meaning),
            ParameterSpec::one_of("fun", &["logcosh", "exp", "cube"], "What tells how little normal rows are."),
            ParameterSpec::integer("max_iter", 200, (1, 1_000_000), "Passes over the rows, at most."),
            ParameterSpec::positive(
                "tol",
                1e-4,
                "Stop when no direction turns by more: 1 less the cosine of the angle.",
            ),
        ]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Transformer(Box::new(Independent {
            n_components: NumberOf::components(parameters),
            contrast: Contrast::of(parameters),
            max_iter: parameters.count("max_iter"),
            tol: parameters.number("tol"),
        }))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        let components = stored_components(arrays, inputs.n_features)?;
        let mean = arrays.take("mean", inputs.n_features)?;
        Ok(FittedStep::Transformer(Box::new(Projection::new(WORD, &components).centred(mean))))
    }
}

#[derive(Debug)]
struct Independent {
    n_components: NumberOf,
    contrast: Contrast,
    max_iter: usize,
    tol: f64,
}

impl Transformer for Independent {
    fn outputs(&self, n_features: usize) -> Result<Option<Outputs>> {
        self.n_components.outputs(NAME, WORD, n_features)
    }

    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn FittedTransformer>> {
        let found = PrincipalAxes::of(training, NAME)?;
        let n_components = self.n_components(found.rank())?;
        let whitening = whitening(&found, n_components);
        let white = whitened(training.rows, &found, &whitening);
        let rows = Rows::new(&white, TargetView::None, training.rows.weights);
        let rotation = self.rotation(&Training { rows, ..*training }, found.weight)?;
        let components = rotation.dot(&whitening) / found.unit;
        Projection::new(WORD, &components).centred(found.mean).finite(NAME)
    }
}

impl Independent {
    fn n_components(&self, rank: usize) -> Result<usize> {
        match self.n_components {
            _ if rank == 0 => Err(Error::invalid("fast_ica learns from rows that differ; all rows are the same")),
            NumberOf::These(count) if count > rank => Err(Error::invalid(format!(
                "fast_ica parameter n_components is {count} and the rows vary in {rank} directions; at most {rank} sources \
                 can be told apart"
            ))),
            NumberOf::These(count) => Ok(count),
            NumberOf::All | NumberOf::Share(_) => Ok(rank),
        }
    }

    /// The directions among white rows, orthonormal.
    fn rotation(&self, white: &Training<'_>, weight: f64) -> Result<Array2<f64>> {
        let (n_components, contrast) = (white.rows.n_features(), self.contrast);
        let turning = |share: f64| white.progress.report("turning the sources of fast_ica", 0.5 + 0.5 * share);
        let chance = Philox::new(white.seed);
        let start = Array2::from_shape_fn((n_components, n_components), |(row, column)| {
            chance.normal((row * n_components + column) as u64)
        });
        let mut way = Way { rotation: orthonormal(&start, &|| turning(0.0))?, number: 0, stands: false };
        let checkpoint = white.checkpoint(NAME);
        checkpoint.resume(&mut way)?;
        while way.number < self.max_iter && !way.stands {
            let ask = || turning(way.number as f64 / self.max_iter as f64);
            let rotation = &way.rotation;
            let pass = Pass { contrast, directions: Panels::new(rotation.t()) };
            let row_cost = n_components * (2 * n_components + 16);
            let Sums { products, slopes } = white.sum_asking(&pass, row_cost, &ask)?;
            let next = products / weight - rotation * &(slopes / weight).insert_axis(Axis(1));
            let next = orthonormal(&next, &ask)?;
            let turned = Zip::from(next.rows())
                .and(rotation.rows())
                .fold(0.0f64, |most, one, other| most.max((one.dot(&other).abs() - 1.0).abs()));
            way = Way { rotation: next, number: way.number + 1, stands: turned < self.tol };
            checkpoint.offer(way.number, &mut way)?;
        }
        if way.stands {
            return Ok(way.rotation);
        }
        let passes = self.max_iter;
        let message =
            format!("fast_ica still turns after {passes} passes; raise max_iter or tol if it should come to rest");
        white.progress.report(&message, 1.0)?;
        Ok(way.rotation)
    }
}

/// How far a fit is.
#[derive(Clone)]
struct Way {
    /// The directions, a row each.
    rotation: Array2<f64>,
    /// Of the next pass.
    number: usize,
    /// The last pass has hardly turned them.
    stands: bool,
}

impl State for Way {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<()> {
        archive.numbers(&mut self.rotation)?;
        archive.count(&mut self.number)?;
        archive.flag(&mut self.stands)
    }
}

/// What makes rows white: uncorrelated, of variance 1. `(n_components, n_features)`, for centred rows in multiples of their unit;
/// the first entry of each direction is not negative, as scikit-learn has it.
fn whitening(found: &PrincipalAxes, n_components: usize) -> Array2<f64> {
    let mut whitening = found.axes.view().split_at(Axis(0), n_components).0.to_owned();
    for (mut axis, length) in whitening.rows_mut().into_iter().zip(&found.lengths) {
        let factor = found.weight.sqrt() / length * if axis[0] < 0.0 { -1.0 } else { 1.0 };
        axis.iter_mut().for_each(|value| *value *= factor);
    }
    whitening
}

fn whitened(rows: Rows<'_>, found: &PrincipalAxes, whitening: &Array2<f64>) -> Array2<f64> {
    let panels = Panels::<f64>::new(whitening.t());
    let mut white = Vec::with_capacity(rows.len() * whitening.nrows());
    for first in (0..rows.len()).step_by(BLOCK) {
        let block = rows.slice(first..rows.len().min(first + BLOCK));
        let centred = block.iter().flat_map(|row| row.iter().zip(&found.mean).map(|(x, mean)| (x - mean) / found.unit));
        white.extend(panels.products(&centred.collect::<Vec<_>>()));
    }
    table(white, rows.len(), whitening.nrows())
}

/// `(W W^T)^(-1/2) W`.
fn orthonormal(directions: &Array2<f64>, ask: &dyn Fn() -> Result<()>) -> Result<Array2<f64>> {
    let parts = singular_values(directions.view(), Left::Found, ask)?;
    Ok(parts.u.dot(&parts.vt))
}

/// What tells how far from normal a number is.
#[derive(Clone, Copy, Debug)]
enum Contrast {
    LogCosh,
    Exp,
    Cube,
}

impl Contrast {
    fn of(parameters: &Parameters) -> Self {
        match parameters.text("fun") {
            "exp" => Self::Exp,
            "cube" => Self::Cube,
            _ => Self::LogCosh,
        }
    }

    /// Its value and slope.
    fn at(self, u: f64) -> (f64, f64) {
        match self {
            Self::LogCosh => {
                let value = u.tanh();
                (value, 1.0 - value * value)
            }
            Self::Exp => {
                let bell = (-u * u / 2.0).exp();
                (u * bell, (1.0 - u * u) * bell)
            }
            Self::Cube => (u * u * u, 3.0 * u * u),
        }
    }
}

/// A pass over white rows.
struct Pass {
    contrast: Contrast,
    directions: Panels<f64>,
}

struct Sums {
    /// `sum w g(y_i) z_j`
    products: Array2<f64>,
    /// `sum w g'(y_i)`
    slopes: Array1<f64>,
}

impl Summation for Pass {
    type Partial = Sums;

    fn partial(&self, shard: Rows<'_>) -> Sums {
        let width = shard.n_features();
        let (mut products, mut slopes) = (vec![0.0; width * width], Array1::zeros(width));
        let along = self.directions.products(shard.values());
        for ((row, along), weight) in shard.iter().zip(along.chunks_exact(width)).zip(shard.weights) {
            for ((u, products), slopes) in along.iter().zip(products.chunks_exact_mut(width)).zip(&mut slopes) {
                let (value, slope) = self.contrast.at(*u);
                *slopes += weight * slope;
                let share = weight * value;
                products.iter_mut().zip(row).for_each(|(product, z)| *product += share * z);
            }
        }
        Sums { products: table(products, width, width), slopes }
    }

    fn merge(&self, mut left: Sums, right: Sums) -> Sums {
        left.products += &right.products;
        left.slopes += &right.slopes;
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Targets;
    use crate::model::tests::trained;
    use approx::assert_abs_diff_eq;
    use std::cell::RefCell;

    /// A saw and a square wave, and a mixture of them.
    fn waves() -> (Array2<f64>, Array2<f64>) {
        let sources = Array2::from_shape_fn((600, 2), |(row, source)| match source {
            0 => (row % 23) as f64 / 11.0 - 1.0,
            _ => {
                if row / 17 % 2 == 0 {
                    1.0
                } else {
                    -1.0
                }
            }
        });
        let mixture = sources.dot(&ndarray::array![[1.0, 0.3, -2.0], [0.5, 1.0, 0.7]]);
        (sources, mixture)
    }

    fn separated(fun: Contrast, rows: &Array2<f64>) -> Array2<f64> {
        let unfitted = Independent { n_components: NumberOf::All, contrast: fun, max_iter: 200, tol: 1e-8 };
        trained(rows, &Targets::None, |training| unfitted.fit(training).unwrap().transform(rows.clone()))
    }

    #[test]
    fn mixed_waves_are_told_apart_up_to_order_sign_and_size() {
        let (sources, mixture) = waves();
        for fun in [Contrast::LogCosh, Contrast::Exp, Contrast::Cube] {
            let found = separated(fun, &mixture);

            assert_eq!(found.ncols(), 2, "three columns of two sources vary in two directions");
            for source in sources.columns() {
                let centred = &source - source.mean().unwrap();
                let size = centred.dot(&centred).sqrt();
                let likeness =
                    |column: ndarray::ArrayView1<'_, f64>| (column.dot(&centred) / size / 600f64.sqrt()).abs();
                let best = found.columns().into_iter().map(likeness).fold(0.0, f64::max);
                assert!(best > 0.995, "{fun:?}: {best}");
            }
        }
    }

    #[test]
    fn sources_are_uncorrelated_and_have_variance_one_at_every_scale() {
        for scale in [1e-200, 1.0, 1e200] {
            let found = separated(Contrast::LogCosh, &(waves().1 * scale));

            let covariance = found.t().dot(&found) / 600.0;
            assert_abs_diff_eq!(covariance, Array2::eye(2), epsilon = 1e-12);
        }
    }

    #[test]
    fn sources_that_still_turn_are_told_and_nothing_goes_back() {
        let told = RefCell::new(vec![]);
        let telling = |message: &str, share: f64| {
            told.borrow_mut().push((message.to_owned(), share));
            Ok(())
        };
        let unfitted =
            Independent { n_components: NumberOf::All, contrast: Contrast::LogCosh, max_iter: 2, tol: 1e-300 };

        trained(&waves().1, &Targets::None, |training| {
            unfitted.fit(&Training { progress: &telling, ..*training }).unwrap();
        });

        let told = told.into_inner();
        assert!(told.last().unwrap().0.contains("still turns after 2 passes"), "{told:?}");
        assert!(told.is_sorted_by(|one, next| one.1 <= next.1), "{told:?}");
    }

    #[test]
    fn more_sources_than_directions_are_refused() {
        let unfitted =
            Independent { n_components: NumberOf::These(3), contrast: Contrast::Cube, max_iter: 200, tol: 1e-4 };

        let refused = trained(&waves().1, &Targets::None, |training| unfitted.fit(training).unwrap_err().to_string());

        assert!(refused.contains("n_components is 3 and the rows vary in 2 directions"), "{refused}");
    }
}
