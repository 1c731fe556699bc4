//! Bells on futures of the runtime.

use super::Bell;
use futures_util::FutureExt;
use futures_util::task::noop_waker;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::task::Context;
use tokio::sync::{Notify, oneshot};
use tokio::task::{LocalSet, spawn_local};

/// A future that counts how often it is polled.
fn counted<'a, F: Future + Unpin + 'a>(polls: &'a Cell<u32>, mut future: F) -> impl Future<Output = F::Output> + 'a {
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
