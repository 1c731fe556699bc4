//! A few random sums of columns, which keep distances between rows about as they are.

use crate::error::{Error, Result};
use crate::model::algorithms::components::NumberOf;
use crate::model::arrays::Arrays;
use crate::model::kernels::table;
use crate::model::projection::{Projection, stored_components};
use crate::model::random::Philox;
use crate::model::{
    About, Algorithm, FittedStep, FittedTransformer, Inputs, Kind, Outputs, ParameterSpec, Parameters, Range, Training,
    Transformer, UnfittedStep, Value,
};

/// Numbers of a projection at most: they are 1 GiB.
const MOST_NUMBERS: usize = 1 << 27;
/// What `n_components` may be.
static COUNTS: [Range; 2] = [Range::Integer(1, 10_000), Range::OneOf(&["auto"])];
/// What `density` may be.
static DENSITIES: [Range; 2] = [Range::Number(1e-6, 1.0), Range::OneOf(&["auto"])];

/// Adds up columns with normal random factors.
#[derive(Clone, Copy, Debug)]
pub(super) struct GaussianRandomProjection;

/// Adds up columns with random factors that are mostly 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct SparseRandomProjection;

const DISTANCES: &str = "Squared distances between rows stay as they are, but for a share `eps` at most, with good chance, if there \
    are as many columns as `n_components = \"auto\"` takes: `4 ln(n) / (eps^2 / 2 - eps^3 / 3)` for `n` rows. S. Dasgupta, A. Gupta, \"An \
    elementary proof of a theorem of Johnson and Lindenstrauss\" (2003), doi:10.1002/rsa.10073.";

impl Algorithm for GaussianRandomProjection {
    fn about(&self) -> &'static About {
        &About {
            name: "gaussian_random_projection",
            kind: Kind::Transformer,
            summary: "Puts out a few sums of its columns with normal random factors, which keep distances.",
            details: &[
                "`z = x R`, where the entries of `R` are drawn from a normal distribution of mean 0 and variance \
                 `1 / n_components`, by the seed alone. Columns are named `gaussianrandomprojection0`, …",
                DISTANCES,
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        size_parameters()
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        let (name, word) = (self.name(), "gaussianrandomprojection");
        UnfittedStep::Transformer(Box::new(Random::of(name, word, Entries::Normal, parameters)))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        let components = stored_components(arrays, inputs.n_features)?;
        Ok(FittedStep::Transformer(Box::new(Projection::new("gaussianrandomprojection", &components))))
    }
}

impl Algorithm for SparseRandomProjection {
    fn about(&self) -> &'static About {
        &About {
            name: "sparse_random_projection",
            kind: Kind::Transformer,
            summary: "Puts out a few sums of its columns with random factors, most of them 0, which keep distances.",
            details: &[
                "`z = x R`, where each entry of `R` is drawn by the seed alone: with the chance `density` it is `sqrt(1 / \
                 (density n_components))`, as often with a minus as without, otherwise 0. Columns are named \
                 `sparserandomprojection0`, … It is computed with as with any matrix.",
                DISTANCES,
                "P. Li, T. J. Hastie, K. W. Church, \"Very sparse random projections\" (2006), \
                 doi:10.1145/1150402.1150436; D. Achlioptas, \"Database-friendly random projections\" (2003), \
                 doi:10.1016/S0022-0000(03)00025-4.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let meaning = "Share of factors that are not 0; \"auto\": 1 / sqrt(n_features).";
        let mut parameters = size_parameters();
        let (default, range) = (Value::Text("auto".into()), Range::AnyOf(&DENSITIES));
        parameters.push(ParameterSpec { name: "density", default, range, meaning });
        parameters
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        let entries = Entries::Sparse { density: parameters.number_unless_word("density") };
        UnfittedStep::Transformer(Box::new(Random::of(self.name(), "sparserandomprojection", entries, parameters)))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        let components = stored_components(arrays, inputs.n_features)?;
        Ok(FittedStep::Transformer(Box::new(Projection::new("sparserandomprojection", &components))))
    }
}

fn size_parameters() -> Vec<ParameterSpec> {
    let meaning = "Columns that are put out; \"auto\": as many as the number of rows and `eps` ask for.";
    let eps = "By which share a squared distance may change, with `n_components = \"auto\"`.";
    vec![NumberOf::parameter(&COUNTS, "auto", meaning), ParameterSpec::number("eps", 0.1, (0.001, 0.999), eps)]
}

/// How the factors are drawn.
#[derive(Clone, Copy, Debug)]
enum Entries {
    Normal,
    Sparse {
        /// `None`: by the number of columns.
        density: Option<f64>,
    },
}

impl Entries {
    /// The factor at a place, with variance 1.
    fn draw(self, chance: Philox, place: u64, n_features: usize) -> f64 {
        match self {
            Self::Normal => chance.normal(place),
            Self::Sparse { density } => {
                let density = density.unwrap_or(1.0 / (n_features as f64).sqrt());
                match chance.uniform(place, 0) {
                    low if low < density / 2.0 => -(1.0 / density).sqrt(),
                    low if low < density => (1.0 / density).sqrt(),
                    _ => 0.0,
                }
            }
        }
    }
}

#[derive(Debug)]
struct Random {
    name: &'static str,
    word: &'static str,
    entries: Entries,
    n_components: NumberOf,
    eps: f64,
}

impl Random {
    fn of(name: &'static str, word: &'static str, entries: Entries, parameters: &Parameters) -> Self {
        Self { name, word, entries, n_components: NumberOf::components(parameters), eps: parameters.number("eps") }
    }

