//! What a server is asked, and whether what it answers is right.

use crate::exchange::{Exchange, Expected, Framed, Grpc, Http};
use crate::message::{self, Struct, Value, thrift_call};
use crate::model;
use serde_json::json;
use std::io;
use std::sync::Arc;

/// What is to be done, in whatever words a server wants it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Work {
    Predict { rows: usize },
    Echo { bytes: usize },
}

/// How the request is said.
#[derive(Clone, Copy)]
enum Wire {
    Framed { number_at: usize },
    Grpc { path: &'static str },
    Http,
}

/// A request, and how its answer is read.
#[derive(Clone)]
pub struct Call {
    wire: Wire,
    request: Arc<[u8]>,
    read: fn(&[u8]) -> io::Result<Content>,
    right: Option<Content>,
}

/// What an answer says, or has to say.
#[derive(Clone, Debug)]
pub enum Content {
    Values(Vec<f64>),
    Bytes(Vec<u8>),
}

/// How Modelwire is asked: by whom, until when, for which model.
#[derive(Clone)]
pub struct Terms {
    pub token: String,
    pub deadline_ms: i64,
    pub model: String,
}

impl Call {
    /// A frame with as many bytes as the numbers of the rows have, which comes back.
    pub fn to_echo(work: Work) -> Self {
        let payload = match work {
            Work::Predict { rows } => message::to_little_endian(&model::rows(rows)),
            Work::Echo { bytes } => payload(bytes),
        };
        let mut request = (payload.len() as u32 + 4).to_be_bytes().to_vec();
        request.extend_from_slice(&[0; 4]);
        request.extend_from_slice(&payload);
        Self::new(
            Wire::Framed { number_at: 4 },
            request,
            |body| Ok(Content::Bytes(body.to_vec())),
            Content::Bytes(payload),
        )
    }

    /// A call of `peer.thrift`.
    pub fn to_thrift(work: Work) -> Self {
        let (method, arguments) = match work {
            Work::Predict { rows } => ("predict", Struct::default().doubles(1, &model::rows(rows))),
            Work::Echo { bytes } => ("echo", Struct::default().binary(1, &payload(bytes))),
        };
        let (request, number_at) = thrift_call(method, &arguments);
        let read: fn(&[u8]) -> _ = match work {
            Work::Predict { .. } => |body| Ok(Content::Values(Value::of_struct(body)?.field(0)?.doubles()?)),
            Work::Echo { .. } => |body| Ok(Content::Bytes(Value::of_struct(body)?.field(0)?.binary()?.to_vec())),
        };
        Self::new(Wire::Framed { number_at }, request, read, right(work))
    }

    /// A call of `peer.proto`.
    pub fn to_grpc(work: Work) -> Self {
        let (path, field) = match work {
            Work::Predict { rows } => ("/peer.Peer/Predict", message::to_little_endian(&model::rows(rows))),
            Work::Echo { bytes } => ("/peer.Peer/Echo", payload(bytes)),
        };
        let read: fn(&[u8]) -> _ = match work {
            Work::Predict { .. } => |body| Ok(Content::Values(message::little_endian(message::grpc_field(body)?))),
            Work::Echo { .. } => |body| Ok(Content::Bytes(message::grpc_field(body)?.to_vec())),
        };
        Self::new(Wire::Grpc { path }, message::grpc_message(&field), read, right(work))
    }

    /// A call of Modelwire: `predict` of a regression, or `echo`.
    pub fn to_modelwire(work: Work, terms: &Terms) -> Self {
        match work {
            Work::Predict { rows } => Self {
                right: Some(right(work)),
                ..Self::to_modelwire_model(&model::rows(rows), model::FEATURES, terms)
            },
            Work::Echo { bytes } => {
                let request = Struct::default().fields(1, &context(terms)).binary(2, &payload(bytes));
                let (request, number_at) = thrift_call("echo", &Struct::default().fields(1, &request));
                let read =
                    |body: &[u8]| Ok(Content::Bytes(Value::of_struct(body)?.field(0)?.field(1)?.binary()?.to_vec()));
                Self::new(Wire::Framed { number_at }, request, read, right(work))
            }
        }
    }

