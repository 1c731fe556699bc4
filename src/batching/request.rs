//! A request in the queue or in batches: its rows, and who waits for the answer.

use super::in_flight::RowsInFlight;
use crate::error::{Error, Result};
use crate::model::{LoadedModel, Predictions};
use ndarray::{Array2, ArrayView2, Axis, Slice};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// Where the answer to a request arrives.
pub(super) type Answer = oneshot::Receiver<Result<Predictions>>;

/// What a caller waits for. A large one is computed in several batches and answered whole.
pub(super) struct Request {
    pub(super) model: Arc<LoadedModel>,
    /// `(n_samples, n_features)`, as the model's schema wants them.
    features: Array2<f64>,
    /// Until it is answered.
    open: Mutex<Option<Open>>,
}

struct Open {
    reply: oneshot::Sender<Result<Predictions>>,
    /// Its rows count as in flight as long as this lives.
    rows: RowsInFlight,
    /// Answers to some of its rows, by the first of them.
    pieces: Vec<(usize, Predictions)>,
}

impl Request {
    /// A request, and where its answer arrives.
    pub(super) fn new(model: Arc<LoadedModel>, features: Array2<f64>, rows: RowsInFlight) -> (Arc<Self>, Answer) {
        let (reply, answer) = oneshot::channel();
        let open = Mutex::new(Some(Open { reply, rows, pieces: Vec::new() }));
        (Arc::new(Self { model, features, open }), answer)
    }

    /// These of its rows; one without rows has none, though it takes the place of one in a batch.
    pub(super) fn rows(&self, from: usize, count: usize) -> ArrayView2<'_, f64> {
        let end = (from + count).min(self.features.nrows());
        self.features.slice_axis(Axis(0), Slice::from(from.min(end)..end))
    }

    /// Whether so many rows are all of it.
    pub(super) fn is_whole(&self, rows: usize) -> bool {
        rows >= self.features.nrows()
    }

    /// Whether somebody waits for it.
    pub(super) fn is_open(&self) -> bool {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.as_ref().is_some_and(|open| !open.reply.is_closed())
    }

    /// Takes the answer to the rows from `from` on; the last one, or an error, goes to the caller.
    pub(super) fn answer(&self, from: usize, result: Result<Predictions>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mut own) = open.take() else { return };
        match result {
            Ok(piece) if piece.n_rows() < self.features.nrows() => {
                own.pieces.push((from, piece));
                if own.pieces.iter().map(|(_, piece)| piece.n_rows()).sum::<usize>() < self.features.nrows() {
                    *open = Some(own);
                } else {
                    own.close_joined();
                }
            }
            whole => own.close(whole),
        }
    }
}

impl Open {
    fn close_joined(mut self) {
        let mut pieces = std::mem::take(&mut self.pieces);
        pieces.sort_unstable_by_key(|(from, _)| *from);
        let whole = Predictions::join(pieces.into_iter().map(|(_, piece)| piece));
        self.close(whole.ok_or_else(|| Error::internal("the answers to the parts of a request do not fit together")));
    }

    fn close(self, result: Result<Predictions>) {
        drop(self.rows); // Before the answer: who has its answer is no longer in flight.
        let _ = self.reply.send(result); // Who has left needs none.
    }
}