    /// As many columns as so many rows of so many columns ask for.
    fn size(&self, n_rows: usize, n_features: usize) -> Result<usize> {
        if let NumberOf::These(count) = self.n_components {
            return Ok(count);
        }
        match enough_for(n_rows, self.eps) {
            count if (1..=n_features).contains(&count) => Ok(count),
            count => Err(Error::invalid(format!(
                "{} of {n_rows} rows takes {count} columns for eps {:?}, and there are {n_features}; choose a larger eps, or \
                 n_components",
                self.name, self.eps
            ))),
        }
    }
}

/// Columns that keep the distances of so many rows.
fn enough_for(n_rows: usize, eps: f64) -> usize {
    (4.0 * (n_rows as f64).ln() / (eps * eps / 2.0 - eps * eps * eps / 3.0)) as usize
}

/// That so many components of so many columns have room.
///
/// # Errors
/// [`Error::InvalidArgument`] that names `algorithm`.
fn check_size(algorithm: &str, n_components: usize, n_features: usize) -> Result<()> {
    if n_components.saturating_mul(n_features) <= MOST_NUMBERS {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{algorithm} parameter n_components is {n_components} and there are {n_features} columns; together they take more \
         than the {MOST_NUMBERS} numbers that there is room for"
    )))
}

impl Transformer for Random {
    fn outputs(&self, n_features: usize) -> Result<Option<Outputs>> {
        let NumberOf::These(count) = self.n_components else { return Ok(None) };
        check_size(self.name, count, n_features)?;
        Ok(Some(Outputs::Others { word: self.word, count }))
    }

    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn FittedTransformer>> {
        let n_features = training.rows.n_features();
        let n_components = self.size(training.rows.count(), n_features)?;
        check_size(self.name, n_components, n_features)?;
        let (chance, root) = (Philox::new(training.seed), (n_components as f64).sqrt());
        let mut components = Vec::with_capacity(n_components * n_features);
        for row in 0..n_components {
            training.progress.report("drawing random factors", row as f64 / n_components as f64)?;
            let places = (row * n_features) as u64..((row + 1) * n_features) as u64;
            components.extend(places.map(|place| self.entries.draw(chance, place, n_features) / root));
        }
        let components = table(components, n_components, n_features);
        Projection::new(self.word, &components).finite(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Targets;
    use crate::model::tests::{fixture, trained};
    use ndarray::Array2;

    const WIDTH: usize = 400;

    fn drawn(entries: Entries, n_components: NumberOf, rows: &Array2<f64>) -> Result<Box<dyn FittedTransformer>> {
        let unfitted = Random { name: "a_projection", word: "p", entries, n_components, eps: 0.5 };
        trained(rows, &Targets::None, |training| unfitted.fit(training))
    }

    fn factors(entries: Entries) -> Vec<f64> {
        let projection = drawn(entries, NumberOf::These(100), &Array2::zeros((2, WIDTH))).unwrap();
        projection.arrays()[0].1.iter().map(|factor| factor * 10.0).collect()
    }

    /// Of 40,000 numbers; the bounds are five deviations of what is measured.
    #[test]
    fn factors_have_the_distribution_that_they_should() {
        let moment = |factors: &[f64], power| factors.iter().map(|it| it.powi(power)).sum::<f64>() / 40_000.0;
        let normal = factors(Entries::Normal);
        let sparse = factors(Entries::Sparse { density: None });

        assert!(moment(&normal, 1).abs() < 0.025 && (moment(&normal, 2) - 1.0).abs() < 0.036);
        assert!((moment(&normal, 4) - 3.0).abs() < 0.25);
        assert!(sparse.iter().all(|it| *it == 0.0 || (it.abs() - 20f64.sqrt()).abs() < 1e-12));
        let positive = sparse.iter().filter(|it| **it > 0.0).count();
        let negative = sparse.iter().filter(|it| **it < 0.0).count();
        assert!((843..1157).contains(&positive) && (843..1157).contains(&negative), "{positive} {negative}");
    }

    #[test]
    fn distances_stay_within_eps_with_as_many_columns_as_it_asks_for() {
        let rows = Array2::from_shape_fn((20, WIDTH), |(row, column)| ((row * 7919 + column * 104_729) % 1009) as f64);
        for entries in [Entries::Normal, Entries::Sparse { density: None }] {
            let projection = drawn(entries, NumberOf::All, &rows).unwrap();

            let projected = projection.transform(rows.clone());

            assert_eq!(projected.ncols(), 143);
            for one in 0..20 {
                for other in 0..one {
                    let squared = |of: &Array2<f64>| (&of.row(one) - &of.row(other)).map(|it| it * it).sum();
                    let ratio: f64 = squared(&projected) / squared(&rows);
                    assert!((0.5..1.5).contains(&ratio), "{entries:?}: {ratio}");
                }
            }
        }
    }

    #[test]
    fn as_many_columns_are_enough_as_scikit_learn_says() {
        let text = std::fs::read_to_string(fixture("oracles/gaussian_random_projection.json")).unwrap();
        let oracle: serde_json::Value = serde_json::from_str(&text).unwrap();
        for case in oracle["enough"].as_array().unwrap() {
            let [rows, eps, columns] = [0, 1, 2].map(|at| case[at].as_f64().unwrap());

            assert_eq!(enough_for(rows as usize, eps), columns as usize, "{case}");
        }
    }

    #[test]
    fn fewer_columns_than_are_asked_for_are_refused_with_advice() {
        let refused = drawn(Entries::Normal, NumberOf::All, &Array2::zeros((442, 10))).unwrap_err().to_string();

        assert!(refused.contains("of 442 rows takes 292 columns for eps 0.5, and there are 10"), "{refused}");
        assert!(drawn(Entries::Normal, NumberOf::All, &Array2::zeros((1, 10))).is_err());
        let room =
            drawn(Entries::Normal, NumberOf::These(10_000), &Array2::zeros((1, 20_000))).unwrap_err().to_string();
        assert!(room.contains("10000 and there are 20000 columns"), "{room}");
    }
}
