//! One step for each row, as scikit-learn takes them.

use super::loss::Loss;
use crate::error::{Error, Result};
use crate::model::kernels::dots;
use crate::model::random::{Philox, shuffle};
use crate::model::{Parameters, Rows};

/// Slopes are no steeper: what they would do to coefficients cannot be undone.
const STEEPEST: f64 = 1e12;
/// An adaptive learning rate falls no further.
const SLOWEST: f64 = 1e-6;
/// What random numbers are for; part of their counter.
const ORDER: u32 = 1;
/// Numbers that are looked at between two questions whether to go on.
const AT_ONCE: usize = 1 << 22;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rate {
    Constant,
    Optimal,
    InvScaling,
    Adaptive,
}

/// How steps are taken, and when they end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) loss: Loss,
    /// Whether a score is an answer. That of a class only has to be on the right side, however far.
    answers_scores: bool,
    /// Strength of the penalties on absolute values and on squares.
    l1: f64,
    l2: f64,
    alpha: f64,
    rate: Rate,
    eta0: f64,
    power_t: f64,
    fit_intercept: bool,
    shuffle: bool,
    /// The step from which coefficients are averaged, from 1.
    average: Option<f64>,
    pub(super) max_iter: usize,
    tol: f64,
    n_iter_no_change: usize,
}

impl Rule {
    pub(super) fn of(name: &'static str, answers_scores: bool, parameters: &Parameters) -> Self {
        let alpha = parameters.number("alpha");
        let l1_ratio = match parameters.text("penalty") {
            "l1" => Some(1.0),
            "elasticnet" => Some(parameters.number("l1_ratio")),
            "none" => None,
            _ => Some(0.0),
        };
        let rate = match parameters.text("learning_rate") {
            "constant" => Rate::Constant,
            "optimal" => Rate::Optimal,
            "adaptive" => Rate::Adaptive,
            _ => Rate::InvScaling,
        };
        Self {
            name,
            loss: Loss::of(parameters),
            answers_scores,
            l1: l1_ratio.map_or(0.0, |ratio| ratio * alpha),
            l2: l1_ratio.map_or(0.0, |ratio| (1.0 - ratio) * alpha),
            alpha,
            rate,
            eta0: parameters.number("eta0"),
            power_t: parameters.number("power_t"),
            fit_intercept: parameters.flag("fit_intercept"),
            shuffle: parameters.flag("shuffle"),
            average: super::average(parameters),
            max_iter: parameters.count("max_iter"),
            tol: parameters.number("tol"),
            n_iter_no_change: parameters.count("n_iter_no_change"),
        }
    }

    /// # Errors
    /// [`Error::InvalidArgument`] if the learning rate has nothing to begin with.
    pub(super) fn check(&self) -> Result<()> {
        if self.rate == Rate::Optimal && self.alpha == 0.0 {
            return Err(Error::invalid(format!(
                "{} parameter alpha is 0 and learning_rate \"optimal\" is 1 / (alpha (t + t0)); choose an alpha above 0, penalty \
                 \"none\" to leave coefficients alone, or another learning_rate",
                self.name
            )));
        }
        Ok(())
    }

    /// The learning rate of step `t`, from 1, if `eta` is what was left of it.
    fn eta(&self, t: f64, eta: f64) -> f64 {
        match self.rate {
            Rate::Constant | Rate::Adaptive => eta,
            // L. Bottou's: so that the first step is as long as a coefficient is likely to be.
            Rate::Optimal => 1.0 / (self.alpha * (1.0 / (self.alpha.sqrt().sqrt().recip() * self.alpha) + t - 1.0)),
            Rate::InvScaling => self.eta0 / t.powf(self.power_t),
        }
    }

