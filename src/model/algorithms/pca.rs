//! The directions in which rows vary most.

use super::components::NumberOf;
use crate::error::{Error, Result};
use crate::model::arrays::{Arrays, damaged};
use crate::model::numerics::PrincipalAxes;
use crate::model::projection::{Projection, stored_components};
use crate::model::{
    About, Algorithm, FittedStep, FittedTransformer, Inputs, Kind, Outputs, ParameterSpec, Parameters, Range, Training,
    Transformer, UnfittedStep,
};
use ndarray::{Array1, Array2, Axis};

const NAME: &str = "pca";
/// What `n_components` may be.
static COUNTS: [Range; 3] = [Range::Integer(1, 10_000), Range::Number(1e-6, 0.999_999), Range::OneOf(&["all"])];

/// Puts out the directions in which rows vary most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pca;

impl Algorithm for Pca {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Transformer,
            summary: "Puts out, in place of its columns, those directions in which rows vary most.",
            details: &[
                "`z = (x - mean) V`, where the columns of `V` are the right singular vectors of the centred rows, those of \
                 the largest singular values `s` first; of each the entry of largest magnitude is positive. \
                 `explained_variance` is `s^2 / (n - 1)`. `whiten` divides each `z` by its root, so that its variance is \
                 1; one that does not vary, but for rounding, stays as it is.",
                "Columns are named `pca0`, `pca1`, … Those of larger numbers count for more: scale them first if their \
                 units differ, for example with `standard_scaler`.",
                "H. Hotelling, \"Analysis of a complex of statistical variables into principal components\" (1933), \
                 doi:10.1037/h0071325; signs as in R. Bro, E. Acar, T. G. Kolda, \"Resolving the sign ambiguity in the \
                 singular value decomposition\" (2008), doi:10.1002/cem.1122, and scikit-learn. The singular values are \
                 those of the triangle of a QR decomposition in pieces, by one-sided Jacobi rotations. Work grows with \
                 the cube of columns.",
                "Its metric is `explained_variance_ratio`: the share of the variance of its columns that is put out.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let meaning = "Directions that are put out; a share: as few as explain more than this share of the variance; \
                       \"all\": as many as rows or columns, whichever are fewer.";
        let whiten = "Divide each direction by its standard deviation.";
        vec![NumberOf::parameter(&COUNTS, "all", meaning), ParameterSpec::flag("whiten", false, whiten)]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        let (n_components, whiten) = (NumberOf::components(parameters), parameters.flag("whiten"));
        UnfittedStep::Transformer(Box::new(Principal { n_components, whiten }))
    }

    fn load(&self, parameters: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        let components = stored_components(arrays, inputs.n_features)?;
        let mean = arrays.take("mean", inputs.n_features)?;
        let variance = arrays.take("explained_variance", components.nrows())?;
        let projection = Projection::new(NAME, &components).centred(mean);
        let projection = if parameters.flag("whiten") {
            let scale = arrays.take("scale", components.nrows())?;
            if scale.iter().any(|scale| *scale <= 0.0) {
                return Err(damaged("a scale is not greater than 0"));
            }
            projection.scaled(scale)
        } else {
            projection
        };
        Ok(FittedStep::Transformer(Box::new(projection.with("explained_variance", variance.into_dyn()))))
    }
}

#[derive(Debug)]
struct Principal {
    n_components: NumberOf,
    whiten: bool,
}

impl Transformer for Principal {
    fn outputs(&self, n_features: usize) -> Result<Option<Outputs>> {
        self.n_components.outputs(NAME, NAME, n_features)
    }

    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn FittedTransformer>> {
        let found = PrincipalAxes::of(training, NAME)?;
        let variances = found.variances();
        let squares = found.lengths.map(|length| length * length);
        let (n_axes, n_features) = found.axes.dim();
        let n_components = match self.n_components {
            NumberOf::All => n_axes,
            NumberOf::Share(share) => explaining(&squares, share),
            NumberOf::These(count) if count <= n_axes => count,
            NumberOf::These(count) => {
                return Err(Error::invalid(format!(
                    "pca parameter n_components is {count} and there are {} rows of {n_features} columns; at most {n_axes} \
                     are there",
                    training.rows.len()
                )));
            }
        };
        let components = signed(found.axes.view().split_at(Axis(0), n_components).0.to_owned());
        let ratio = squares.iter().take(n_components).sum::<f64>() / squares.sum();
        let projection = Projection::new(NAME, &components).centred(found.mean.clone());
        let projection = if self.whiten { projection.scaled(deviations(&found, n_components)) } else { projection };
        let variances: Array1<f64> = variances.into_iter().take(n_components).collect();
        projection
            .with("explained_variance", variances.into_dyn())
            .measured("explained_variance_ratio", ratio)
            .finite(NAME)
    }
}

