//! Sequential minimal optimisation: two coefficients at a time.

use super::Kernel;
use super::columns::{Columns, permute};
use super::machine::{Support, sum_of};
use super::selection::{FLATTEST, Gap, Wishes};
use crate::error::{Error, Result};
use crate::model::crew::{Ask, share_out};
use crate::model::kernels::Dot;

/// Steps between two looks at which rows can be left out.
const SHRINK_STEPS: usize = 1_000;
/// Steps that are always allowed where no limit was given, and as many times the number of rows, as in libsvm.
const MOST_STEPS: usize = 10_000_000;
const MOST_STEPS_PER_ROW: usize = 100;
/// Numbers that are computed between two questions whether to go on: some milliseconds of work.
const NUMBERS_PER_QUESTION: usize = 1 << 22;
/// Rows whose scores are computed by one thread, and those of them between two questions.
const PIECE_ROWS: usize = 256;
const SOME_ROWS: usize = 16;

/// `beta` minimises `1/2 sum_ij beta_i beta_j k(x_i, x_j) - sum_i targets_i beta_i + epsilon sum_i |beta_i|`, within its bounds,
/// and keeps its sum.
#[derive(Debug)]
pub(in crate::model) struct Problem {
    pub(in crate::model) kernel: Kernel,
    /// Row-major, `width` numbers each.
    pub(in crate::model) rows: Vec<f64>,
    pub(in crate::model) width: usize,
    pub(in crate::model) targets: Vec<f64>,
    pub(in crate::model) epsilon: f64,
    /// At most 0.
    pub(in crate::model) lower: Vec<f64>,
    /// At least 0.
    pub(in crate::model) upper: Vec<f64>,
    /// Where it starts, within the bounds; its sum is that of the solution.
    pub(in crate::model) start: Vec<f64>,
}

/// When to stop, and what it may take.
#[derive(Clone, Copy, Debug)]
pub(in crate::model) struct Limits {
    /// Stops once no two rows disagree by more than this on the intercept.
    pub(in crate::model) tol: f64,
    /// Most steps, if any limit is given.
    pub(in crate::model) max_iter: Option<usize>,
    /// Whether rows that are sure of their bound are left out for a while.
    pub(in crate::model) shrinking: bool,
    /// For kernels that are kept.
    pub(in crate::model) cache_bytes: usize,
}

/// What was found: `sum_i coefficients_i k(x_i, x) + intercept`.
#[derive(Debug)]
pub(in crate::model) struct Solution {
    pub(in crate::model) coefficients: Vec<f64>,
    pub(in crate::model) intercept: f64,
}

/// Solves a problem of at least one row. `ask` is told how many steps were taken, and how far apart rows still are.
///
/// J. C. Platt, "Fast training of support vector machines using sequential minimal optimization" (1998); the choice of the
/// two: R.-E. Fan, P.-H. Chen, C.-J. Lin, "Working set selection using second order information for training support vector
/// machines" (JMLR 6, 2005); rows that are left out: C.-C. Chang, C.-J. Lin, "LIBSVM: a library for support vector machines"
/// (2011), doi:10.1145/1961189.1961199, section 5.1. A row has one coefficient, also in regression, where libsvm has two of
/// which one is 0: it bends at 0 instead.
///
/// # Errors
/// [`Error::InvalidArgument`] if numbers overflow. What `ask` answers.
pub(in crate::model) fn solve(
    problem: Problem,
    limits: Limits,
    threads: usize,
    ask: &dyn Fn(usize, f64) -> Result<()>,
) -> Result<Solution> {
    let mut search = Search::new(problem, limits, threads, ask);
    search.begin()?;
    let gap = search.run()?;
    search.solution(gap)
}

struct Search<'a> {
    limits: Limits,
    threads: usize,
    ask: &'a dyn Fn(usize, f64) -> Result<()>,
    columns: Columns,
    bounds: Bounds,
    // One for each row, in the order of the columns.
    diagonal: Vec<f64>,
    beta: Vec<f64>,
    wishes: Wishes,
    /// Rows that are looked at; they come first.
    n_active: usize,
    n_steps: usize,
    /// Whether rows that were left out have been looked at again because the end is near.
    has_looked_again: bool,
}

impl<'a> Search<'a> {
    fn new(problem: Problem, limits: Limits, threads: usize, ask: &'a dyn Fn(usize, f64) -> Result<()>) -> Self {
        let Problem { kernel, rows, width, targets, epsilon, lower, upper, start } = problem;
        let n_rows = targets.len();
        let columns = Columns::new(kernel, rows, width, limits.cache_bytes);
        let bounds = Bounds { targets, epsilon, lower, upper };
        let (up, down) = start.iter().enumerate().map(|(row, beta)| bounds.wish(row, *beta)).unzip();
        Self {
            limits,
            threads,
            ask,
            diagonal: columns.diagonal(),
            columns,
            bounds,
            beta: start,
            wishes: Wishes { scores: vec![0.0; n_rows], up, down },
            n_active: n_rows,
            n_steps: 0,
            has_looked_again: false,
        }
    }

