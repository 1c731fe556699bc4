//! The calls of a connection, from when they begin until their answers are taken.

use crate::wire::Answer;
use futures_util::FutureExt;
use futures_util::stream::{FuturesOrdered, FuturesUnordered, StreamExt};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use tokio_util::sync::ReusableBoxFuture;

/// Calls that run beside each other. Their answers come in the order of the calls, but for those whose caller has said
/// that any order will do.
#[derive(Default)]
pub(super) struct Calls<'a> {
    answered: VecDeque<Answer>,
    in_order: FuturesOrdered<Running<'a>>,
    in_any_order: FuturesUnordered<Running<'a>>,
    /// Where the next call runs: most end at once and leave it to the one after.
    spare: Option<ReusableBoxFuture<'a, Answer>>,
}

impl<'a> Calls<'a> {
    /// Those whose answers have not been taken.
    pub(super) fn len(&self) -> usize {
        self.answered.len() + self.in_order.len() + self.in_any_order.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there are some that have not ended.
    pub(super) fn are_running(&self) -> bool {
        !(self.in_order.is_empty() && self.in_any_order.is_empty())
    }

    /// Begins a call, and goes on with it as far as it comes without waiting. Who waits for its answer asks
    /// [`Calls::go_on`] then.
    pub(super) fn begin(&mut self, call: impl Future<Output = Answer> + Send + 'a, out_of_order: bool) {
        let mut running = match self.spare.take() {
            None => ReusableBoxFuture::new(call),
            Some(mut spare) => {
                spare.set(call);
                spare
            }
        };
        let running = match running.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => Running::Call(running),
            Poll::Ready(answer) => {
                self.spare = Some(running);
                if out_of_order || self.in_order.is_empty() {
                    return self.answered.push_back(answer);
                }
                Running::Done(Some(answer))
            }
        };
        match out_of_order {
            true => self.in_any_order.push(running),
            false => self.in_order.push_back(running),
        }
    }

    /// Goes on until another call has ended; never, if none runs.
    pub(super) async fn go_on(&mut self) {
        let answer = tokio::select! {
            Some(answer) = self.in_order.next() => answer,
            Some(answer) = self.in_any_order.next() => answer,
            else => std::future::pending().await,
        };
        self.answered.push_back(answer);
    }

    /// The next answer, if it is there already.
    pub(super) fn ready(&mut self) -> Option<Answer> {
        if self.answered.is_empty() && self.are_running() {
            let _ = self.go_on().now_or_never(); // Others may have been answered since.
        }
        self.answered.pop_front()
    }

    /// Takes back an answer that was the next one.
    pub(super) fn put_back(&mut self, answer: Answer) {
        self.answered.push_front(answer);
    }
}

/// A call that could not be answered when it began.
enum Running<'a> {
    Call(ReusableBoxFuture<'a, Answer>),
    /// It has ended, and waits for its turn.
    Done(Option<Answer>),
}

impl Future for Running<'_> {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        match self.get_mut() {
            Self::Call(call) => Poll::Ready(ready!(call.poll(context))),
            Self::Done(answer) => answer.take().map_or(Poll::Pending, Poll::Ready),
        }
    }
}
