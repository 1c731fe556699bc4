//! What wakes a task seldom, while the task has turns all the time.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// A future that a task waits for beside others. To poll one leaves word whom to wake, which takes locked instructions, also
/// where they left the same word before; so it is polled again only where it has woken the task, or for another one.
pub(super) struct Bell<F: ?Sized> {
    future: Pin<Box<F>>,
    rope: Option<Arc<Rope>>,
}

/// Wakes a task, and says that it has.
struct Rope {
    task: Waker,
    is_pulled: AtomicBool,
}

impl Wake for Rope {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_pulled.store(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}

impl<F: Future + ?Sized> Bell<F> {
    pub(super) fn new(future: Pin<Box<F>>) -> Self {
        Self { future, rope: None }
    }

    /// The future, to look at.
    pub(super) fn get(&self) -> &F {
        &self.future
    }

    /// The future, to set anew: it does not know whom to wake then.
    pub(super) fn reset(&mut self) -> Pin<&mut F> {
        self.rope = None;
        self.future.as_mut()
    }

    /// Waits for the future.
    pub(super) async fn rings(&mut self) -> F::Output {
        poll_fn(|context| {
            let known = self.rope.take().filter(|rope| rope.task.will_wake(context.waker()));
            let rope =
                self.rope.insert(known.unwrap_or_else(|| {
                    Arc::new(Rope { task: context.waker().clone(), is_pulled: AtomicBool::new(true) })
                }));
            if !rope.is_pulled.load(Ordering::Acquire) {
                return Poll::Pending;
            }
            rope.is_pulled.store(false, Ordering::Release); // Before: who pulls it meanwhile has the future polled once more.
            let waker = Waker::from(Arc::clone(rope));
            self.future.as_mut().poll(&mut Context::from_waker(&waker))
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
    use std::task::Context;
    use tokio::sync::{Notify, oneshot};
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
            let polls = Cell::new(0);
            let (ring, rung) = oneshot::channel();
            let mut bell = Bell::new(Box::pin(counted(&polls, rung)));
            for _ in 0..10 {
                tokio::select! {
                    biased;
                    _ = bell.rings() => unreachable!("nobody has rung"),
                    () = tokio::task::yield_now() => {}
                }
            }
            assert_eq!(polls.get(), 1);

            spawn_local(async move {
                ring.send(7).unwrap(); // The task waits by now, and nothing else wakes it.
            });

            assert_eq!(bell.rings().await, Ok(7));
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
            assert!(Box::pin(bell.rings()).poll_unpin(&mut Context::from_waker(&waker)).is_pending());
            polls.get()
        };

        assert_eq!([poll(&mut bell), poll(&mut bell)], [1, 1]);
        let _anew = bell.reset();
        assert_eq!(poll(&mut bell), 2);
        assert!(bell.rings().now_or_never().is_none());
    }

    /// A future of the runtime wakes its task for nothing, too, and leaves no word then.
    #[tokio::test]
    async fn a_bell_that_rang_for_nothing_is_listened_to_again() {
        let polls = Cell::new(0);
        let notify = Notify::new();
        let twice = async {
            notify.notified().await;
            notify.notified().await;
        };
        let mut bell = Bell::new(Box::pin(counted(&polls, Box::pin(twice))));
        assert!(bell.rings().now_or_never().is_none());

        notify.notify_waiters();
        assert!(bell.rings().now_or_never().is_none());
        notify.notify_waiters();

        assert!(bell.rings().now_or_never().is_some());
        assert_eq!(polls.get(), 3);
    }
}