    /// Computes the scores of the start, from columns that are kept if all of them can be: most of their rows will move.
    fn begin(&mut self) -> Result<()> {
        let support = self.support();
        let ask = self.ask;
        if support.is_empty() || !self.columns.prepare(&support, self.threads, &|| ask(0, f64::INFINITY))? {
            return self.compute_scores(0);
        }
        let sum = Dot::<f64>::new(support.iter().map(|row| &self.beta[*row]));
        let mut kernels = vec![0.0; SOME_ROWS * support.len()];
        for (number, scores) in self.wishes.scores.chunks_mut(SOME_ROWS).enumerate() {
            for (at, row) in support.iter().enumerate() {
                let column = &self.columns.prepared(*row)[number * SOME_ROWS..];
                column
                    .iter()
                    .zip(0..scores.len())
                    .for_each(|(kernel, own)| kernels[own * support.len() + at] = *kernel);
            }
            let of_rows = kernels.chunks_exact(support.len());
            scores.iter_mut().zip(of_rows).for_each(|(score, kernels)| *score = sum_of(&sum, kernels));
        }
        Ok(())
    }

    /// The rows whose coefficients are not 0.
    fn support(&self) -> Vec<usize> {
        (0..self.beta.len()).filter(|row| self.beta[*row] != 0.0).collect()
    }

    /// Steps until rows agree or steps run out; all rows are active then.
    fn run(&mut self) -> Result<Gap> {
        let most = MOST_STEPS.max(MOST_STEPS_PER_ROW.saturating_mul(self.beta.len()));
        let most = self.limits.max_iter.unwrap_or(most);
        let stride = self.beta.len().min(SHRINK_STEPS);
        let (mut until_shrinking, mut computed) = (stride, 0);
        let mut gap = self.look();
        loop {
            let mut next = None;
            if gap.width() > self.limits.tol && self.n_steps < most {
                if until_shrinking == 0 && self.limits.shrinking {
                    gap = self.shrink(gap)?;
                    until_shrinking = stride;
                }
                next = self.step(gap)?;
            }
            match next {
                Some(next) => {
                    (gap, self.n_steps, until_shrinking) = (next, self.n_steps + 1, until_shrinking.saturating_sub(1))
                }
                // Nothing is left to do for the active rows.
                None if self.n_active == self.beta.len() => return Ok(gap),
                None => (gap, until_shrinking) = (self.look_at_all()?, 1),
            }
            computed += self.n_active * self.columns.width();
            if computed > NUMBERS_PER_QUESTION {
                computed = 0;
                (self.ask)(self.n_steps, gap.width())?;
            }
        }
    }

    /// The ends of the wishes of active rows.
    fn look(&mut self) -> Gap {
        let zeros = vec![0.0; self.n_active];
        self.wishes.advance(0.0, &zeros, &zeros)
    }

    /// Moves two coefficients by as much in opposite directions; `None` if both are where they want to be to the last digit.
    fn step(&mut self, gap: Gap) -> Result<Option<Gap>> {
        let rising = gap.at;
        let falling = self.wishes.partner(gap, self.columns.at(rising), &self.diagonal);
        let (one, other) = self.columns.at_both(rising, falling);
        let curvature = self.diagonal[rising] + self.diagonal[falling] - 2.0 * one[falling];
        let distance = gap.highest - (self.wishes.down[falling] - self.wishes.scores[falling]);
        let (highest, lowest) =
            (self.bounds.above(rising, self.beta[rising]), self.bounds.below(falling, self.beta[falling]));
        let (room_up, room_down) = (highest - self.beta[rising], self.beta[falling] - lowest);
        let step = (distance / if curvature > 0.0 { curvature } else { FLATTEST }).min(room_up).min(room_down);
        if !step.is_finite() {
            return Err(overflow());
        }
        // At a bound to the bit, or it would be taken for one between them.
        let risen = if step >= room_up { highest } else { (self.beta[rising] + step).min(highest) };
        let fallen = if step >= room_down { lowest } else { (self.beta[falling] - step).max(lowest) };
        if risen == self.beta[rising] && fallen == self.beta[falling] {
            return Ok(None);
        }
        for (row, beta) in [(rising, risen), (falling, fallen)] {
            self.beta[row] = beta;
            (self.wishes.up[row], self.wishes.down[row]) = self.bounds.wish(row, beta);
        }
        Ok(Some(self.wishes.advance(step, one, other)))
    }

