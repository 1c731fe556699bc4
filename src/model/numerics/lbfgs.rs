//! A minimiser for smooth functions whose every loop is bounded.
//!
//! Two-loop recursion: J. Nocedal, "Updating quasi-Newton matrices with limited storage" (1980),
//! doi:10.1090/S0025-5718-1980-0572855-7. Line search: bisection to the weak Wolfe conditions, A. S. Lewis, M. L. Overton,
//! "Nonsmooth optimization via quasi-Newton methods" (2013), doi:10.1007/s10107-012-0514-2.

use crate::error::Result;
use crate::model::archive::{Archive, State};
use crate::model::checkpoint::Checkpoint;
use ndarray::{Array1, Zip};

/// Steps that are remembered.
const MEMORY: usize = 10;
/// Trials of a line search; 60 halvings leave nothing of a step.
const MAX_TRIALS: usize = 60;
/// The shares of the promised decrease that a step must keep, and of the slope that it may keep.
const DECREASE: f64 = 1e-4;
const SLOPE: f64 = 0.9;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(in crate::model) struct Limits {
    /// Most steps.
    pub(in crate::model) max_iter: usize,
    /// Stop when the norm of the gradient is below.
    pub(in crate::model) tol: f64,
}

/// A point with value and gradient of the function there.
#[derive(Clone, Debug)]
pub(in crate::model) struct Point {
    pub(in crate::model) at: Array1<f64>,
    pub(in crate::model) value: f64,
    pub(in crate::model) gradient: Array1<f64>,
}

/// The lowest point found from `start`, downhill at each step. `curvature` is a guess of the second derivative in each
/// coordinate, greater than 0: it makes the path independent of the units of the coordinates. Where the function is not finite
/// counts as uphill. `ask` is told the number of each step, from 0, and the value before it; `checkpoint` sees each of them.
///
/// # Errors
/// What the function or `ask` answers.
pub(in crate::model) fn minimise(
    start: Array1<f64>,
    curvature: &Array1<f64>,
    limits: Limits,
    checkpoint: &Checkpoint<'_>,
    function: impl Fn(&Array1<f64>) -> Result<(f64, Array1<f64>)>,
    ask: impl Fn(usize, f64) -> Result<()>,
) -> Result<Array1<f64>> {
    let evaluate = |at: Array1<f64>| {
        let (value, gradient) = function(&at)?;
        Ok(Point { at, value, gradient })
    };
    let mut way =
        Way { point: evaluate(start)?, memory: Memory { steps: vec![], curvature }, number: 0, has_ended: false };
    checkpoint.resume(&mut way)?;
    while way.number < limits.max_iter && !way.has_ended {
        ask(way.number, way.point.value)?;
        if way.point.gradient.dot(&way.point.gradient).sqrt() < limits.tol {
            break;
        }
        let direction = way.memory.direction(&way.point.gradient);
        match line_search(&way.point, &direction, evaluate)? {
            Some(next) => {
                way.memory.remember(&next.at - &way.point.at, &next.gradient - &way.point.gradient);
                way.point = next;
            }
            None => way.has_ended = true,
        }
        way.number += 1;
        checkpoint.offer(way.number, &mut way)?;
    }
    Ok(way.point.at)
}

/// How far it is.
#[derive(Clone)]
struct Way<'a> {
    point: Point,
    memory: Memory<'a>,
    /// Of the next step.
    number: usize,
    has_ended: bool,
}

impl State for Way<'_> {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<()> {
        let Point { at, value, gradient } = &mut self.point;
        archive.numbers(at.iter_mut())?;
        archive.number(value)?;
        archive.numbers(gradient.iter_mut())?;
        let blank = || (Array1::zeros(at.len()), Array1::zeros(at.len()));
        archive.list(&mut self.memory.steps, blank, |(step, change), archive| {
            archive.numbers(step.iter_mut())?;
            archive.numbers(change.iter_mut())
        })?;
        archive.count(&mut self.number)?;
        archive.flag(&mut self.has_ended)
    }
}

/// Recent steps, and how the gradient changed over each.
#[derive(Clone)]
struct Memory<'a> {
    /// The oldest first.
    steps: Vec<(Array1<f64>, Array1<f64>)>,
    curvature: &'a Array1<f64>,
}

