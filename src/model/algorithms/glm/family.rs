//! What a generalized linear model takes its targets for: Tweedie's families.

use crate::error::{Error, Result};
use crate::model::linear_model::Link;

/// Targets whose variance grows as `mean^power`: 0 is normal, 1 Poisson, 2 gamma, 3 inverse Gaussian.
#[derive(Clone, Copy, Debug)]
pub(super) struct Family {
    pub(super) power: f64,
    pub(super) link: Link,
}

/// What one row adds to the loss.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    /// Half the deviance, up to what the target alone decides. Not finite where there is no such mean.
    pub(super) value: f64,
    /// Its derivative in the score.
    pub(super) slope: f64,
}

impl Family {
    /// What a row of this score and target adds.
    pub(super) fn term(self, score: f64, target: f64) -> Term {
        match self.link {
            Link::Log => self.of_logarithm(score, target),
            Link::Identity if self.power == 0.0 => {
                let residual = score - target;
                Term { value: 0.5 * residual * residual, slope: residual }
            }
            Link::Identity if score > 0.0 => {
                let Term { value, slope } = self.of_logarithm(score.ln(), target);
                Term { value, slope: slope / score }
            }
            Link::Identity => Term { value: f64::INFINITY, slope: 0.0 },
        }
    }

    /// `mu^(2 - p) / (2 - p) - y mu^(1 - p) / (1 - p)`, with `ln mu` for `mu^0 / 0`, less its value at `mu = 1`.
    fn of_logarithm(self, log_mean: f64, target: f64) -> Term {
        let (grown, factor) = growth(2.0 - self.power, log_mean);
        if target == 0.0 {
            return Term { value: grown, slope: factor }; // The other terms may be infinite.
        }
        let (met, share) = growth(1.0 - self.power, log_mean);
        Term { value: grown - target * met, slope: factor - target * share }
    }

    /// The expected second derivative of a row's term in its score, at this score.
    pub(super) fn curvature(self, score: f64) -> f64 {
        match self.link {
            Link::Log => ((2.0 - self.power) * score).exp(),
            Link::Identity if self.power == 0.0 => 1.0,
            Link::Identity => score.powf(-self.power),
        }
    }

    /// That targets can be of this family.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] that names the first row which cannot, and its value.
    pub(super) fn check(self, algorithm: &str, targets: &[f64]) -> Result<()> {
        let (is_taken, taken): (fn(f64) -> bool, _) = match self.power {
            power if power >= 2.0 => (|target| target > 0.0, "above 0; leave the row out, or use poisson_regressor"),
            power if power >= 1.0 => (|target| target >= 0.0, "0 or greater; leave the row out, or use ridge"),
            _ => return Ok(()),
        };
        match targets.iter().position(|target| !is_taken(*target)) {
            None => Ok(()),
            Some(row) => Err(Error::invalid(format!(
                "the target in row {row} (from 0) is {} and {algorithm} takes numbers that are {taken}",
                targets[row]
            ))),
        }
    }
}

/// The integral of `e^(k t)` from 0 to `x`, and `e^(k x)`.
fn growth(k: f64, x: f64) -> (f64, f64) {
    if k == 0.0 {
        return (x, 1.0);
    }
    let beyond_one = (k * x).exp_m1();
    (beyond_one / k, beyond_one + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn the_slope_is_the_derivative_of_the_value() {
        for (power, link) in [(0.0, Link::Log), (1.0, Link::Log), (1.5, Link::Log), (2.0, Link::Log), (3.0, Link::Log)]
            .into_iter()
            .chain([-1.0, 0.0, 1.0, 1.5, 2.0, 3.0].map(|power| (power, Link::Identity)))
        {
            let family = Family { power, link };
            for (score, target) in [(0.3, 2.5), (1.7, 0.4), (0.9, 0.9)] {
                let value = |score| family.term(score, target).value;

                let slope = (value(score + 1e-6) - value(score - 1e-6)) / 2e-6;

                assert_relative_eq!(family.term(score, target).slope, slope, epsilon = 1e-8, max_relative = 1e-6);
            }
        }
    }

    /// Of a target and a mean.
    type HalfDeviance = fn(f64, f64) -> f64;

    #[test]
    fn the_value_is_half_the_deviance_up_to_a_constant_of_the_target() {
        // Of McCullagh and Nelder, table 2.1.
        let poisson = |y: f64, mean: f64| y * (y / mean).ln() - (y - mean);
        let gamma = |y: f64, mean: f64| -(y / mean).ln() + (y - mean) / mean;
        let inverse_gaussian = |y: f64, mean: f64| (y - mean).powi(2) / (mean * mean * y) / 2.0;
        let cases: [(f64, HalfDeviance); 3] = [(1.0, poisson), (2.0, gamma), (3.0, inverse_gaussian)];
        for (power, half) in cases {
            for (y, mean) in [(2.5, 0.7), (0.1, 3.0)] {
                let family = Family { power, link: Link::Log };
                let value = |mean: f64| family.term(mean.ln(), y).value;

                assert_relative_eq!(value(mean) - value(y), half(y, mean) - half(y, y), max_relative = 1e-12);
            }
        }
    }

    #[test]
    fn a_mean_that_is_not_above_zero_is_worse_than_any_other() {
        let family = Family { power: 1.0, link: Link::Identity };

        assert!([0.0, -1.0].iter().all(|score| family.term(*score, 0.0).value == f64::INFINITY));
    }

    #[test]
    fn nothing_happening_costs_the_mean_alone_even_where_powers_of_it_overflow() {
        let family = Family { power: 1.9, link: Link::Log };

        let term = family.term(-1000.0, 0.0);

        assert!((term.value + 10.0).abs() < 1e-12 && (0.0..1e-12).contains(&term.slope), "{term:?}");
    }

    #[test]
    fn a_target_outside_the_family_is_refused_with_its_row_and_value() {
        let of = |power, targets: &[f64]| Family { power, link: Link::Log }.check("tweedie_regressor", targets);

        let (negative, zero) = (of(1.5, &[0.0, -0.5]).unwrap_err(), of(2.0, &[1.0, 0.0]).unwrap_err());

        let expected = "the target in row 1 (from 0) is -0.5 and tweedie_regressor takes numbers that are 0 or greater";
        assert!(negative.to_string().starts_with(expected), "{negative}");
        assert!(zero.to_string().contains("is 0 and") && zero.to_string().contains("above 0"), "{zero}");
        assert!(of(0.0, &[-1.0]).is_ok() && of(-1.0, &[-1.0]).is_ok() && of(1.0, &[0.0]).is_ok());
    }
}