    /// Leaves out the rows that are at a bound and would go beyond it, more than any other row would go anywhere.
    fn shrink(&mut self, mut gap: Gap) -> Result<Gap> {
        if !self.has_looked_again && gap.width() <= 10.0 * self.limits.tol {
            self.has_looked_again = true;
            gap = self.look_at_all()?;
        }
        let Wishes { scores, up, down } = &self.wishes;
        let stays = |row: &usize| up[*row] - scores[*row] >= gap.lowest || down[*row] - scores[*row] <= gap.highest;
        let (mut order, left_out): (Vec<usize>, Vec<usize>) = (0..self.n_active).partition(stays);
        if left_out.is_empty() || order.is_empty() {
            return Ok(gap);
        }
        self.n_active = order.len();
        order.extend(left_out);
        self.columns.reorder(&order, self.n_active);
        let Wishes { scores, up, down } = &mut self.wishes;
        let Bounds { targets, lower, upper, .. } = &mut self.bounds;
        for values in [scores, up, down, targets, lower, upper, &mut self.beta, &mut self.diagonal] {
            permute(values, &order);
        }
        Ok(self.look())
    }

    fn look_at_all(&mut self) -> Result<Gap> {
        self.compute_scores(self.n_active)?;
        self.n_active = self.beta.len();
        self.columns.activate_all();
        Ok(self.look())
    }

    /// Computes the scores of the rows from a place on.
    fn compute_scores(&mut self, from: usize) -> Result<()> {
        let support = self.support();
        let vectors: Vec<f64> = support.iter().flat_map(|row| self.columns.rows(*row..row + 1)).copied().collect();
        let coefficients: Vec<f64> = support.iter().map(|row| self.beta[*row]).collect();
        let width = self.columns.width();
        let (support, sum) =
            (Support::<f64>::new(self.columns.kernel(), &vectors, width), Dot::<f64>::new(&coefficients));
        let rows = self.columns.rows(from..self.beta.len());
        let pieces: Vec<&[f64]> = rows.chunks(PIECE_ROWS * width).collect();
        let compute = |piece: usize, ask: &Ask<'_>| {
            let mut scores = Vec::with_capacity(PIECE_ROWS);
            for rows in pieces[piece].chunks(SOME_ROWS * width) {
                ask()?;
                support.for_each(rows, |kernels| scores.push(sum_of(&sum, kernels)));
            }
            Ok(scores)
        };
        let report = |_| (self.ask)(self.n_steps, f64::INFINITY);
        let scores = share_out(pieces.len(), self.threads, &report, compute)?;
        self.wishes.scores.truncate(from);
        self.wishes.scores.extend(scores.into_iter().flatten());
        Ok(())
    }

    fn solution(self, gap: Gap) -> Result<Solution> {
        let Wishes { scores, up, down } = &self.wishes;
        if scores.iter().any(|score| !score.is_finite()) {
            return Err(overflow());
        }
        // Rows between their bounds agree on the intercept.
        let is_free = |row: &usize| self.beta[*row] != 0.0 && up[*row] == down[*row];
        let free: Vec<f64> = (0..self.beta.len()).filter(is_free).map(|row| up[row] - scores[row]).collect();
        let intercept = match (free.len(), gap.highest.is_finite(), gap.lowest.is_finite()) {
            (0, true, true) => 0.5 * gap.highest + 0.5 * gap.lowest,
            (0, true, false) => gap.highest,
            (0, false, true) => gap.lowest,
            (0, false, false) => 0.0,
            (n_free, ..) => free.iter().sum::<f64>() / n_free as f64,
        };
        let mut coefficients = vec![0.0; self.beta.len()];
        self.columns.numbers().iter().zip(&self.beta).for_each(|(number, beta)| coefficients[*number] = *beta);
        Ok(Solution { coefficients, intercept })
    }
}

/// Where coefficients may be, and what their rows want there.
struct Bounds {
    targets: Vec<f64>,
    epsilon: f64,
    lower: Vec<f64>,
    upper: Vec<f64>,
}

impl Bounds {
    /// The scores, but for the intercept, above which a row would not have its coefficient rise, and below which not fall.
    fn wish(&self, row: usize, beta: f64) -> (f64, f64) {
        let (more, less) = (self.targets[row] + self.epsilon, self.targets[row] - self.epsilon);
        let up = if beta < 0.0 { more } else { less };
        let down = if beta > 0.0 { less } else { more };
        let (can_rise, can_fall) = (beta < self.upper[row], beta > self.lower[row]);
        (if can_rise { up } else { f64::NEG_INFINITY }, if can_fall { down } else { f64::INFINITY })
    }

    /// How far a coefficient may rise in one step: the sum to minimise bends at 0.
    fn above(&self, row: usize, beta: f64) -> f64 {
        if beta < 0.0 { self.upper[row].min(0.0) } else { self.upper[row] }
    }

    fn below(&self, row: usize, beta: f64) -> f64 {
        if beta > 0.0 { self.lower[row].max(0.0) } else { self.lower[row] }
    }
}

fn overflow() -> Error {
    Error::overflow(
        "the scores of rows overflow",
        "scale the columns first, for example with standard_scaler, or choose a smaller C",
    )
}
