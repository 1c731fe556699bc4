//! How much callers have waiting, counted so that what some amount of each comes to is known without looking at each.

/// Sizes: 1, 2 to 3, 4 to 7, … rows.
const SIZES: usize = usize::BITS as usize;

/// Callers by the rows that wait of them.
pub(super) struct Sizes([Size; SIZES]);

#[derive(Clone, Copy, Default)]
struct Size {
    callers: usize,
    rows: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self([Size::default(); SIZES])
    }
}

impl Sizes {
    /// A caller has so many rows waiting, and had so many before.
    pub(super) fn change(&mut self, before: usize, after: usize) {
        if let Some(size) = self.of(before) {
            *size = Size { callers: size.callers - 1, rows: size.rows - before };
        }
        if let Some(size) = self.of(after) {
            *size = Size { callers: size.callers + 1, rows: size.rows + after };
        }
    }

    /// Rows that are taken if each caller is given `each` of its own, all but one, who has `without` waiting. Where callers of one
    /// size have some more and some less than that, it is thought to be more than it is, by less than half.
    pub(super) fn taken(&self, each: usize, without: usize) -> usize {
        let but = without.checked_ilog2();
        let sizes = self.0.iter().enumerate().map(|(at, Size { callers, rows })| match but {
            Some(but) if but as usize == at => (callers - 1, rows - without),
            _ => (*callers, *rows),
        });
        sizes.fold(0, |all, (callers, rows)| all.saturating_add(rows.min(each.saturating_mul(callers))))
    }

    /// That of so many rows; nobody has none.
    fn of(&mut self, rows: usize) -> Option<&mut Size> {
        self.0.get_mut(rows.checked_ilog2()? as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_an_amount_of_each_comes_to_is_never_thought_less_and_never_twice_as_much(
            callers in vec(1..100_000usize, 1..50), each in 0..200_000usize, own: prop::sample::Index,
        ) {
            let mut sizes = Sizes::default();
            callers.iter().for_each(|rows| sizes.change(0, *rows));
            let own = own.index(callers.len());

            let thought = sizes.taken(each, callers[own]);

            let others = callers.iter().enumerate().filter(|(at, _)| *at != own).map(|(_, rows)| *rows);
            let real: usize = others.map(|rows| rows.min(each)).sum();
            prop_assert!(real <= thought && thought <= 2 * real, "{real} are thought to be {thought}");
        }

        #[test]
        fn who_left_counts_no_more(changes in vec((1..1000usize, 0..1000usize), 1..50)) {
            let mut sizes = Sizes::default();

            for (before, after) in changes {
                sizes.change(0, before);
                sizes.change(before, after);
                sizes.change(after, 0);
            }

            prop_assert_eq!(sizes.taken(usize::MAX, 0), 0);
        }
    }
}
