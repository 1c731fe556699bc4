//! A machine for each pair of classes.

use super::NAME;
use crate::error::Result;
use crate::model::Training;
use crate::model::crew::{Ask, share_out};
use crate::model::svm::{Distinct, Kernel, Limits, Problem, Solution, solve, tell};

/// What machines of all pairs learn from.
#[derive(Debug)]
pub(super) struct Machines<'a> {
    /// Their targets are the positions of classes.
    pub(super) rows: &'a Distinct,
    pub(super) n_classes: usize,
    pub(super) kernel: Kernel,
    /// The bound of each row's coefficient.
    pub(super) costs: &'a [f64],
}

/// What a pair learned: `f(x)` is above 0 for its first class.
#[derive(Debug)]
pub(super) struct Pair {
    /// The rows of its first class, then those of its second, each with its coefficient.
    pub(super) coefficients: Vec<(usize, f64)>,
    pub(super) intercept: f64,
}

/// The pairs in libsvm's order: 0 and 1, 0 and 2, …, 1 and 2, …
pub(super) fn pairs(n_classes: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n_classes).flat_map(move |one| (one + 1..n_classes).map(move |other| (one, other)))
}

impl Machines<'_> {
    /// The rows of each class.
    pub(super) fn by_class(&self) -> Vec<Vec<usize>> {
        let mut rows = vec![vec![]; self.n_classes];
        self.rows.targets.iter().enumerate().for_each(|(row, class)| rows[*class as usize].push(row));
        rows
    }

    /// Solves each pair, several at a time if there are several threads.
    pub(super) fn solve(&self, limits: Limits, training: &Training<'_>) -> Result<Vec<Pair>> {
        let (pairs, by_class): (Vec<(usize, usize)>, _) = (pairs(self.n_classes).collect(), self.by_class());
        let tell = tell(NAME, training, limits.tol);
        if let [(one, other)] = pairs[..] {
            return Ok(vec![self.solve_one([&by_class[one], &by_class[other]], limits, training.threads, &tell)?]);
        }
        let threads = training.threads.clamp(1, pairs.len());
        let limits = Limits { cache_bytes: limits.cache_bytes / threads, ..limits };
        let report = |done: usize| {
            let message = format!("fitting {NAME}, {done} of {} pairs of classes", pairs.len());
            training.progress.report(&message, done as f64 / pairs.len() as f64)
        };
        share_out(pairs.len(), threads, &report, |piece, ask: &Ask<'_>| {
            let (one, other) = pairs[piece];
            self.solve_one([&by_class[one], &by_class[other]], limits, 1, &|_, _| ask())
        })
    }

    fn solve_one(
        &self,
        [one, other]: [&[usize]; 2],
        limits: Limits,
        threads: usize,
        ask: &dyn Fn(usize, f64) -> Result<()>,
    ) -> Result<Pair> {
        let rows = [one, other].concat();
        if rows.is_empty() {
            return Ok(Pair { coefficients: vec![], intercept: 0.0 });
        }
        let costs = || rows.iter().map(|row| self.costs[*row]).enumerate();
        let problem = Problem {
            kernel: self.kernel,
            rows: self.rows.values_of(&rows),
            width: self.rows.width,
            targets: (0..rows.len()).map(|place| if place < one.len() { 1.0 } else { -1.0 }).collect(),
            epsilon: 0.0,
            lower: costs().map(|(place, cost)| if place < one.len() { 0.0 } else { -cost }).collect(),
            upper: costs().map(|(place, cost)| if place < one.len() { cost } else { 0.0 }).collect(),
            start: vec![0.0; rows.len()],
        };
        let Solution { coefficients, intercept } = solve(problem, limits, threads, ask)?;
        Ok(Pair { coefficients: rows.into_iter().zip(coefficients).collect(), intercept })
    }
}
