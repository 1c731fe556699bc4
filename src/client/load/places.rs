//! The calls of a connection that are in flight.

use std::time::Duration;
use tokio::time::Instant;

/// A call in flight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct InFlight {
    /// Its time counts from here.
    pub(super) due: Instant,
    pub(super) sent: Instant,
}

/// A fixed number of places, each for one call. The numbers of the free ones are kept apart, so that none is looked for.
#[derive(Debug)]
pub(super) struct Places {
    calls: Vec<Option<InFlight>>,
    free: Vec<usize>,
}

impl Places {
    pub(super) fn new(places: usize) -> Self {
        Self { calls: vec![None; places], free: (0..places).rev().collect() }
    }

    pub(super) fn has_free(&self) -> bool {
        !self.free.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.free.len() == self.calls.len()
    }

    /// Puts a call into a free place and answers which; `None` if there is none.
    pub(super) fn take(&mut self, call: InFlight) -> Option<usize> {
        let place = self.free.pop()?;
        self.calls[place] = Some(call);
        Some(place)
    }

    /// Frees the place of a reply; `None` if its number is that of no call in flight.
    pub(super) fn free(&mut self, seqid: i32) -> Option<InFlight> {
        let place = usize::try_from(seqid).ok()?;
        let call = self.calls.get_mut(place)?.take()?;
        self.free.push(place);
        Some(call)
    }

    /// Frees all.
    pub(super) fn clear(&mut self) -> Vec<InFlight> {
        let calls: Vec<_> = self.calls.iter_mut().filter_map(Option::take).collect();
        self.free = (0..self.calls.len()).rev().collect();
        calls
    }

    /// When the patience with the oldest call ends, or would end with one that is sent now.
    pub(super) fn expires(&self, patience: Duration, now: Instant) -> Instant {
        self.calls.iter().flatten().map(|call| call.sent).min().unwrap_or(now) + patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_reply_frees_the_place_of_its_call_once_and_no_other() {
        let (now, mut places) = (Instant::now(), Places::new(2));
        let call = |seconds| InFlight { due: now + seconds * SECOND, sent: now };
        assert_eq!([places.take(call(0)), places.take(call(1)), places.take(call(2))], [Some(0), Some(1), None]);

        assert_eq!([-1, 2, i32::MAX].map(|seqid| places.free(seqid)), [None; 3]);
        assert_eq!((places.free(1), places.free(1)), (Some(call(1)), None));
        assert_eq!((places.take(call(3)), places.has_free()), (Some(1), false));
        assert_eq!(places.clear(), [call(0), call(3)]);
        assert!(places.is_empty() && places.has_free());
    }

    #[test]
    fn patience_ends_with_the_oldest_call() {
        let (now, mut places) = (Instant::now(), Places::new(3));
        assert_eq!(places.expires(SECOND, now), now + SECOND);

        for age in [1, 5, 3] {
            places.take(InFlight { due: now, sent: now - age * SECOND });
        }

        assert_eq!(places.expires(6 * SECOND, now), now + SECOND);
    }
}