/// The standard deviation along each of so many axes; 1 where there is none but for rounding.
fn deviations(found: &PrincipalAxes, n_components: usize) -> Array1<f64> {
    let (rank, root) = (found.rank(), (found.weight - 1.0).sqrt());
    let deviation = |(at, length): (usize, &f64)| if at < rank { length / root * found.unit } else { 1.0 };
    found.lengths.iter().enumerate().take(n_components).map(deviation).collect()
}

/// As few as explain more than this share.
fn explaining(squares: &Array1<f64>, share: f64) -> usize {
    let (total, mut sum) = (squares.sum(), 0.0);
    let enough = squares.iter().position(|square| {
        sum += square;
        sum > share * total
    });
    enough.map_or(squares.len(), |last| last + 1)
}

/// With signs such that of each row the entry of largest magnitude, the first one of equals, is positive.
fn signed(mut axes: Array2<f64>) -> Array2<f64> {
    for mut axis in axes.rows_mut() {
        let largest =
            axis.iter().fold(0.0f64, |largest, value| if value.abs() > largest.abs() { *value } else { largest });
        if largest < 0.0 {
            axis.iter_mut().for_each(|value| *value = -*value);
        }
    }
    axes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Targets;
    use crate::model::tests::trained;
    use approx::assert_abs_diff_eq;
    use ndarray::array;

    fn fitted(n_components: NumberOf, whiten: bool, features: &Array2<f64>) -> Result<Box<dyn FittedTransformer>> {
        trained(features, &Targets::None, |training| Principal { n_components, whiten }.fit(training))
    }

    fn cross() -> Array2<f64> {
        array![[3.0, 1.0], [-1.0, 1.0], [1.0, 2.0], [1.0, 0.0]]
    }

    #[test]
    fn rows_on_a_cross_vary_along_its_arms() {
        let pca = fitted(NumberOf::All, false, &cross()).unwrap();

        assert_abs_diff_eq!(
            pca.transform(cross()),
            array![[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]],
            epsilon = 1e-15
        );
        assert_eq!(pca.metrics(), [("explained_variance_ratio", 1.0)]);
    }

    #[test]
    fn a_share_of_the_variance_takes_as_few_directions_as_explain_more() {
        let count = |share| fitted(NumberOf::Share(share), false, &cross()).unwrap().transform(cross()).ncols();

        assert_eq!([0.1, 0.79, 0.81, 0.999].map(count), [1, 1, 2, 2]);
    }

    #[test]
    fn whitened_columns_have_variance_one_at_every_scale() {
        for scale in [1e-250, 1.0, 1e140] {
            let rows = cross() * scale;

            let white = fitted(NumberOf::All, true, &rows).unwrap().transform(rows);

            assert_abs_diff_eq!(white.var_axis(Axis(0), 1.0), array![1.0, 1.0], epsilon = 1e-14);
        }
    }

    #[test]
    fn a_direction_in_which_nothing_varies_is_not_blown_up() {
        let line = array![[1.0, 2.0], [2.0, 4.0], [6.0, 12.0]];

        let white = fitted(NumberOf::All, true, &line).unwrap().transform(line);

        assert!(white.column(1).iter().all(|value| value.abs() < 1e-13), "{white}");
    }

    #[test]
    fn more_directions_than_rows_or_columns_and_variances_beyond_floats_are_refused() {
        let few = fitted(NumberOf::These(2), false, &array![[1.0, 2.0, 3.0]]).unwrap_err().to_string();
        let many =
            fitted(NumberOf::These(3), false, &array![[1.0, 2.0, 3.0], [2.0, 1.0, 7.0]]).unwrap_err().to_string();
        let large = fitted(NumberOf::All, false, &(cross() * 1e200)).unwrap_err().to_string();

        assert!(few.contains("there are 1 of weight 1"), "{few}");
        assert!(many.contains("n_components is 3 and there are 2 rows of 3 columns; at most 2"), "{many}");
        assert!(large.contains("explained_variance of pca is beyond the range of floats"), "{large}");
    }
}
