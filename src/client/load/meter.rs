//! Counts the calls of a load.

use super::places::InFlight;
use super::report::Report;
use super::schedule::Pace;
use crate::client::Times;
use crate::error::{Code, Error};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// What is measured, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) pace: Pace,
    /// Calls that are due before it are warm-up.
    pub(super) start: Instant,
    /// No call is due from here on.
    pub(super) end: Instant,
    /// An answer is late after this.
    pub(super) deadline: Duration,
}

/// Counts the calls of all connections.
#[derive(Debug)]
pub(super) struct Meter {
    pub(super) window: Window,
    tally: Mutex<Tally>,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    answered: Times,
    late: u64,
    failed: Times,
    waited: Times,
    replied: Times,
    errors: BTreeMap<Code, u64>,
    last_error: Option<String>,
    unsent: u64,
    warm_up_calls: u64,
    reconnects: u64,
    last_end: Option<Instant>,
}

impl Meter {
    pub(super) fn new(window: Window) -> Self {
        Self { window, tally: Mutex::default() }
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts calls of one connection.
    pub(super) fn count<T>(&self, count: impl FnOnce(&mut Counting<'_>) -> T) -> T {
        count(&mut Counting { window: &self.window, tally: &mut self.tally() })
    }

    /// What it has come to.
    pub(super) fn report(&self, now: Instant) -> Report {
        let Window { pace, start, end, .. } = self.window;
        let tally = self.tally();
        let (offered_per_second, until) = match pace {
            Pace::Open { calls_per_second } => (Some(calls_per_second), now.min(end)),
            Pace::Closed => (None, tally.last_end.map_or(now, |last| last.max(now.min(end)))),
        };
        let seconds = until.saturating_duration_since(start).as_secs_f64();
        let answered = tally.answered.count();
        Report {
            offered_per_second,
            goodput_per_second: if seconds > 0.0 { answered as f64 / seconds } else { 0.0 },
            seconds,
            calls: answered + tally.failed.count(),
            answered,
            late: tally.late,
            errors: tally.errors.clone(),
            last_error: tally.last_error.clone(),
            unsent: tally.unsent,
            warm_up_calls: tally.warm_up_calls,
            reconnects: tally.reconnects,
            answered_ms: tally.answered.latency(),
            failed_ms: tally.failed.latency(),
            waited_ms: tally.waited.latency(),
            replied_ms: tally.replied.latency(),
            times: tally.answered.clone(),
        }
    }
}

/// The tally in the hands of one connection.
pub(super) struct Counting<'a> {
    window: &'a Window,
    tally: &'a mut Tally,
}

impl Counting<'_> {
    /// A call that was due then is sent now.
    pub(super) fn sent(&mut self, due: Instant, now: Instant) {
        if due >= self.window.start && self.window.pace != Pace::Closed {
            self.tally.waited.record(now.saturating_duration_since(due));
        }
    }

    /// A call has its reply now, whatever that says.
    pub(super) fn replied(&mut self, call: &InFlight, now: Instant) {
        if call.due >= self.window.start {
            self.tally.replied.record(now.saturating_duration_since(call.sent));
        }
    }

    /// A call is answered now. It is late if its deadline has passed since it was sent: the server has not heard of it before.
    pub(super) fn answered(&mut self, call: &InFlight, now: Instant) {
        let is_late = now.saturating_duration_since(call.sent) > self.window.deadline;
        self.tally.late += u64::from(is_late && call.due >= self.window.start);
        self.ended(call.due, now, Ok(()));
    }

    /// A call that was due then has an answer now, or brought an error.
    pub(super) fn ended(&mut self, due: Instant, now: Instant, outcome: Result<(), &Error>) {
        if due < self.window.start {
            self.tally.warm_up_calls += 1;
            return;
        }
        let time: Duration = now.saturating_duration_since(due);
        self.tally.last_end = Some(now);
        match outcome {
            Ok(()) => self.tally.answered.record(time),
            Err(error) => {
                self.tally.failed.record(time);
                *self.tally.errors.entry(error.code()).or_default() += 1;
                self.tally.last_error = Some(error.to_string());
            }
        }
    }

