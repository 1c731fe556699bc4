//! Downhill, with momentum.

use super::objective::{Objective, Wanted};
use crate::error::Result;

/// The divergence is looked at so often.
const LOOK: usize = 50;
/// Iterations in which what is close is exaggerated.
pub(super) const EARLY: usize = 250;
/// Coordinates whose gradient keeps its direction go faster, and others slower, down to a share of the learning rate.
const FASTER: f64 = 0.2;
const SLOWER: f64 = 0.8;
const LEAST_GAIN: f64 = 0.01;
/// Largest step and coordinate that still have a next one.
const FARTHEST: f64 = 1e100;

/// How to go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) learning_rate: f64,
    pub(super) momentum: f64,
    /// Iterations that may pass without a smaller divergence.
    pub(super) patience: usize,
    /// A gradient that is no longer ends it.
    pub(super) min_grad_norm: f64,
}

/// Where it ended.
#[derive(Debug)]
pub(super) struct End {
    pub(super) places: Vec<f64>,
    /// The iteration after the last one.
    pub(super) next: usize,
}

/// Iterations of R. A. Jacobs, "Increased rates of convergence through learning rate adaptation" (1988),
/// doi:10.1016/0893-6080(88)90003-2, in the order and with the constants of scikit-learn. `ask` is told the iteration.
///
/// # Errors
/// What `ask` answers.
pub(super) fn descend(
    objective: &Objective<'_>,
    mut places: Vec<f64>,
    iterations: std::ops::Range<usize>,
    rules: Rules,
    ask: &dyn Fn(usize) -> Result<()>,
) -> Result<End> {
    let (mut gains, mut steps) = (vec![1.0_f64; places.len()], vec![0.0; places.len()]);
    let mut best = (f64::INFINITY, iterations.start);
    let mut next = iterations.start;
    for iteration in iterations.clone() {
        let looks = (iteration + 1) % LOOK == 0;
        let wanted = if looks { Wanted::Divergence } else { Wanted::Gradient };
        ask(iteration)?;
        let slope = objective.slope(&places, wanted, &|| ask(iteration))?;
        let mut square = 0.0;
        let own = slope.gradient.into_iter().zip(&mut gains).zip(steps.iter_mut().zip(&mut places));
        for ((gradient, gain), (step, place)) in own {
            *gain = if *step * gradient < 0.0 { *gain + FASTER } else { *gain * SLOWER };
            *gain = gain.max(LEAST_GAIN);
            let gained = gradient * *gain;
            square += gained * gained;
            *step = (rules.momentum * *step - rules.learning_rate * gained).clamp(-FARTHEST, FARTHEST);
            *place = (*place + *step).clamp(-FARTHEST, FARTHEST);
        }
        next = iteration + 1;
        if looks {
            if slope.divergence < best.0 {
                best = (slope.divergence, iteration);
            } else if iteration - best.1 > rules.patience {
                break;
            }
            if square.sqrt() <= rules.min_grad_norm {
                break;
            }
        }
    }
    Ok(End { places, next })
}
