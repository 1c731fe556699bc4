//! What wakes a task seldom, while the task has turns all the time.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Poll, Waker};
use tokio::task::coop::has_budget_remaining;

/// A future that a task waits for beside others. To poll one leaves word whom to wake, which takes locked instructions, also
/// where they left the same word before; so it is polled again only for another task, or when it has rung.
pub(super) struct Bell<F: ?Sized> {
    future: Pin<Box<F>>,
    /// Whom it wakes.
    waker: Option<Waker>,
}

impl<F: Future + ?Sized> Bell<F> {
    pub(super) fn new(future: Pin<Box<F>>) -> Self {
        Self { future, waker: None }
    }

    /// The future, to look at.
    pub(super) fn get(&self) -> &F {
        &self.future
    }

    /// The future, to set anew: it does not know whom to wake then.
    pub(super) fn reset(&mut self) -> Pin<&mut F> {
        self.waker = None;
        self.future.as_mut()
    }

    /// Waits for the future, which is ready whenever `has_rung` says so.
    pub(super) async fn rings(&mut self, has_rung: impl Fn(&F) -> bool) -> F::Output {
        poll_fn(|context| {
            let is_known = self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker()));
            if is_known && !has_rung(&self.future) {
                return Poll::Pending;
            }
            if !is_known {
                // Without budget the runtime's futures have the task polled again, and leave no word.
                self.waker = has_budget_remaining().then(|| context.waker().clone());
            }
            self.future.as_mut().poll(context)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use futures_util::task::noop_waker;
    use std::cell::Cell;
    use std::rc::Rc;
    use std::task::Context;
    use tokio::sync::oneshot;
    use tokio::task::{LocalSet, spawn_local};

    /// A future that counts how often it is polled.
    fn counted<'a, F: Future + Unpin + 'a>(
        polls: &'a Cell<u32>,
        mut future: F,
    ) -> impl Future<Output = F::Output> + 'a {
        poll_fn(move |context| {
            polls.set(polls.get() + 1);
            future.poll_unpin(context)
        })
    }

    #[tokio::test]
    async fn a_task_that_has_many_turns_is_woken_by_a_bell_that_it_polled_once() {
        let task = async {
            let (polls, has_rung) = (Cell::new(0), Rc::new(Cell::new(false)));
            let (ring, rung) = oneshot::channel();
            let mut bell = Bell::new(Box::pin(counted(&polls, rung)));
            for _ in 0..10 {
                tokio::select! {
                    biased;
                    _ = bell.rings(|_| has_rung.get()) => unreachable!("nobody has rung"),
                    () = tokio::task::yield_now() => {}
                }
            }
            assert_eq!(polls.get(), 1);

            let has = Rc::clone(&has_rung);
            spawn_local(async move {
                has.set(true);
                ring.send(7).unwrap(); // The task waits by now, and nothing else wakes it.
            });

            assert_eq!(bell.rings(|_| has_rung.get()).await, Ok(7));
            assert_eq!(polls.get(), 2);
        };
        LocalSet::new().run_until(async { spawn_local(task).await.unwrap() }).await;
    }

    #[tokio::test]
    async fn another_task_leaves_its_own_word_and_so_does_one_that_sets_it_anew() {
        let polls = Cell::new(0);
        let (_ring, rung) = oneshot::channel::<()>();
        let mut bell = Bell::new(Box::pin(counted(&polls, rung)));
        let poll = |bell: &mut Bell<_>| {
            let waker = noop_waker();
            assert!(Box::pin(bell.rings(|_| false)).poll_unpin(&mut Context::from_waker(&waker)).is_pending());
            polls.get()
        };

        assert_eq!([poll(&mut bell), poll(&mut bell)], [1, 1]);
        let _anew = bell.reset();
        assert_eq!(poll(&mut bell), 2);
        assert!(bell.rings(|_| false).now_or_never().is_none());
    }
}
