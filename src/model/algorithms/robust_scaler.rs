//! Columns of median 0, scaled by quantiles, which a few rows far away do not move.

use crate::error::{Error, Result};
use crate::model::arrays::Arrays;
use crate::model::column_scaling::{ColumnScaling, not_zero};
use crate::model::crew::share_out;
use crate::model::{
    About, Algorithm, FittedStep, FittedTransformer, Inputs, Kind, ParameterSpec, Parameters, Training, Transformer,
    UnfittedStep,
};

const NAME: &str = "robust_scaler";
/// What is subtracted.
const SHIFT: &str = "center";

/// Shifts and scales each column by its quantiles.
#[derive(Clone, Copy, Debug)]
pub(super) struct RobustScaler;

impl Algorithm for RobustScaler {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Transformer,
            summary: "Shifts and scales each column by its median and quantiles.",
            details: &[
                "Subtracts the median of each column and divides by the distance between two quantiles, which a few rows that are far \
                 away do not move.",
                "`z = (x - median) / (q_high - q_low)`. A quantile `q` of `n` sorted numbers stands at place `q (n - 1)`, from 0, and is \
                 interpolated linearly between its neighbours: R. J. Hyndman, Y. Fan, \"Sample quantiles in statistical packages\" (1996), \
                 definition 7. A row of weight 2 is two of them. A distance below 2.3e-15 counts as 1, as in scikit-learn.",
            ],
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        vec![
            ParameterSpec::flag("with_centering", true, "Subtract the median of each column."),
            ParameterSpec::flag("with_scaling", true, "Divide each column by the distance of its quantiles."),
            ParameterSpec::interval("quantile_range", [25.0, 75.0], (0.0, 100.0), "The two quantiles, in percent."),
        ]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Transformer(Box::new(Scaler {
            with_centering: parameters.flag("with_centering"),
            with_scaling: parameters.flag("with_scaling"),
            percents: parameters.interval("quantile_range"),
        }))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, inputs: &Inputs) -> Result<FittedStep> {
        ColumnScaling::load(SHIFT, arrays, inputs)
    }
}

#[derive(Clone, Copy, Debug)]
struct Scaler {
    with_centering: bool,
    with_scaling: bool,
    percents: [f64; 2],
}

impl Transformer for Scaler {
    fn fit(&self, training: &Training<'_>) -> Result<Box<dyn FittedTransformer>> {
        let (rows, width) = (training.rows, training.rows.n_features());
        let report = |done: usize| training.progress.report(&format!("fitting {NAME}"), done as f64 / width as f64);
        let columns = share_out(width, training.threads, &report, |column, ask| {
            ask()?;
            let numbers = rows.values().iter().skip(column).step_by(width).copied();
            Ok(self.of_column(Numbers::of(numbers, rows.weights)))
        })?;
        match columns.iter().position(|(center, scale)| !center.is_finite() || !scale.is_finite()) {
            None => {
                let (centers, scales): (Vec<f64>, Vec<f64>) = columns.into_iter().unzip();
                Ok(Box::new(ColumnScaling::new(SHIFT, centers.into(), scales.into())))
            }
            Some(position) => Err(Error::column(
                position,
                format!("has quantiles whose difference overflows in {NAME}; take a larger unit, or max_abs_scaler"),
            )),
        }
    }
}

impl Scaler {
    /// What is subtracted, and what it is divided by.
    fn of_column(&self, mut numbers: Numbers) -> (f64, f64) {
        let center = if self.with_centering { numbers.quantile(0.5) } else { 0.0 };
        if !self.with_scaling {
            return (center, 1.0);
        }
        let [low, high] = self.percents.map(|percent| numbers.quantile(percent / 100.0));
        (center, not_zero(high - low))
    }
}

/// At least one.
enum Numbers {
    /// Each counts once.
    Equal(Vec<f64>),
    /// Sorted, with the weight of each and those before it.
    Weighted(Vec<(f64, f64)>),
}

