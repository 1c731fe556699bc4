//! Downhill, with momentum.

use super::objective::{Objective, Wanted};
use crate::error::Result;
use crate::model::archive::{Archive, State};
use crate::model::checkpoint::Checkpoint;

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
    /// What affinities are multiplied by.
    pub(super) exaggeration: f64,
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
    objective: &dyn Objective,
    places: Vec<f64>,
    iterations: std::ops::Range<usize>,
    rules: Rules,
    checkpoint: &Checkpoint<'_>,
    ask: &dyn Fn(usize) -> Result<()>,
) -> Result<End> {
    let (gains, steps) = (vec![1.0; places.len()], vec![0.0; places.len()]);
    let (best, next) = ((f64::INFINITY, iterations.start), iterations.start);
    let mut way = Way { places, gains, steps, best, next, has_ended: false };
    checkpoint.resume(&mut way)?;
    while way.next < iterations.end && !way.has_ended {
        let iteration = way.next;
        let looks = (iteration + 1).is_multiple_of(LOOK);
        let wanted = if looks { Wanted::Divergence } else { Wanted::Gradient };
        ask(iteration)?;
        let slope = objective.slope(&way.places, rules.exaggeration, wanted, &|| ask(iteration))?;
        let mut square = 0.0;
        let own = slope.gradient.into_iter().zip(&mut way.gains).zip(way.steps.iter_mut().zip(&mut way.places));
        for ((gradient, gain), (step, place)) in own {
            *gain = if *step * gradient < 0.0 { *gain + FASTER } else { *gain * SLOWER };
            *gain = gain.max(LEAST_GAIN);
            let gained = gradient * *gain;
            square += gained * gained;
            *step = (rules.momentum * *step - rules.learning_rate * gained).clamp(-FARTHEST, FARTHEST);
            *place = (*place + *step).clamp(-FARTHEST, FARTHEST);
        }
        way.next = iteration + 1;
        if looks {
            if slope.divergence < way.best.0 {
                way.best = (slope.divergence, iteration);
            } else if iteration - way.best.1 > rules.patience {
                way.has_ended = true;
            }
            way.has_ended |= square.sqrt() <= rules.min_grad_norm;
        }
        checkpoint.offer(way.next, &mut way)?;
    }
    Ok(End { places: way.places, next: way.next })
}

/// How far it is.
#[derive(Clone)]
struct Way {
    places: Vec<f64>,
    gains: Vec<f64>,
    steps: Vec<f64>,
    /// The least divergence that was seen, and in which iteration.
    best: (f64, usize),
    /// The next iteration.
    next: usize,
    has_ended: bool,
}

impl State for Way {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<()> {
        let all = [&mut self.places, &mut self.gains, &mut self.steps];
        all.into_iter().try_for_each(|numbers| archive.numbers(numbers))?;
        archive.number(&mut self.best.0)?;
        archive.count(&mut self.best.1)?;
        archive.count(&mut self.next)?;
        archive.flag(&mut self.has_ended)
    }
}