    /// Descends from 0, with passes over rows of these targets until the objective stands still. `ask` is told the pass, from 0, and
    /// what was found last.
    pub(super) fn run(
        &self,
        rows: Rows<'_>,
        targets: &[f64],
        seed: u64,
        ask: &dyn Fn(usize, Option<f64>) -> Result<()>,
    ) -> Result<Scorer> {
        let mut scorer = Scorer::new(rows.n_features());
        let mut pass = Pass::new(self, &scorer);
        let (mut best, mut no_better, mut objective, mut is_steep) = (f64::INFINITY, 0, None, false);
        let n_rows = rows.len() as f64;
        for epoch in 0..self.max_iter {
            let t = 1.0 + epoch as f64 * n_rows;
            let order = self.order(seed, epoch as u64, rows.len());
            let found = pass.over(rows, targets, order.as_deref(), t, &mut scorer, &|| ask(epoch, objective))?;
            let value = found.objective / n_rows;
            (objective, is_steep) = (Some(value), found.is_steep);
            no_better = if value > best - self.tol { no_better + 1 } else { 0 };
            best = best.min(value);
            if no_better >= self.n_iter_no_change {
                if self.rate != Rate::Adaptive || pass.eta <= SLOWEST {
                    break;
                }
                pass.eta /= 5.0;
                no_better = 0;
            }
        }
        self.check_end(is_steep)?;
        Ok(scorer)
    }

    /// # Errors
    /// [`Error::InvalidArgument`] if steps led ever further away until the end, and the answer is how far.
    fn check_end(&self, is_steep: bool) -> Result<()> {
        if is_steep && self.answers_scores { Err(self.overflow()) } else { Ok(()) }
    }

    /// Takes each row of a batch once, from step `t` on; answers the sum of their losses, each before its step.
    pub(super) fn learn(
        &self,
        rows: Rows<'_>,
        targets: &[f64],
        order: Option<&[usize]>,
        t: f64,
        scorer: &mut Scorer,
        ask: &dyn Fn() -> Result<()>,
    ) -> Result<f64> {
        let found = Pass::new(self, scorer).over(rows, targets, order, t, scorer, ask)?;
        self.check_end(found.is_steep)?;
        Ok(found.loss)
    }

    /// The order of a pass, another one for each of its numbers; `None`: as they stand.
    pub(super) fn order(&self, seed: u64, pass: u64, n_rows: usize) -> Option<Vec<usize>> {
        if !self.shuffle {
            return None;
        }
        let philox = Philox::new(seed);
        let mut order: Vec<usize> = (0..n_rows).collect();
        shuffle(&mut order, |last| {
            let [high, low, ..] = philox.block([last as u32, pass as u32, ORDER, (pass >> 32) as u32]);
            u64::from(high) << 32 | u64::from(low)
        });
        Some(order)
    }

    fn overflow(&self) -> Error {
        let what = format!(
            "{} found no finite coefficients because its steps lead ever further away (a slope of the loss reached {STEEPEST:e}, or a \
             sum overflows)",
            self.name
        );
        Error::overflow(what, "scale the columns first, for example with standard_scaler, or choose a smaller eta0")
    }
}

/// Coefficients and an intercept, and their means over steps.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scorer {
    pub(super) coefficients: Vec<f64>,
    pub(super) intercept: f64,
    pub(super) mean_coefficients: Vec<f64>,
    pub(super) mean_intercept: f64,
    /// Of how many steps these are the means.
    pub(super) averaged: f64,
}

impl Scorer {
    pub(super) fn new(n_features: usize) -> Self {
        let nought = || vec![0.0; n_features];
        Self { coefficients: nought(), intercept: 0.0, mean_coefficients: nought(), mean_intercept: 0.0, averaged: 0.0 }
    }

    /// What answers: the means, once there are some.
    pub(super) fn answers(&self) -> (&[f64], f64) {
        match self.averaged > 0.0 {
            true => (&self.mean_coefficients, self.mean_intercept),
            false => (&self.coefficients, self.intercept),
        }
    }

    fn score(&self, row: &[f64]) -> f64 {
        let [sum] = dots([row], &self.coefficients);
        sum + self.intercept
    }
}

/// What a pass over all rows came to.
struct Found {
    /// Sum of the losses, each before its step.
    loss: f64,
    /// The same with the penalty at each step.
    objective: f64,
    /// Whether a slope was cut.
    is_steep: bool,
}

/// What passes know of those before.
struct Pass<'a> {
    rule: &'a Rule,
    eta: f64,
    /// As of the last step that moved, also in an earlier pass: the penalty on absolute values comes after it, and scikit-learn counts
    /// so.
    norms: Norms,
    /// What the penalty on absolute values could have taken from each coefficient, and what it has taken.
    ///
    /// Y. Tsuruoka, J. Tsujii, S. Ananiadou, "Stochastic gradient descent training for L1-regularized log-linear models with
    /// cumulative penalty" (2009).
    due: f64,
    taken: Vec<f64>,
}