    /// `predict` of any model; what it answers is not known beforehand.
    pub fn to_modelwire_model(rows: &[f64], features: usize, terms: &Terms) -> Self {
        let shape = [rows.len() / features, features].map(|length| length as i64);
        let matrix = Struct::default().i32(1, 5).i64s(2, &shape).binary(3, &message::to_little_endian(rows));
        let request = Struct::default().fields(1, &context(terms)).binary(2, terms.model.as_bytes()).fields(3, &matrix);
        let (request, number_at) = thrift_call("predict", &Struct::default().fields(1, &request));
        Self { wire: Wire::Framed { number_at }, request: request.into(), read: modelwire_values, right: None }
    }

    /// JSON of a small program's own.
    pub fn to_fastapi(work: Work) -> Option<Self> {
        let Work::Predict { rows } = work else { return None };
        let rows: Vec<_> = model::rows(rows).chunks(model::FEATURES).map(<[f64]>::to_vec).collect();
        let read = |body: &[u8]| values_of_json(body, "/values");
        Some(Self::new(Wire::Http, message::http_post("/predict", &json!({ "rows": rows })), read, right(work)))
    }

    /// JSON of the Open Inference Protocol, version 2.
    pub fn to_mlserver(work: Work) -> Option<Self> {
        let Work::Predict { rows } = work else { return None };
        let shape = [rows, model::FEATURES];
        let input = json!({ "name": "rows", "shape": shape, "datatype": "FP64", "data": model::rows(rows) });
        let body = json!({ "id": "1", "inputs": [input] });
        let read = |body: &[u8]| values_of_json(body, "/outputs/0/data");
        Some(Self::new(Wire::Http, message::http_post("/v2/models/line/infer", &body), read, right(work)))
    }

    fn new(wire: Wire, request: Vec<u8>, read: fn(&[u8]) -> io::Result<Content>, right: Content) -> Self {
        Self { wire, request: request.into(), read, right: Some(right) }
    }

    /// A connection's side of it.
    pub fn exchange(&self, expected: Expected) -> Box<dyn Exchange> {
        let request = self.request.clone();
        match self.wire {
            Wire::Framed { number_at } => Box::new(Framed::new(request, number_at, expected)),
            Wire::Grpc { path } => Box::new(Grpc::new(path, request, expected)),
            Wire::Http => Box::new(Http::new(request, expected)),
        }
    }

    /// Checks an answer by value.
    ///
    /// # Errors
    /// If it is not what was asked for; it says what came instead.
    pub fn check(&self, body: &[u8]) -> io::Result<()> {
        let content = (self.read)(body)
            .map_err(|error| wrong(format!("{error}: {:.300}", String::from_utf8_lossy(body).escape_debug())))?;
        match (&content, &self.right) {
            (_, None) => Ok(()),
            (Content::Bytes(bytes), Some(Content::Bytes(right))) if bytes == right => Ok(()),
            (Content::Values(values), Some(Content::Values(right))) if are_close(values, right) => Ok(()),
            (other, Some(right)) => Err(wrong(format!("{other:.200?} came, {right:.200?} is right"))),
        }
    }
}

fn wrong(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the answer is wrong: {what}"))
}

/// A fitted model's weights are right to a few digits less than a double has.
fn are_close(values: &[f64], right: &[f64]) -> bool {
    values.len() == right.len() && values.iter().zip(right).all(|(value, right)| (value - right).abs() < 1e-6)
}

fn right(work: Work) -> Content {
    match work {
        Work::Predict { rows } => Content::Values(model::predict(model::rows(rows).into_iter())),
        Work::Echo { bytes } => Content::Bytes(payload(bytes)),
    }
}

fn payload(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at * at % 65_521) as u8).collect()
}

fn context(terms: &Terms) -> Struct {
    Struct::default().i64(1, terms.deadline_ms).binary(4, terms.token.as_bytes())
}

/// What a regression or a clustering answers.
fn modelwire_values(body: &[u8]) -> io::Result<Content> {
    let response = Value::of_struct(body)?;
    let response = response.field(0)?;
    let values = response.field(4).or_else(|_| response.field(9))?;
    Ok(Content::Values(message::little_endian(values.field(3)?.binary()?)))
}

fn values_of_json(body: &[u8], pointer: &str) -> io::Result<Content> {
    let json: serde_json::Value = serde_json::from_slice(body)?;
    let values = json.pointer(pointer).and_then(|values| values.as_array()).into_iter().flatten();
    Ok(Content::Values(values.filter_map(|value| value.as_f64()).collect()))
}
