//! A future that is polled only where it has woken its task.

use super::sync::{AtomicBool, Ordering};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// A future that a task waits for beside others. To poll one leaves word whom to wake, which takes locked instructions, also
/// where they left the same word before; so it is polled again only where it has woken the task, or for another one.
pub(in crate::server) struct Bell<F: ?Sized> {
    future: Pin<Box<F>>,
    rope: Option<Arc<Rope>>,
}

/// Wakes a task, and says that it has.
struct Rope {
    task: Waker,
    is_pulled: AtomicBool,
}

impl Rope {
    /// Whether it was pulled since this was asked last. Then all is seen that those who pulled it did before. Most turns find
    /// that nobody has, and end with a load, which takes no locked instruction.
    fn was_pulled(&self) -> bool {
        self.is_pulled.load(Ordering::Relaxed) && self.is_pulled.swap(false, Ordering::AcqRel)
    }
}

impl Wake for Rope {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Not stored: that would hide what another one did who pulled it just before, and only this one would be heard.
        self.is_pulled.swap(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}

impl<F: Future + ?Sized> Bell<F> {
    pub(in crate::server) fn new(future: Pin<Box<F>>) -> Self {
        Self { future, rope: None }
    }

    /// The future, to look at.
    pub(in crate::server) fn get(&self) -> &F {
        &self.future
    }

    /// The future, to set anew: it does not know whom to wake then.
    pub(in crate::server) fn reset(&mut self) -> Pin<&mut F> {
        self.rope = None;
        self.future.as_mut()
    }

    /// Waits for the future.
    pub(in crate::server) async fn rings(&mut self) -> F::Output {
        poll_fn(|context| {
            let known = self.rope.take().filter(|rope| rope.task.will_wake(context.waker()));
            let rope =
                self.rope.insert(known.unwrap_or_else(|| {
                    Arc::new(Rope { task: context.waker().clone(), is_pulled: AtomicBool::new(true) })
                }));
            if !rope.was_pulled() {
                return Poll::Pending;
            }
            // Asked before: who pulls it meanwhile has the future polled once more.
            let waker = Waker::from(Arc::clone(rope));
            self.future.as_mut().poll(&mut Context::from_waker(&waker))
        })
        .await
    }
}
