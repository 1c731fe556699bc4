//! How many calls are worked on at once.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Places for so many calls.
pub(super) struct Places {
    taken: AtomicUsize,
    limit: usize,
}

/// The place of one call, until it is dropped.
pub(super) struct Place<'a>(&'a Places);

impl Places {
    pub(super) fn new(limit: usize) -> Self {
        Self { taken: AtomicUsize::new(0), limit }
    }

    /// Whether one is free now.
    pub(super) fn are_left(&self) -> bool {
        self.taken.load(Ordering::Relaxed) < self.limit
    }

    /// A place, if it is wanted: `None` if none is free, `Some(None)` if it is not.
    pub(super) fn take_if(&self, wanted: bool) -> Option<Option<Place<'_>>> {
        if wanted { self.take().map(Some) } else { Some(None) }
    }

    /// A place, if one is free. It is taken before it is looked at, in one step; who asks at the same time as one that gets none
    /// may get none either.
    fn take(&self) -> Option<Place<'_>> {
        let place = Place(self);
        (self.taken.fetch_add(1, Ordering::Relaxed) < self.limit).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_call_has_ended() {
        let places = Places::new(2);
        let first = places.take();
        let _second = places.take();
        assert!(first.is_some() && !places.are_left() && places.take().is_none());

        drop(first);

        assert!(places.are_left());
        let third = places.take();
        assert!(third.is_some() && places.take().is_none());
    }
}
