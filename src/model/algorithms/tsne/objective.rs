//! What places in a few dimensions are judged by, and which way they do better.

use crate::error::Result;

/// How far places are from telling what is close: `sum p ln(p / q)`.
///
/// With `q_ij = t_ij / sum t`, `t_ij = (1 + |y_i - y_j|^2 / v)^(-(v + 1) / 2)` and v degrees of freedom, its gradient is
/// `2 (v + 1) / v sum_j (p_ij - q_ij) (1 + |y_i - y_j|^2 / v)^-1 (y_i - y_j)`: equation 5 of van der Maaten and Hinton, and of
/// three or more components that of L. van der Maaten, "Learning a parametric embedding by preserving local structure" (2009).
pub(super) trait Objective {
    /// Looks at places, row by row, with affinities that are multiplied by `exaggeration`. `ask` is asked now and then.
    ///
    /// # Errors
    /// What `ask` answers.
    fn slope(&self, places: &[f64], exaggeration: f64, wanted: Wanted, ask: &dyn Fn() -> Result<()>) -> Result<Slope>;
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wanted {
    /// The gradient, and a divergence that says nothing.
    Gradient,
    /// Both.
    Divergence,
}

/// What a look found.
#[derive(Debug)]
pub(super) struct Slope {
    /// `sum p ln(p / q)`
    pub(super) divergence: f64,
    /// Its derivative by each coordinate.
    pub(super) gradient: Vec<f64>,
}

/// Student's t distribution has one degree of freedom less than there are components, and at least one.
pub(super) const fn degrees(n_components: usize) -> f64 {
    if n_components > 2 { (n_components - 1) as f64 } else { 1.0 }
}

/// `2 (v + 1) / v`
pub(super) const fn factor(n_components: usize) -> f64 {
    2.0 * (degrees(n_components) + 1.0) / degrees(n_components)
}
