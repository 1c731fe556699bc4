//! Holds our readers and writers to the library's.

use super::super::inference::{PredictRequest, PredictResponse};
use super::super::message::{self, encode, write_single};
use super::super::types::{Column, RequestContext, Table, Tensor};
use super::super::{Envelope, Transport, types::DType};
use super::*;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use thrift::protocol::{TMessageIdentifier, TSerializable};

const PROTOCOLS: [Protocol; 2] = [Protocol::Binary, Protocol::Compact];

fn format(protocol: Protocol) -> Format {
    Format { transport: Transport::Framed, protocol }
}

/// A call of `predict`, as the library writes it.
fn call(protocol: Protocol, name: &str, seqid: i32, request: &PredictRequest) -> Message {
    let identifier = TMessageIdentifier::new(name, TMessageType::Call, seqid);
    let write = |writer: &mut dyn thrift::protocol::TOutputProtocol| write_single(writer, ("request", 1), request);
    let bytes = encode(format(protocol), &identifier, write).unwrap();
    let room = format(protocol).headroom();
    Message::new(format(protocol), Envelope::Framed, Bytes::from(bytes).slice(room..))
}

fn text() -> impl Strategy<Value = Option<String>> {
    of(".{0,20}")
}

fn bytes() -> impl Strategy<Value = Option<Bytes>> {
    of(vec(any::<u8>(), 0..40).prop_map(Bytes::from))
}

fn context() -> impl Strategy<Value = Option<RequestContext>> {
    let texts = [text(), text(), text(), text()];
    of((texts, of(any::<i64>()), of(any::<i32>()), of(any::<i64>())).prop_map(
        |([request_id, traceparent, token, idempotency_key], deadline_ms, priority, min_generation)| RequestContext {
            deadline_ms,
            request_id,
            traceparent,
            token,
            priority,
            idempotency_key,
            min_generation,
        },
    ))
}

fn tensor() -> impl Strategy<Value = Option<Tensor>> {
    let dtype = of(any::<i32>().prop_map(DType::from));
    of((dtype, of(vec(any::<i64>(), 0..20)), bytes()).prop_map(|(dtype, shape, data)| Tensor { dtype, shape, data }))
}

fn column() -> impl Strategy<Value = Column> {
    (text(), of(any::<i32>()), text(), tensor(), [bytes(), bytes(), bytes()]).prop_map(
        |(name, type_, type_name, tensor, [text_data, text_offsets, missing])| Column {
            name,
            type_,
            type_name,
            tensor,
            text_data,
            text_offsets,
            missing,
        },
    )
}

fn request() -> impl Strategy<Value = PredictRequest> {
    let table = of(of(vec(column(), 0..20)).prop_map(|columns| Table { columns }));
    (context(), text(), tensor(), table).prop_map(|(context, model, matrix, table)| PredictRequest {
        context,
        model,
        matrix,
        table,
    })
}

fn response() -> impl Strategy<Value = PredictResponse> {
    let tensors = [tensor(), tensor(), tensor(), tensor(), tensor()];
    (text(), of(any::<i64>()), of(any::<i64>()), tensors, of(column()), of(column())).prop_map(
        |(model, version, generation, tensors, labels, classes)| {
            let [values, probabilities, clusters, distances, transformed] = tensors;
            PredictResponse {
                model,
                version,
                generation,
                values,
                labels,
                probabilities,
                classes,
                clusters,
                distances,
                transformed,
            }
        },
    )
}

/// What is read of a call when it is opened, and of its request behind that.
fn read(message: &Message, limits: &Limits) -> Option<(Opened, PredictRequest)> {
    let opened = open(message, limits)?;
    let request = decode(message, opened.rest)?;
    Some((opened, request))
}

/// A request without its context, which is read when its call is opened.
fn without_context(request: &PredictRequest) -> PredictRequest {
    PredictRequest { context: None, ..request.clone() }
}

