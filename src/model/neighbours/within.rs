//! All rows within a distance.

use super::nearest::Keeps;
use super::{FEW, GROUP_ROWS, Neighbour, Neighbours};

/// Neighbours that are kept at once, about.
const KEPT: usize = 1 << 22;

impl Neighbours {
    /// Calls `each` with the rows that are no further from each row than `radius`, in no particular order.
    ///
    /// Distances are compared as scikit-learn compares them: squares with the square of the radius.
    pub(in crate::model) fn for_each_within(&self, rows: &[f64], radius: f64, mut each: impl FnMut(&[Neighbour])) {
        let group = (KEPT / self.n_rows().max(1)).clamp(FEW, GROUP_ROWS);
        let none = || Within { last: self.last(radius), found: vec![] };
        let mut within: Vec<Within> = std::iter::repeat_with(none).take(group.min(rows.len() / self.width)).collect();
        for rows in rows.chunks(group * self.width) {
            self.search(rows, &mut within);
            for within in within.iter_mut().take(rows.len() / self.width) {
                within.found.iter_mut().for_each(|it| it.distance = self.metric.distance(it.distance));
                each(&within.found);
                within.found.clear();
            }
        }
    }

    /// Of each row, what all rows weigh together that are no further from it than `radius`.
    pub(in crate::model) fn weights_within(&self, rows: &[f64], radius: f64, weights: &[f64]) -> Vec<f64> {
        let none = Weighed { last: self.last(radius), weights, sum: 0.0 };
        let mut sums = vec![];
        for rows in rows.chunks(GROUP_ROWS * self.width) {
            let mut weighed = vec![none; rows.len() / self.width];
            self.search(rows, &mut weighed);
            sums.extend(weighed.into_iter().map(|it| it.sum));
        }
        sums
    }

    /// How many rows there are.
    pub(in crate::model) fn n_rows(&self) -> usize {
        self.samples.n_rows()
    }

    /// The last neighbour that could be within a radius.
    fn last(&self, radius: f64) -> Neighbour {
        Neighbour { distance: self.metric.compared(radius), row: usize::MAX }
    }
}

/// All that are near enough.
#[derive(Debug)]
struct Within {
    last: Neighbour,
    found: Vec<Neighbour>,
}

impl Keeps for Within {
    fn furthest(&self) -> Option<Neighbour> {
        Some(self.last)
    }

    fn offer(&mut self, it: Neighbour) -> bool {
        if it < self.last {
            self.found.push(it);
        }
        false // What is too far stays so.
    }
}

/// What those weigh.
#[derive(Clone, Copy, Debug)]
struct Weighed<'a> {
    last: Neighbour,
    weights: &'a [f64],
    sum: f64,
}

impl Keeps for Weighed<'_> {
    fn furthest(&self) -> Option<Neighbour> {
        Some(self.last)
    }

    fn offer(&mut self, it: Neighbour) -> bool {
        if it < self.last {
            self.sum += self.weights[it.row];
        }
        false
    }
}