impl Numbers {
    fn of(numbers: impl Iterator<Item = f64>, weights: &[f64]) -> Self {
        if weights.iter().all(|weight| *weight == 1.0) {
            return Self::Equal(numbers.collect());
        }
        let mut weighted: Vec<(f64, f64)> = numbers.zip(weights.iter().copied()).collect();
        weighted.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut sum = 0.0;
        for (_, weight) in &mut weighted {
            sum += *weight;
            *weight = sum;
        }
        Self::Weighted(weighted)
    }

    fn count(&self) -> f64 {
        match self {
            Self::Equal(numbers) => numbers.len() as f64,
            Self::Weighted(sorted) => sorted.last().map_or(0.0, |(_, sum)| *sum),
        }
    }

    fn quantile(&mut self, share: f64) -> f64 {
        let place = share * (self.count() - 1.0).max(0.0);
        let [low, high] = self.neighbours(place.floor());
        let between = place.fract();
        // From the nearer end, so that both ends are met exactly.
        if between < 0.5 { low + (high - low) * between } else { high - (high - low) * (1.0 - between) }
    }

    /// The number at a place, from 0, and the one behind it, or once more the last.
    fn neighbours(&mut self, place: f64) -> [f64; 2] {
        match self {
            Self::Equal(numbers) => {
                let (_, &mut low, above) = numbers.select_nth_unstable_by(place as usize, f64::total_cmp);
                [low, above.iter().copied().reduce(f64::min).unwrap_or(low)]
            }
            Self::Weighted(sorted) => [place, place + 1.0].map(|place| {
                let at = sorted.partition_point(|(_, sum)| *sum <= place);
                sorted[at.min(sorted.len() - 1)].0
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Targets;
    use crate::model::tests::trained;
    use ndarray::{Array2, array};

    fn scaled(scaler: Scaler, features: Array2<f64>) -> Array2<f64> {
        trained(&features, &Targets::None, |training| scaler.fit(training).unwrap().transform(features.clone()))
    }

    const BOTH: Scaler = Scaler { with_centering: true, with_scaling: true, percents: [25.0, 75.0] };

    #[test]
    fn quantiles_are_between_neighbours() {
        let mut numbers = Numbers::of([7.0, 1.0, 3.0, 2.0].into_iter(), &[1.0; 4]);

        assert_eq!([0.0, 0.25, 0.5, 1.0].map(|share| numbers.quantile(share)), [1.0, 1.75, 2.5, 7.0]);
    }

    #[test]
    fn a_number_of_weight_two_is_there_twice() {
        let mut weighted = Numbers::of([7.0, 1.0, 3.0].into_iter(), &[1.0, 2.0, 1.0]);
        let mut repeated = Numbers::of([7.0, 1.0, 3.0, 1.0].into_iter(), &[1.0; 4]);

        for share in [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0] {
            assert_eq!(weighted.quantile(share), repeated.quantile(share), "{share}");
        }
    }

    #[test]
    fn one_row_far_away_moves_nothing() {
        let (near, far) = (array![[1.0], [2.0], [3.0], [4.0], [5.0]], array![[1.0], [2.0], [3.0], [4.0], [5e9]]);

        assert_eq!(scaled(BOTH, near), array![[-1.0], [-0.5], [0.0], [0.5], [1.0]]);
        assert_eq!(scaled(BOTH, far).column(0).to_vec()[..4], [-1.0, -0.5, 0.0, 0.5]);
    }

    #[test]
    fn a_column_of_which_most_are_the_same_is_only_shifted() {
        assert_eq!(
            scaled(BOTH, array![[2.0], [2.0], [2.0], [2.0], [9.0]]).column(0).to_vec(),
            [0.0, 0.0, 0.0, 0.0, 7.0]
        );
    }

    #[test]
    fn median_and_distance_can_be_left_alone() {
        let features = || array![[1.0], [3.0], [5.0]];

        assert_eq!(scaled(Scaler { with_scaling: false, ..BOTH }, features()), array![[-2.0], [0.0], [2.0]]);
        assert_eq!(scaled(Scaler { with_centering: false, ..BOTH }, features()), array![[0.5], [1.5], [2.5]]);
    }
}
