//! The calls of a connection that run.

use crate::wire::Answer;
use futures_util::FutureExt;
use futures_util::stream::{FuturesOrdered, FuturesUnordered, StreamExt};
use std::future::Future;
use std::pin::Pin;

type Running<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// Calls that run beside each other. Their answers come in the order of the calls, but for those whose caller has said
/// that any order will do.
#[derive(Default)]
pub(super) struct Calls<'a> {
    in_order: FuturesOrdered<Running<'a>>,
    in_any_order: FuturesUnordered<Running<'a>>,
}

impl<'a> Calls<'a> {
    pub(super) fn len(&self) -> usize {
        self.in_order.len() + self.in_any_order.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn push(&mut self, call: impl Future<Output = Answer> + Send + 'a, out_of_order: bool) {
        if out_of_order {
            self.in_any_order.push(Box::pin(call));
        } else {
            self.in_order.push_back(Box::pin(call));
        }
    }

    /// The next answer; `None` if no call runs.
    pub(super) async fn next(&mut self) -> Option<Answer> {
        tokio::select! {
            Some(answer) = self.in_order.next() => Some(answer),
            Some(answer) = self.in_any_order.next() => Some(answer),
            else => None,
        }
    }

    /// The next answer, if it is there already.
    pub(super) fn ready(&mut self) -> Option<Answer> {
        self.next().now_or_never().flatten()
    }
}
