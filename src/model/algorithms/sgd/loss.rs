//! What an answer costs, and how that grows with its score.

use crate::model::classification::sigmoid;
use crate::model::{ParameterSpec, Parameters};

/// The loss of one score. Classes are targets 1 and -1.
#[derive(Clone, Copy, Debug)]
pub(super) enum Loss {
    /// Half the squared difference.
    SquaredError,
    /// Half the squared difference up to `epsilon`, and linear beyond.
    Huber { epsilon: f64 },
    /// How far the difference is beyond `epsilon`.
    EpsilonInsensitive { epsilon: f64 },
    /// The square of that.
    SquaredEpsilonInsensitive { epsilon: f64 },
    /// How far a score is below its margin: 1, and of a perceptron 0.
    Hinge { margin: f64 },
    /// The square of that, of margin 1.
    SquaredHinge,
    /// `ln(1 + exp(-target score))`
    Logistic,
    /// The squared hinge, and linear below -1.
    ModifiedHuber,
}

impl Loss {
    pub(super) fn of_numbers() -> ParameterSpec {
        let words = &["squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"];
        ParameterSpec::one_of("loss", words, "What the difference to a target costs.")
    }

    pub(super) fn of_classes() -> ParameterSpec {
        let words = &["hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron"];
        let meaning = "What a score costs; log_loss and modified_huber give probabilities that mean something.";
        ParameterSpec::one_of("loss", words, meaning)
    }

    pub(super) fn of(parameters: &Parameters) -> Self {
        let epsilon = || parameters.number("epsilon");
        match parameters.text("loss") {
            "huber" => Self::Huber { epsilon: epsilon() },
            "epsilon_insensitive" => Self::EpsilonInsensitive { epsilon: epsilon() },
            "squared_epsilon_insensitive" => Self::SquaredEpsilonInsensitive { epsilon: epsilon() },
            "hinge" => Self::Hinge { margin: 1.0 },
            "perceptron" => Self::Hinge { margin: 0.0 },
            "squared_hinge" => Self::SquaredHinge,
            "log_loss" => Self::Logistic,
            "modified_huber" => Self::ModifiedHuber,
            _ => Self::SquaredError,
        }
    }

    /// What a score costs, and the derivative of that by the score.
    pub(super) fn at(self, target: f64, score: f64) -> (f64, f64) {
        let (difference, agreement) = (score - target, target * score);
        // What is no number stays none.
        let beyond = |epsilon: f64| if difference.abs() <= epsilon { 0.0 } else { difference.abs() - epsilon };
        match self {
            Self::SquaredError => (0.5 * difference * difference, difference),
            Self::Huber { epsilon } if difference.abs() <= epsilon => (0.5 * difference * difference, difference),
            Self::Huber { epsilon } => (epsilon * (difference.abs() - 0.5 * epsilon), epsilon.copysign(difference)),
            Self::EpsilonInsensitive { epsilon } => {
                let slope = if difference.abs() > epsilon { 1f64.copysign(difference) } else { 0.0 };
                (beyond(epsilon), slope)
            }
            Self::SquaredEpsilonInsensitive { epsilon } => {
                let beyond = beyond(epsilon);
                (beyond * beyond, 2.0 * beyond.copysign(difference))
            }
            Self::Hinge { margin } if agreement <= margin => (margin - agreement, -target),
            Self::SquaredHinge if agreement < 1.0 => {
                let below = 1.0 - agreement;
                (below * below, -2.0 * target * below)
            }
            Self::ModifiedHuber if agreement < -1.0 => (-4.0 * agreement, -4.0 * target),
            Self::ModifiedHuber if agreement < 1.0 => {
                let below = 1.0 - agreement;
                (below * below, -2.0 * target * below)
            }
            Self::Logistic => {
                let below = if agreement > 0.0 { 0.0 } else { -agreement };
                let loss = below + (-agreement.abs()).exp().ln_1p();
                (loss, -target * sigmoid(-agreement))
            }
            // A score that is no number has no loss that is one.
            Self::Hinge { .. } | Self::SquaredHinge | Self::ModifiedHuber if agreement.is_nan() => (f64::NAN, 0.0),
            Self::Hinge { .. } | Self::SquaredHinge | Self::ModifiedHuber => (0.0, 0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Loss; 9] = [
        Loss::SquaredError,
        Loss::Huber { epsilon: 0.3 },
        Loss::EpsilonInsensitive { epsilon: 0.3 },
        Loss::SquaredEpsilonInsensitive { epsilon: 0.3 },
        Loss::Hinge { margin: 1.0 },
        Loss::Hinge { margin: 0.0 },
        Loss::SquaredHinge,
        Loss::Logistic,
        Loss::ModifiedHuber,
    ];

    #[test]
    fn slopes_are_those_of_the_losses() {
        let step = 1e-6;
        for loss in ALL {
            for (target, score) in [(1.0, -3.1), (1.0, -0.4), (1.0, 0.6), (1.0, 2.2), (-1.0, -2.3), (-1.0, 0.45)] {
                let between = (loss.at(target, score + step).0 - loss.at(target, score - step).0) / (2.0 * step);

                let (_, slope) = loss.at(target, score);

                assert!((slope - between).abs() < 1e-7, "{loss:?} of {target} and {score}: {slope}, {between}");
            }
        }
    }

    #[test]
    fn a_score_that_is_no_number_has_no_loss_that_is_one() {
        for loss in ALL {
            assert!(loss.at(1.0, f64::NAN).0.is_nan(), "{loss:?}");
        }
    }
}