impl<'a> Pass<'a> {
    fn new(rule: &'a Rule, Scorer { coefficients, .. }: &Scorer) -> Self {
        let (norms, taken) = (Norms::of(coefficients, rule.l1), vec![0.0; coefficients.len()]);
        Self { rule, eta: rule.eta0, norms, due: 0.0, taken }
    }

    fn over(
        &mut self,
        rows: Rows<'_>,
        targets: &[f64],
        order: Option<&[usize]>,
        first: f64,
        scorer: &mut Scorer,
        ask: &dyn Fn() -> Result<()>,
    ) -> Result<Found> {
        let Rule { loss, l1, l2, fit_intercept, average, .. } = *self.rule;
        let (values, width) = (rows.values(), rows.n_features());
        let at_once = AT_ONCE / width.max(1) + 1;
        let mut found = Found { loss: 0.0, objective: 0.0, is_steep: false };
        for number in 0..rows.len() {
            if number % at_once == 0 {
                ask()?;
            }
            let at = order.map_or(number, |order| order[number]);
            let (row, t) = (&values[at * width..(at + 1) * width], first + number as f64);
            let eta = self.rule.eta(t, self.eta);
            let (cost, slope) = loss.at(targets[at], scorer.score(row));
            found.loss += cost;
            found.objective += cost + 0.5 * l2 * self.norms.squares + l1 * self.norms.absolutes;
            found.is_steep |= slope.abs() > STEEPEST;
            let step = -eta * slope.clamp(-STEEPEST, STEEPEST) * rows.weights[at];
            // Not to beyond 0, if the penalty or the learning rate is that large.
            let kept = (1.0 - l2 * eta).max(0.0);
            self.norms = self.norms.scaled(kept);
            if step == 0.0 {
                scorer.coefficients.iter_mut().for_each(|it| *it *= kept);
            } else {
                let pairs = scorer.coefficients.iter_mut().zip(row);
                pairs.for_each(|(coefficient, x)| *coefficient = *coefficient * kept + step * x);
                self.norms = Norms::of(&scorer.coefficients, l1);
            }
            if fit_intercept {
                scorer.intercept += step;
            }
            if average.is_some_and(|from| from <= t) {
                scorer.averaged += 1.0;
                let share = 1.0 / scorer.averaged;
                let pairs = scorer.mean_coefficients.iter_mut().zip(&scorer.coefficients);
                pairs.for_each(|(mean, now)| *mean += (now - *mean) * share);
                scorer.mean_intercept += (scorer.intercept - scorer.mean_intercept) * share;
            }
            if l1 > 0.0 {
                self.due += l1 * eta;
                self.take(&mut scorer.coefficients);
            }
        }
        let numbers = scorer.coefficients.iter().chain(&scorer.mean_coefficients);
        let are_finite =
            numbers.chain([&scorer.intercept, &scorer.mean_intercept, &found.loss]).all(|it| it.is_finite());
        if are_finite { Ok(found) } else { Err(self.rule.overflow()) }
    }

    /// Takes from coefficients what is due, to 0 and no further.
    fn take(&mut self, coefficients: &mut [f64]) {
        for (coefficient, taken) in coefficients.iter_mut().zip(&mut self.taken) {
            let before = *coefficient;
            if before > 0.0 {
                *coefficient = (before - (self.due + *taken)).max(0.0);
            } else if before < 0.0 {
                *coefficient = (before + (self.due - *taken)).min(0.0);
            }
            *taken += *coefficient - before;
        }
    }
}

/// Sums over coefficients.
#[derive(Clone, Copy)]
struct Norms {
    squares: f64,
    /// 0 where nothing penalises them.
    absolutes: f64,
}

impl Norms {
    fn of(coefficients: &[f64], l1: f64) -> Self {
        let [squares] = dots([coefficients], coefficients);
        // A sum that waits for each of its additions takes longer than the step.
        let absolutes = if l1 > 0.0 { coefficients.iter().map(|it| it.abs()).sum() } else { 0.0 };
        Self { squares, absolutes }
    }

    fn scaled(self, by: f64) -> Self {
        Self { squares: self.squares * by * by, absolutes: self.absolutes * by }
    }
}
