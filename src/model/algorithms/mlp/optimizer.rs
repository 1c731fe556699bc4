//! From a gradient to the next weights.

use ndarray::{Array1, Zip};

/// A learning rate below is not divided further.
const SLOWEST: f64 = 1e-6;

/// By which rule weights move.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    /// Down the slope, with the momentum of the steps before. Y. Nesterov, "A method of solving a convex programming problem with
    /// convergence rate O(1/k^2)" (1983); as I. Sutskever and others, "On the importance of initialization and momentum in deep
    /// learning" (2013).
    Sgd { schedule: Schedule, momentum: f64, nesterov: bool },
    /// By means of slopes and of their squares. D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization" (2015),
    /// arXiv:1412.6980.
    Adam { beta_1: f64, beta_2: f64, epsilon: f64 },
}

/// How the learning rate of SGD changes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Schedule {
    Constant,
    /// By `t^-power_t`, where `t` is the weight of all rows seen so far, with 1 more.
    InvScaling {
        power_t: f64,
    },
    /// A fifth of it whenever it leads no further.
    Adaptive,
}

/// A rule, and what it remembers.
#[derive(Clone, Debug)]
pub(super) struct Optimizer {
    rule: Rule,
    first_rate: f64,
    pub(super) rate: f64,
    pub(super) steps: f64,
    /// Of slopes: their mean, or the last step.
    pub(super) means: Array1<f64>,
    pub(super) squares: Array1<f64>,
}

impl Optimizer {
    pub(super) fn new(rule: Rule, rate: f64, n_weights: usize) -> Self {
        let (means, squares) = (Array1::zeros(n_weights), Array1::zeros(n_weights));
        Self { rule, first_rate: rate, rate, steps: 0.0, means, squares }
    }

    pub(super) fn step(&mut self, weights: &mut Array1<f64>, gradient: &Array1<f64>) {
        self.steps += 1.0;
        match self.rule {
            Rule::Sgd { momentum, nesterov, .. } => {
                let rate = self.rate;
                Zip::from(weights).and(&mut self.means).and(gradient).for_each(|weight, step, slope| {
                    *step = momentum * *step - rate * slope;
                    *weight += if nesterov { momentum * *step - rate * slope } else { *step };
                });
            }
            Rule::Adam { beta_1, beta_2, epsilon } => {
                let rate = self.rate * (1.0 - beta_2.powf(self.steps)).sqrt() / (1.0 - beta_1.powf(self.steps));
                let moments = Zip::from(weights).and(&mut self.means).and(&mut self.squares);
                moments.and(gradient).for_each(|weight, mean, square, slope| {
                    *mean = beta_1 * *mean + (1.0 - beta_1) * slope;
                    *square = beta_2 * *square + (1.0 - beta_2) * (slope * slope);
                    *weight -= rate * *mean / (square.sqrt() + epsilon);
                });
            }
        }
    }

    /// An epoch is over; rows of this weight were seen in all.
    pub(super) fn end_epoch(&mut self, seen: f64) {
        if let Rule::Sgd { schedule: Schedule::InvScaling { power_t }, .. } = self.rule {
            self.rate = self.first_rate / (seen + 1.0).powf(power_t);
        }
    }

    /// It leads no further: takes a smaller learning rate, or answers that there is none to try.
    pub(super) fn slow_down(&mut self) -> bool {
        let adaptive = matches!(self.rule, Rule::Sgd { schedule: Schedule::Adaptive, .. });
        let slower = adaptive && self.rate > SLOWEST;
        if slower {
            self.rate /= 5.0;
        }
        slower
    }
}
