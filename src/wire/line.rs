//! A line of those who wait for something: one of them goes at a time, and peers take turns, however many each has in it.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The line.
#[derive(Debug, Default)]
pub(super) struct Line {
    order: Mutex<Order>,
    /// Those in it, with the one whose turn it is.
    length: AtomicUsize,
}

#[derive(Debug, Default)]
struct Order {
    /// Somebody has the turn.
    is_taken: bool,
    /// Who wait, by peer; the peer whose turn comes next is the first one. Those without an address are one peer.
    peers: VecDeque<(Option<IpAddr>, VecDeque<oneshot::Sender<Turn>>)>,
}

/// The turn, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn(Option<Arc<Line>>);

/// A place in the line.
struct Place<'a>(&'a Line);

impl Line {
    /// Whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.length.load(Ordering::Relaxed) == 0
    }

    /// Waits for the turn of one of `peer`, and does with it what takes `work` until it is done.
    pub(super) async fn in_turn<T>(self: &Arc<Self>, peer: Option<IpAddr>, work: impl Future<Output = T>) -> T {
        self.length.fetch_add(1, Ordering::Relaxed);
        let _place = Place(self);
        let _turn = match self.enter(peer) {
            Ok(turn) => turn,
            Err(waiting) => waiting.await.unwrap_or(Turn(None)), // It is sent before its sender goes.
        };
        work.await
    }

    fn enter(self: &Arc<Self>, peer: Option<IpAddr>) -> Result<Turn, oneshot::Receiver<Turn>> {
        let mut order = self.order();
        if !order.is_taken {
            order.is_taken = true;
            return Ok(Turn(Some(Arc::clone(self))));
        }
        let (sender, waiting) = oneshot::channel();
        match order.peers.iter_mut().find(|(of, _)| *of == peer) {
            Some((_, line)) => line.push_back(sender),
            None => order.peers.push_back((peer, VecDeque::from([sender]))),
        }
        Err(waiting)
    }

    fn order(&self) -> MutexGuard<'_, Order> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Order {
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let (peer, mut line) = self.peers.pop_front()?;
        let next = line.pop_front();
        if !line.is_empty() {
            self.peers.push_back((peer, line));
        }
        next
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(line) = self.0.take() else { return };
        loop {
            let mut order = line.order();
            let next = order.next();
            order.is_taken = next.is_some();
            drop(order); // A turn that is sent to nobody locks it again.
            match next.map(|next| next.send(Turn(Some(Arc::clone(&line))))) {
                Some(Err(mut unwanted)) => drop(unwanted.0.take()), // Who waited has left.
                _ => return,
            }
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.length.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use futures_util::future::join_all;
    use std::cell::RefCell;
    use std::future::pending;

    /// The peers of those who wait, in the order of their turns, which begin when all but those who leave have come.
    async fn turns(peers: &[u8], leaving: &[usize]) -> Vec<u8> {
        let (line, told) = (Arc::new(Line::default()), RefCell::new(vec![]));
        let mut first = Box::pin(line.in_turn(None, pending::<()>()));
        assert!((&mut first).now_or_never().is_none());
        let one = |of: &u8| {
            let (peer, of) = (IpAddr::from([127, 0, 0, *of]), *of);
            let told = &told;
            Box::pin(line.in_turn(Some(peer), async move { told.borrow_mut().push(of) }))
        };
        let mut waiting: Vec<_> = peers.iter().map(one).map(Some).collect();
        for one in waiting.iter_mut().flatten() {
            assert!(one.now_or_never().is_none(), "another has the turn");
        }
        for at in leaving {
            waiting[*at] = None;
        }
        drop(first);
        join_all(waiting.into_iter().flatten()).await;
        assert!(line.is_empty());
        told.into_inner()
    }

    #[tokio::test]
    async fn those_of_one_peer_go_in_the_order_of_their_coming_and_peers_by_turns() {
        assert_eq!(turns(&[1, 1, 1, 1, 2, 3, 2], &[]).await, [1, 2, 3, 1, 2, 1, 1]);
    }

    #[tokio::test]
    async fn who_leaves_the_line_keeps_nobody_waiting() {
        assert_eq!(turns(&[1, 2, 3, 1, 2], &[0, 1, 2]).await, [1, 2]);
        assert_eq!(turns(&[1, 2, 3], &[0, 1, 2]).await, [0; 0]);
    }

    #[tokio::test]
    async fn a_turn_that_nobody_waits_for_is_there_for_the_next_one() {
        let line = Arc::new(Line::default());

        assert_eq!(line.in_turn(None, async { 1 }).now_or_never(), Some(1));
        assert_eq!(line.in_turn(None, async { 2 }).now_or_never(), Some(2));
    }
}
