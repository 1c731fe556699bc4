//! Calls that are built once and sent many times.

use crate::access::Token;
use crate::data::Features;
use crate::error::{Error, Result};
use crate::wire::inference::PredictRequest;
use crate::wire::runtime::{Channel, ChannelFault, Method};
use crate::wire::services::InferenceClient;
use crate::wire::types::RequestContext;
use crate::wire::{self, Format, Sealer, convert};
use bytes::Bytes;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Bytes that the calls of all batches may take together; those of the first batch may take more.
const KEPT_BYTES: usize = 64 << 20;
/// Bytes that the calls of one batch may take.
const MAX_BYTES: usize = 1 << 30;

/// What all calls of `predict` have in common.
#[derive(Debug)]
pub(super) struct Template<'a> {
    pub(super) model: &'a str,
    pub(super) token: Option<&'a Token>,
    pub(super) sealer: &'a Sealer,
    /// What the server hears.
    pub(super) deadline: Duration,
}

/// Sealed calls: for each batch one for each place in flight. The number of a call is that of its place, so that a reply
/// says which place it frees. Connections share them.
#[derive(Debug)]
pub(super) struct Requests {
    sealed: Vec<Bytes>,
    places: usize,
}

impl Requests {
    /// Calls for as many of the batches as fit into 64 MiB, at least for one.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] without a batch, or for one that is too large.
    pub(super) async fn new(template: &Template<'_>, batches: &[Features], places: usize) -> Result<Self> {
        let (mut sealed, mut bytes) = (vec![], 0_usize);
        for batch in batches {
            let calls = template.calls(batch, places).await?;
            bytes = bytes.saturating_add(calls.iter().map(Bytes::len).sum());
            if !sealed.is_empty() && bytes > KEPT_BYTES {
                break;
            }
            sealed.extend(calls);
        }
        if sealed.is_empty() {
            Err(Error::invalid("there are no rows to call with"))
        } else {
            Ok(Self { sealed, places })
        }
    }

    /// How many batches there are.
    pub(super) fn batches(&self) -> usize {
        self.sealed.len() / self.places
    }

    /// Calls in flight on a connection.
    pub(super) fn places(&self) -> usize {
        self.places
    }

    /// Bytes of a call of the first batch, with what it is wrapped in.
    pub(super) fn bytes_per_call(&self) -> usize {
        self.sealed.first().map_or(0, Bytes::len)
    }

    /// The call of a batch, counted round and round, in a place.
    pub(super) fn call(&self, batch: usize, place: usize) -> Bytes {
        self.sealed[batch % self.batches() * self.places + place].clone()
    }
}

impl Template<'_> {
    async fn calls(&self, batch: &Features, places: usize) -> Result<Vec<Bytes>> {
        let mut calls = Vec::with_capacity(places);
        for place in 0..places {
            let call = self.call(batch, place).await?;
            let bytes = call.len();
            if bytes.saturating_mul(places) > MAX_BYTES {
                return Err(Error::invalid(format!(
                    "{places} calls of {bytes} bytes in flight on a connection exceed {MAX_BYTES} bytes; take fewer calls or rows"
                )));
            }
            calls.push(call);
        }
        Ok(calls)
    }

    async fn call(&self, batch: &Features, place: usize) -> Result<Bytes> {
        let seqid = i32::try_from(place).map_err(|_| Error::invalid("there are too many calls in flight"))?;
        let recorder = Recorder { template: self, seqid, sealed: Mutex::default() };
        let request = PredictRequest { context: Some(self.context()), ..convert::predict_request(self.model, batch) };
        let _ = InferenceClient(&recorder).predict(request).await; // It has no answer: the call is recorded, not made.
        let sealed = recorder.sealed.into_inner().unwrap_or_else(PoisonError::into_inner);
        sealed.unwrap_or_else(|| Err(Error::internal("the call cannot be written")))
    }

    fn context(&self) -> RequestContext {
        let token = self.token.map(|token| token.as_str().to_owned());
        RequestContext { deadline_ms: i64::try_from(self.deadline.as_millis().max(1)).ok(), token, ..wire::empty() }
    }
}

/// Keeps the call that is made through it.
struct Recorder<'a> {
    template: &'a Template<'a>,
    seqid: i32,
    sealed: Mutex<Option<Result<Bytes>>>,
}

impl Channel for Recorder<'_> {
    fn format(&self) -> Format {
        self.template.sealer.format()
    }

    fn next_seqid(&self) -> i32 {
        self.seqid
    }

    async fn exchange(&self, _: &'static Method, message: Vec<u8>) -> std::result::Result<Bytes, ChannelFault> {
        let sealed = self.template.sealer.seal(message, self.seqid, self.template.deadline);
        *self.sealed.lock().unwrap_or_else(PoisonError::into_inner) = Some(sealed);
        Err(ChannelFault::NotSent("it was recorded".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Cut, Cutter, Limits, Protocol, Transport, open};
    use bytes::BytesMut;
    use ndarray::Array2;

    fn batches(n_rows: &[usize]) -> Vec<Features> {
        n_rows.iter().map(|rows| Features::Matrix(Array2::zeros((*rows, 4)))).collect()
    }

    async fn requests(format: Format, batches: &[Features], places: usize) -> Result<Requests> {
        let sealer = Sealer::new(format, "localhost", None).unwrap();
        let (token, deadline) = (Token::from("mw_secret".to_owned()), Duration::from_millis(250));
        Requests::new(&Template { model: "iris", token: Some(&token), sealer: &sealer, deadline }, batches, places)
            .await
    }

    #[tokio::test]
    async fn each_place_has_a_call_of_its_number_with_deadline_and_token() {
        let format = Format { transport: Transport::Framed, protocol: Protocol::Compact };
        let requests = requests(format, &batches(&[1, 2]), 3).await.unwrap();

        assert_eq!(requests.batches(), 2);
        for (batch, place) in [(0, 0), (1, 2), (5, 1)] {
            let mut sent = BytesMut::from(requests.call(batch, place));
            let Cut::Message(message) = Cutter::new(Limits::default()).cut(&mut sent) else { panic!("no message") };
            let opened = open(&message, &Limits::default()).unwrap();
            assert_eq!((opened.head.name.as_ref(), opened.head.seqid), ("predict", i32::try_from(place).unwrap()));
            let context = opened.context.unwrap();
            assert_eq!((context.deadline_ms, context.token.as_deref()), (Some(250), Some("mw_secret")));
        }
        assert!(requests.call(1, 0).len() > requests.call(0, 0).len(), "the second batch has more rows");
    }

    #[tokio::test]
    async fn batches_beyond_the_memory_are_left_out_but_for_the_first() {
        let format = Format { transport: Transport::Framed, protocol: Protocol::Binary };
        let all = KEPT_BYTES / 32; // Rows of 4 numbers.

        let requests = requests(format, &batches(&[all / 8, all / 8, 9, all / 2]), 2).await.unwrap();

        assert_eq!(requests.batches(), 3);
    }

    #[tokio::test]
    async fn calls_without_rows_to_send_or_with_too_many_bytes_are_refused() {
        let format = Format { transport: Transport::Framed, protocol: Protocol::Binary };

        let none = requests(format, &[], 1).await.unwrap_err().to_string();
        let many = requests(format, &batches(&[MAX_BYTES / 32 / 1000]), 1001).await.unwrap_err().to_string();

        assert_eq!(none, "there are no rows to call with");
        assert!(many.contains("take fewer calls or rows"), "{many}");
    }
}
