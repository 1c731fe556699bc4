//! Until when a peer has to have sent what comes next.

use std::time::Duration;
use tokio::time::Instant;

/// Who holds memory for a large message has to go on with it: others may come to wait for that memory.
pub(super) const STALL: Duration = Duration::from_secs(5);
/// While some do, it has to come as fast as messages must; a time of quick bytes makes up for so much of slow ones.
const LAG: Duration = Duration::from_secs(3);
/// Where a message that holds memory comes too slowly, it is looked again so often whether others wait.
const LOOK: Duration = Duration::from_secs(1);

/// The times of a connection.
#[derive(Debug)]
pub(super) struct Patience {
    /// For all that has to come.
    limit: Instant,
    /// When the first byte of the message came that is arriving.
    begun: Option<Instant>,
    /// While it holds memory.
    holding: Option<Holding>,
    /// Since when nothing is read, which is not the peer's fault.
    paused: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct Holding {
    /// Nothing has come for too long.
    stalls: Instant,
    /// It has come too slowly, if others wait.
    lags: Instant,
    /// Not before it is looked whether they do.
    look: Instant,
}

impl Holding {
    fn new(now: Instant) -> Self {
        Self { stalls: now + STALL, lags: now + LAG, look: now }
    }
}

impl Patience {
    /// Nothing has come; something has to by then.
    pub(super) fn new(limit: Instant) -> Self {
        Self { limit, begun: None, holding: None, paused: None }
    }

    /// Nothing is arriving; something has to by then.
    pub(super) fn rests(&mut self, limit: Instant) {
        (self.limit, self.begun, self.holding) = (limit, None, None);
    }

    /// The first bytes of a message have come.
    pub(super) fn begins(&mut self, now: Instant, time: Duration) {
        (self.limit, self.begun, self.holding) = (now + time, Some(now), None);
    }

    /// Bytes have come, which are worth `earned`; their message has this much `time` in all.
    pub(super) fn arrived(&mut self, now: Instant, time: Duration, earned: impl FnOnce() -> Duration) {
        self.limit = *self.begun.get_or_insert(now) + time;
        if let Some(holding) = &mut self.holding {
            holding.lags = (holding.lags + earned()).min(now + LAG);
            holding.stalls = now + STALL;
        }
    }

    /// The message waits for memory, and cannot come.
    pub(super) fn waits(&mut self) {
        self.holding = None;
    }

    /// The message holds memory, for which it `waited`; that was not the peer's time.
    pub(super) fn holds(&mut self, now: Instant, waited: Duration) {
        self.shift(waited);
        self.holding.get_or_insert_with(|| Holding::new(now));
    }

    /// Nothing is read from now on, because of what has come before.
    pub(super) fn pause(&mut self) {
        self.paused.get_or_insert_with(Instant::now);
    }

    /// It is read again.
    pub(super) fn go_on(&mut self) {
        if let Some(since) = self.paused.take() {
            self.shift(since.elapsed());
        }
    }

    fn shift(&mut self, time: Duration) {
        self.limit += time;
        self.begun = self.begun.map(|begun| begun + time);
        self.holding = self.holding.map(|it| Holding { stalls: it.stalls + time, lags: it.lags + time, ..it });
    }

    /// When [`is_over`](Self::is_over) is to be asked.
    pub(super) fn until(&self) -> Instant {
        match self.holding {
            None => self.limit,
            Some(holding) => self.limit.min(holding.stalls).min(holding.lags.max(holding.look)),
        }
    }

    /// Whether it has taken too long; `others_wait` for the memory that it may hold.
    pub(super) fn is_over(&mut self, now: Instant, others_wait: impl FnOnce() -> bool) -> bool {
        let Some(holding) = &mut self.holding else { return self.limit <= now };
        if self.limit.min(holding.stalls) <= now {
            return true;
        }
        let lags = holding.lags <= now;
        if lags {
            holding.look = now + LOOK;
        }
        lags && others_wait()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MESSAGE: Duration = Duration::from_secs(30);

    /// A message that has begun and holds memory.
    fn holding(now: Instant) -> Patience {
        let mut patience = Patience::new(now + SECOND);
        patience.begins(now, MESSAGE);
        patience.holds(now, Duration::ZERO);
        patience
    }

    /// For how many seconds it is borne that a byte comes each second, and what that byte is worth.
    fn borne(earned: Duration, others_wait: bool) -> u32 {
        let mut now = Instant::now();
        let mut patience = holding(now);
        let seconds = (0..100).find(|_| {
            now += SECOND;
            patience.arrived(now, MESSAGE, || earned);
            patience.until() <= now && patience.is_over(now, || others_wait)
        });
        seconds.expect("less than the time for a message") + 1
    }

    #[test]
    fn a_message_that_holds_memory_comes_fast_while_others_wait_and_in_its_time_when_nobody_does() {
        assert_eq!(borne(SECOND / 1000, true), 4);
        assert_eq!(borne(SECOND / 2, true), 6);
        assert_eq!(borne(SECOND, true), 30, "it is as fast as it has to be");
        assert_eq!(borne(SECOND / 1000, false), 30);
    }

    #[test]
    fn who_brings_nothing_more_keeps_no_memory_even_if_nobody_waits() {
        let now = Instant::now();
        let mut patience = holding(now);

        assert_eq!(patience.until(), now + LAG);
        assert!(!patience.is_over(now + STALL - SECOND, || false));
        assert!(patience.is_over(now + STALL, || false));
    }

    #[test]
    fn quick_bytes_make_up_for_few_seconds_of_slow_ones() {
        let now = Instant::now();
        let mut patience = holding(now);
        patience.arrived(now, MESSAGE, || 100 * SECOND);
        let mut later = now;
        while later < now + LAG {
            assert!(!patience.is_over(later, || true));
            later += SECOND;
            patience.arrived(later, MESSAGE, || Duration::ZERO);
        }

        assert!(patience.is_over(later, || true));
    }

    #[test]
    fn time_in_which_nothing_is_read_or_memory_is_waited_for_is_not_the_peers() {
        let now = Instant::now();
        let mut patience = holding(now);
        patience.waits();
        assert_eq!(patience.until(), now + MESSAGE);

        patience.holds(now + 7 * SECOND, 7 * SECOND);

        assert_eq!(patience.until(), now + 7 * SECOND + LAG);
        patience.arrived(now + 8 * SECOND, MESSAGE, || SECOND);
        patience.waits();
        assert_eq!(patience.until(), now + 7 * SECOND + MESSAGE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_counts_once_however_often_it_is_told() {
        let now = Instant::now();
        let mut patience = holding(now);
        patience.pause();
        tokio::time::advance(3 * SECOND).await;
        patience.pause();
        tokio::time::advance(3 * SECOND).await;

        patience.go_on();
        patience.go_on();

        assert_eq!(patience.until(), now + 6 * SECOND + LAG);
    }
}