/// What the library makes of a call.
fn by_library<Q: TSerializable>(message: &Message, limits: &Limits) -> Option<Q> {
    message::guard(|| message::decode(message, limits).map_err(|refusal| thrift::Error::User(Box::new(refusal)))).ok()
}

proptest! {
    #[test]
    fn what_the_library_writes_is_read_as_it_was(request in request(), seqid in any::<i32>()) {
        for protocol in PROTOCOLS {
            let message = call(protocol, "Inference:predict", seqid, &request);

            let (opened, read) = read(&message, &Limits::default()).expect("it is a plain call");

            prop_assert_eq!(read, without_context(&request));
            prop_assert_eq!((opened.head.name.as_ref(), opened.head.seqid), ("predict", seqid));
            let sent = request.context.clone().unwrap_or_else(RequestContext::empty);
            let token = sent.token.clone().filter(|token| !token.is_empty()); // None is shown.
            prop_assert_eq!(opened.context.unwrap(), RequestContext { token, ..sent });
        }
    }

    #[test]
    fn what_is_written_is_what_the_library_writes(response in response(), seqid in any::<i32>()) {
        let head = Head { service: None, name: "predict".into(), seqid, oneway: false };
        for protocol in PROTOCOLS {
            let written = reply(format(protocol), &head, &response).unwrap();

            prop_assert_eq!(written.into_vec(), message::reply(format(protocol), &head, ("success", 0), &response));
        }
    }

    #[test]
    fn whatever_is_read_at_all_is_read_as_by_the_library(
        request in request(),
        edits in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in of(any::<prop::sample::Index>()),
        depth in 8usize..12,
        elements in 0usize..60,
    ) {
        let limits = Limits { max_depth: depth, max_elements: elements, ..Limits::default() };
        for protocol in PROTOCOLS {
            let mut message = call(protocol, "predict", 7, &request);
            let mut body = message.body.to_vec();
            edits.iter().for_each(|(at, byte)| { let at = at.index(body.len()); body[at] = *byte; });
            body.truncate(cut.map_or(body.len(), |at| at.index(body.len())));
            message.body = body.into();

            if let Some((_, read)) = read(&message, &limits) {
                let library: Option<PredictRequest> = by_library(&message, &limits);
                prop_assert_eq!(Some(without_context(&read)), library.as_ref().map(without_context));
            }
            if let Some(opened) = open(&message, &limits) {
                let library = message::open_by_library(&message, &limits).expect("the library reads it too");
                prop_assert_eq!(opened.head, library.head);
                prop_assert_eq!(opened.context.ok(), library.context.ok());
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(body in vec(any::<u8>(), 0..200)) {
        for protocol in PROTOCOLS {
            let message = Message::new(format(protocol), Envelope::Framed, body.clone().into());
            let _ = read(&message, &Limits::default());
        }
    }
}

#[test]
fn a_great_many_elements_are_left_to_the_library() {
    let with = |elements| {
        let matrix = Some(Tensor { dtype: None, shape: Some(vec![1; elements]), data: None });
        PROTOCOLS.map(|protocol| {
            let message =
                call(protocol, "predict", 1, &PredictRequest { matrix: matrix.clone(), ..PredictRequest::empty() });
            let library: Option<PredictRequest> = by_library(&message, &Limits::default());
            assert!(library.is_some());
            read(&message, &Limits::default()).is_some()
        })
    };

    assert_eq!((with(4096), with(4097)), ([true; 2], [false; 2]));
}

#[test]
fn bytes_share_those_of_the_message() {
    let data = Some(Bytes::from(vec![7; 1000]));
    let matrix = Some(Tensor { dtype: None, shape: None, data });
    let message = call(Protocol::Binary, "predict", 1, &PredictRequest { matrix, ..PredictRequest::empty() });

    let (_, read) = read(&message, &Limits::default()).unwrap();

    let data = read.matrix.unwrap().data.unwrap();
    assert!(message.body.as_ptr_range().contains(&data.as_ptr()));
}
