//! Turns of the tasks of a thread: none goes on for longer than the others can wait for theirs.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;
use tokio::task::yield_now;
use tokio::time::Instant;

/// A task that has work for longer lets the others go first: long beside what that costs, short beside what callers notice.
const LONGEST: Duration = Duration::from_micros(200);

/// What a task has done since it let the others go first.
pub(super) struct Turn {
    worked: Duration,
    /// Work is counted up to here.
    until: Instant,
}

impl Turn {
    pub(super) fn new() -> Self {
        Self { worked: Duration::ZERO, until: Instant::now() }
    }

    /// Takes in work that was done from `begun` until `now`; after a long turn, lets the others go first.
    pub(super) async fn worked(&mut self, begun: Instant, now: Instant) {
        self.worked += now.saturating_duration_since(begun.max(self.until));
        self.until = now;
        if self.worked >= LONGEST {
            self.worked = Duration::ZERO;
            put_off().await;
            self.waited();
        }
    }

    /// The time until now was no work.
    pub(super) fn waited(&mut self) {
        self.until = Instant::now();
    }
}

thread_local! {
    /// Tasks that the thread has put off.
    static PUT_OFF: Cell<u64> = const { Cell::new(0) };
}

/// Has its turn again when its thread has looked at sockets. Until then no other thread can take it over: one that shall rest
/// must not, see [`put_off_so_far`].
async fn put_off() {
    PUT_OFF.set(PUT_OFF.get() + 1);
    yield_now().await;
}

/// How many tasks this thread has put off since it began.
pub(super) fn put_off_so_far() -> u64 {
    PUT_OFF.get()
}

/// Lets all other tasks of the thread go first, those too whose bytes have come and have not been looked for yet. Answers how long
/// it took until they were looked for, and the turns of all that were ready then.
pub(super) async fn let_all_go() -> [Duration; 2] {
    let begun = Instant::now();
    put_off().await; // Until they are looked for; before or behind others that were put off.
    let looked = Instant::now();
    let_queue_go().await;
    [looked - begun, looked.elapsed()]
}

/// Has its turn again at the end of the queue: a round of all tasks that are ready.
pub(super) async fn let_queue_go() {
    let mut has_gone = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_gone, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// The order in which two tasks of one thread have their turns, when the first one works twice for so long.
    async fn order(work: Duration) -> Vec<&'static str> {
        let order = RefCell::new(vec![]);
        let note = |who| order.borrow_mut().push(who);
        let tasks = tokio::task::LocalSet::new();
        tasks
            .run_until(async {
                let first = async {
                    let mut turn = Turn::new();
                    for _ in 0..2 {
                        note("first");
                        let begun = turn.until;
                        turn.worked(begun, begun + work).await;
                    }
                };
                tokio::join!(first, async { note("second") });
            })
            .await;
        order.into_inner()
    }

    #[tokio::test]
    async fn a_task_with_much_work_lets_others_go_first() {
        assert_eq!(order(LONGEST).await, ["first", "second", "first"]);
    }

    #[tokio::test]
    async fn a_task_with_little_work_goes_on() {
        assert_eq!(order(LONGEST / 2 - Duration::from_nanos(1)).await, ["first", "first", "second"]);
    }

    #[tokio::test]
    async fn the_turns_of_others_are_not_its_own_work() {
        let mut turn = Turn::new();
        let begun = turn.until;
        let other = async {
            let begun = Instant::now();
            while begun.elapsed() < LONGEST {}
        };

        let worked = turn.worked(begun, begun + LONGEST);
        tokio::join!(biased; worked, other);

        let after = turn.until;
        turn.worked(begun, after + LONGEST / 2).await;
        assert_eq!(turn.worked, LONGEST / 2);
    }

    #[tokio::test]
    async fn work_is_counted_once() {
        let mut turn = Turn::new();
        let begun = turn.until;

        turn.worked(begun, begun + LONGEST / 2).await;
        turn.worked(begun, begun + LONGEST / 2).await;

        assert_eq!(turn.worked, LONGEST / 2);
    }
}
