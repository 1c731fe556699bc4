//! The few nearest of many rows.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A row and how far it is.
#[derive(Clone, Copy, Debug)]
pub(in crate::model) struct Neighbour {
    /// While they are looked for, what a metric compares in its place.
    pub(in crate::model) distance: f64,
    /// Its number among the rows that were given, from 0.
    pub(in crate::model) row: usize,
}

/// By distance; of equals the row of the lower number comes first.
impl Ord for Neighbour {
    fn cmp(&self, other: &Self) -> Ordering {
        self.distance.total_cmp(&other.distance).then(self.row.cmp(&other.row))
    }
}

impl PartialOrd for Neighbour {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Neighbour {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Neighbour {}

/// What a search of neighbours is for: it is offered rows, and says which are too far to be offered.
pub(super) trait Keeps {
    /// Nothing that comes after it, by distance and then by number, has to be offered; `None`: everything has.
    fn furthest(&self) -> Option<Neighbour>;

    /// Says whether it is kept, and [`Keeps::furthest`] may have changed.
    fn offer(&mut self, it: Neighbour) -> bool;
}

/// Keeps the nearest of those that it is offered, whatever their order.
#[derive(Clone, Debug)]
pub(super) struct Nearest {
    /// How many are kept; 1 at least.
    most: usize,
    /// The furthest on top.
    kept: BinaryHeap<Neighbour>,
}

impl Nearest {
    pub(super) fn new(most: usize) -> Self {
        Self { most, kept: BinaryHeap::new() }
    }

    /// The kept ones, the nearest first; none is kept any longer.
    pub(super) fn take(&mut self) -> Vec<Neighbour> {
        std::mem::take(&mut self.kept).into_sorted_vec()
    }
}

impl Keeps for Nearest {
    /// The furthest that is kept, once no more are kept without giving it up.
    fn furthest(&self) -> Option<Neighbour> {
        self.kept.peek().filter(|_| self.kept.len() == self.most).copied()
    }

    fn offer(&mut self, it: Neighbour) -> bool {
        if self.kept.len() < self.most {
            self.kept.push(it);
            return true;
        }
        match self.kept.peek_mut() {
            Some(mut furthest) if it < *furthest => {
                *furthest = it;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn they_are_the_first_of_all_in_order(
            distances in prop::collection::vec(0u8..9, 0..40), most in 1usize..12, turn in 0usize..40,
        ) {
            let of = |(row, distance): (usize, &u8)| Neighbour { distance: f64::from(*distance), row };
            let mut all: Vec<Neighbour> = distances.iter().enumerate().map(of).collect();
            let mut nearest = Nearest::new(most);

            let turned = all.iter().cycle().skip(turn % all.len().max(1)).take(all.len());
            turned.for_each(|it| { nearest.offer(*it); });

            all.sort_unstable();
            all.truncate(most);
            prop_assert_eq!(nearest.furthest(), all.get(most - 1).copied());
            prop_assert_eq!(nearest.take(), all);
        }
    }

    #[test]
    fn distances_that_are_infinite_or_no_numbers_come_last_and_are_kept_all_the_same() {
        let mut nearest = Nearest::new(2);

        let kept = [f64::NAN, f64::INFINITY, 1.0].map(|distance| nearest.offer(Neighbour { distance, row: 0 }));

        assert_eq!(kept, [true; 3]);
        assert_eq!(nearest.take().iter().map(|it| it.distance).collect::<Vec<_>>(), [1.0, f64::INFINITY]);
    }
}
