//! A bell under every order of events that chance finds: the file itself, over atomics that `shuttle` plays. It plays them one
//! after the other: what their orderings let processors do beyond that is not seen here.

#[path = "ringing.rs"]
#[allow(clippy::duplicate_mod, reason = "the same file over other atomics")]
#[allow(dead_code, reason = "some of it has no part in this")]
mod ringing;

/// What a bell stands on here.
mod sync {
    pub(super) use shuttle::sync::atomic::{AtomicBool, Ordering};
}

use ringing::Bell;
use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle::sync::{Condvar, Mutex};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// Those who bring one thing each.
const BRINGERS: usize = 3;

/// What is brought, and who waits for it.
#[derive(Default)]
struct Shelf {
    things: AtomicUsize,
    waits: Mutex<Option<Waker>>,
}

impl Shelf {
    /// Waits until all things are there. It leaves word before it looks, and once: who brings one takes no word away.
    fn full(self: Arc<Self>) -> impl Future<Output = ()> {
        poll_fn(move |context| {
            *self.waits.lock().unwrap() = Some(context.waker().clone());
            if self.things.load(Ordering::SeqCst) == BRINGERS { Poll::Ready(()) } else { Poll::Pending }
        })
    }

    fn bring(&self) {
        self.things.fetch_add(1, Ordering::SeqCst);
        let waits = self.waits.lock().unwrap().clone();
        if let Some(waker) = waits {
            waker.wake();
        }
    }
}

/// A task that waits for its bell, and has so many turns before for other reasons. A wake-up that is lost is a deadlock, which
/// shuttle reports.
fn ring(turns_before: usize) {
    let shelf = Arc::<Shelf>::default();
    let mut bell = Bell::new(Box::pin(Arc::clone(&shelf).full()));
    for _ in 0..BRINGERS {
        let shelf = Arc::clone(&shelf);
        shuttle::thread::spawn(move || shelf.bring());
    }
    let task = Arc::<Task>::default();
    for _ in 0..turns_before {
        if task.has_turn(&mut bell) {
            return;
        }
        shuttle::thread::yield_now();
    }
    while !task.has_turn(&mut bell) {
        task.sleep();
    }
}

/// A task with one waker all the time, as those of the runtime have it: a bell that meets another one leaves word anew.
#[derive(Default)]
struct Task {
    is_woken: Mutex<bool>,
    wakes: Condvar,
}

impl Task {
    /// Whether the bell rings.
    fn has_turn(self: &Arc<Self>, bell: &mut Bell<impl Future>) -> bool {
        let waker = Waker::from(Arc::clone(self));
        pin!(bell.rings()).poll(&mut Context::from_waker(&waker)).is_ready()
    }

    fn sleep(&self) {
        let mut is_woken = self.is_woken.lock().unwrap();
        while !std::mem::take(&mut *is_woken) {
            is_woken = self.wakes.wait(is_woken).unwrap();
        }
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        *self.is_woken.lock().unwrap() = true;
        self.wakes.notify_one();
    }
}

#[test]
fn no_wake_up_is_lost_whoever_wakes_when() {
    for turns_before in [0, 3] {
        shuttle::check_random(move || ring(turns_before), 5000);
        shuttle::check_pct(move || ring(turns_before), 5000, 4);
    }
}
