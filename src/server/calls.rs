//! The calls of a connection, from when they begin until their answers are taken.

use crate::wire::Answer;
use crate::wire::runtime::Begun;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesOrdered, FuturesUnordered, StreamExt};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Calls that run beside each other. Their answers come in the order of the calls, but for those whose caller has said
/// that any order will do.
#[derive(Default)]
pub(super) struct Calls<'a> {
    answered: VecDeque<Answer>,
    in_order: FuturesOrdered<Running<'a>>,
    in_any_order: FuturesUnordered<Running<'a>>,
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

    /// Takes in a call that has begun.
    pub(super) fn push(&mut self, call: Begun<'a, Answer>, out_of_order: bool) {
        let running = match call {
            Begun::Waits(call) => Running::Call(call),
            Begun::Done(answer) if out_of_order || self.in_order.is_empty() => return self.answered.push_back(answer),
            Begun::Done(answer) => Running::Done(Some(answer)),
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

    /// The next answer, of those that have been seen to be there.
    pub(super) fn answered(&mut self) -> Option<Answer> {
        self.answered.pop_front()
    }

    /// The next answer, if it is there already.
    pub(super) fn ready(&mut self) -> Option<Answer> {
        if self.answered.is_empty() && self.are_running() {
            let _ = self.go_on().now_or_never(); // Others may have been answered since.
        }
        self.answered()
    }

    /// Takes back an answer that was the next one.
    pub(super) fn put_back(&mut self, answer: Answer) {
        self.answered.push_front(answer);
    }
}

/// A call that could not be answered when it began.
enum Running<'a> {
    Call(BoxFuture<'a, Answer>),
    /// It has ended, and waits for its turn.
    Done(Option<Answer>),
}

impl Future for Running<'_> {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        match self.get_mut() {
            Self::Call(call) => call.as_mut().poll(context),
            Self::Done(answer) => answer.take().map_or(Poll::Pending, Poll::Ready),
        }
    }
}