    /// So many calls were due and not sent.
    pub(super) fn unsent(&mut self, calls: u64) {
        self.tally.unsent += calls;
    }

    pub(super) fn reconnected(&mut self) {
        self.tally.reconnects += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn meter(pace: Pace) -> (Meter, Instant) {
        let start = Instant::now();
        (Meter::new(Window { pace, start, end: start + 10 * SECOND, deadline: 2 * SECOND }), start)
    }

    #[test]
    fn the_rate_of_an_open_loop_is_that_of_its_time_also_if_replies_come_later() {
        let (meter, start) = meter(Pace::Open { calls_per_second: 1.0 });
        meter.count(|it| (0..10).for_each(|call| it.ended(start + call * SECOND, start + 12 * SECOND, Ok(()))));

        let report = meter.report(start + 13 * SECOND);

        assert_eq!((report.seconds, report.goodput_per_second, report.answered_share()), (10.0, 1.0, 1.0));
        assert_eq!(report.answered_ms.unwrap().max, 12_000.0);
    }

    #[test]
    fn the_rate_of_a_closed_loop_is_over_the_time_until_the_last_reply() {
        let (meter, start) = meter(Pace::Closed);
        meter.count(|it| (0..40).for_each(|_| it.ended(start, start + 20 * SECOND, Ok(()))));

        let report = meter.report(start + 30 * SECOND);

        assert_eq!((report.seconds, report.goodput_per_second), (20.0, 2.0));
    }

    #[test]
    fn the_time_of_a_reply_is_counted_from_when_its_call_was_sent_and_not_from_when_it_was_due() {
        let (meter, start) = meter(Pace::Open { calls_per_second: 1.0 });
        meter.count(|it| {
            for (due, sent, replied) in [(start, 3, 5), (start + SECOND, 3, 4), (start - SECOND, 0, 9)] {
                it.replied(&InFlight { due, sent: start + sent * SECOND }, start + replied * SECOND);
            }
        });

        let replied = meter.report(start + 9 * SECOND).replied_ms.unwrap();

        assert_eq!((replied.min, replied.max), (1_000.0, 2_000.0), "the last one is warm-up");
    }

    #[test]
    fn an_answer_is_late_that_takes_longer_than_its_deadline_from_when_the_call_was_sent() {
        let (meter, start) = meter(Pace::Open { calls_per_second: 1.0 });
        let sent = start + SECOND;
        let deadline = sent + 2 * SECOND;
        meter.count(|it| {
            it.answered(&InFlight { due: start - SECOND, sent }, deadline + SECOND);
            it.answered(&InFlight { due: start, sent }, deadline);
            it.answered(&InFlight { due: start, sent }, deadline + Duration::from_nanos(1));
            it.ended(start, deadline + SECOND, Err(&Error::TooLate));
        });

        let report = meter.report(deadline + SECOND);

        assert_eq!((report.answered, report.late, report.warm_up_calls), (2, 1, 1));
    }

    #[test]
    fn errors_are_counted_by_code_and_warm_up_and_what_was_not_sent_apart() {
        let (meter, start) = meter(Pace::Open { calls_per_second: 1.0 });
        let late = start + 3 * SECOND;
        meter.count(|it| {
            it.ended(start - SECOND, late, Ok(()));
            it.ended(start, late, Ok(()));
            it.ended(start, late, Err(&Error::TooLate));
            it.ended(start, late, Err(&Error::TooLate));
            it.ended(start, late, Err(&Error::Full));
            it.unsent(6);
        });

        let report = meter.report(late);

        assert_eq!((report.calls, report.answered, report.warm_up_calls, report.unsent), (4, 1, 1, 6));
        assert_eq!(report.errors, BTreeMap::from([(Code::Overloaded, 1), (Code::DeadlineExceeded, 2)]));
        assert_eq!((report.answered_share(), report.last_error), (0.1, Some(Error::Full.to_string())));
    }
}