impl Memory<'_> {
    fn remember(&mut self, step: Array1<f64>, change: Array1<f64>) {
        // Rounding can make the curvature of a tiny step negative; it would point uphill.
        if step.dot(&change) <= 0.0 {
            return;
        }
        if self.steps.len() == MEMORY {
            self.steps.remove(0);
        }
        self.steps.push((step, change));
    }

    fn direction(&self, gradient: &Array1<f64>) -> Array1<f64> {
        let mut direction = -gradient;
        let mut shares = Vec::with_capacity(self.steps.len());
        for (step, change) in self.steps.iter().rev() {
            let share = step.dot(&direction) / step.dot(change);
            direction.scaled_add(-share, change);
            shares.push(share);
        }
        direction /= self.curvature;
        if let Some((step, change)) = self.steps.last() {
            direction *= step.dot(change) / change.dot(&(change / self.curvature));
        }
        for ((step, change), share) in self.steps.iter().zip(shares.iter().rev()) {
            let correction = share - change.dot(&direction) / step.dot(change);
            direction.scaled_add(correction, step);
        }
        direction
    }
}

/// The next point in this direction; `None` if none is lower.
fn line_search(
    from: &Point,
    direction: &Array1<f64>,
    evaluate: impl Fn(Array1<f64>) -> Result<Point>,
) -> Result<Option<Point>> {
    let slope = from.gradient.dot(direction);
    if slope >= 0.0 || !slope.is_finite() {
        return Ok(None);
    }
    let (mut near, mut far, mut step) = (0.0, f64::INFINITY, 1.0);
    let mut lower = None;
    for _ in 0..MAX_TRIALS {
        let at = Zip::from(&from.at).and(direction).map_collect(|at, direction| at + step * direction);
        let tried = evaluate(at)?;
        let falls = tried.value <= from.value + DECREASE * step * slope && tried.value < from.value;
        if !falls {
            far = step;
        } else if tried.gradient.dot(direction) < SLOPE * slope {
            near = step;
            lower = Some(tried);
        } else {
            return Ok(Some(tried));
        }
        step = if far.is_finite() { f64::midpoint(near, far) } else { 2.0 * step };
    }
    Ok(lower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::quiet;
    use approx::assert_abs_diff_eq;
    use ndarray::array;

    const LIMITS: Limits = Limits { max_iter: 500, tol: 1e-10 };

    fn lowest(
        start: Array1<f64>,
        curvature: &Array1<f64>,
        limits: Limits,
        function: impl Fn(&Array1<f64>) -> (f64, Array1<f64>),
    ) -> Array1<f64> {
        minimise(start, curvature, limits, &Checkpoint::none(&quiet), |at| Ok(function(at)), |_, _| Ok(())).unwrap()
    }

    #[test]
    fn the_valley_of_rosenbrock_is_followed_to_its_end() {
        let rosenbrock = |x: &Array1<f64>| {
            let (bend, rest) = (x[1] - x[0] * x[0], 1.0 - x[0]);
            (100.0 * bend * bend + rest * rest, array![-400.0 * x[0] * bend - 2.0 * rest, 200.0 * bend])
        };

        let found = lowest(array![-1.2, 1.0], &array![1.0, 1.0], LIMITS, rosenbrock);

        assert_abs_diff_eq!(found, array![1.0, 1.0], epsilon = 1e-8);
    }

    #[test]
    fn the_unit_of_a_coordinate_does_not_matter() {
        let bowl = |x: &Array1<f64>| {
            let (a, b) = (x[0] - 1.0, x[1] * 1e9 - 2.0);
            (a * a + b * b, array![2.0 * a, 2e9 * b])
        };

        let found = lowest(array![0.0, 0.0], &array![2.0, 2e18], LIMITS, bowl);

        assert_abs_diff_eq!(found * array![1.0, 1e9], array![1.0, 2.0], epsilon = 1e-9);
    }

    #[test]
    fn a_function_without_a_minimum_ends_the_search_all_the_same() {
        let (slope, nan) = (|x: &Array1<f64>| (-x[0], array![-1.0]), |_: &Array1<f64>| (f64::NAN, array![f64::NAN]));

        assert!(lowest(array![0.0], &array![1.0], Limits { max_iter: 3, tol: 1e-9 }, slope)[0] > 0.0);
        assert_eq!(lowest(array![0.0], &array![1.0], LIMITS, nan), array![0.0]);
    }
}
