//! What callers do wrong, and what each is told.

use super::QUEUE_ROWS;
use super::question::{CENTRES, LARGE_ROWS, N_FEATURES, POISON, Questions, Way, message, predict, rows, within};
use crate::harness::{Carrier, HELLO_JSON, Random, Reply, TestServer, echo, read_frame, response};
use modelwire::wire::Protocol::{self, Json};
use modelwire::wire::inference::{PredictItem, PredictManyRequest};
use modelwire::wire::{convert, empty};
use ndarray::Array2;
use std::io::Write;

/// The largest frame that a server takes.
const FRAME_BYTES: usize = 16_384_000;

/// One thing that a caller does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bad {
    /// Asks, and is gone before the answer.
    Leaves,
    /// Is gone in the middle of a message.
    Tears,
    /// Has no time left, or never had.
    ComesLate,
    /// Has a millisecond.
    Hurries,
    /// Changes bytes of a message.
    Garbles,
    /// Sends what the model panics on.
    Poisons,
    SendsNan,
    SendsWrongWidth,
    AsksNobody,
    /// As many bytes as a frame holds.
    FillsFrame,
    /// More bytes than a frame may have.
    Overfills,
    /// Numbers that are finite, and whose distance from anything is not.
    Overflows,
    /// More rows than the queue takes of all callers.
    SendsTooManyRows,
    /// A thousand requests in a call, some of them poisoned.
    AsksThousand,
    AsksMoreThanThousand,
}

const ALL: [Bad; 15] = [
    Bad::Leaves,
    Bad::Tears,
    Bad::ComesLate,
    Bad::Hurries,
    Bad::Garbles,
    Bad::Poisons,
    Bad::SendsNan,
    Bad::SendsWrongWidth,
    Bad::AsksNobody,
    Bad::FillsFrame,
    Bad::Overfills,
    Bad::Overflows,
    Bad::SendsTooManyRows,
    Bad::AsksThousand,
    Bad::AsksMoreThanThousand,
];

impl Bad {
    pub fn any(random: &mut Random) -> Self {
        ALL[random.next() as usize % ALL.len()]
    }

    /// Does it, and panics unless what comes of it is what is defined.
    pub fn act(self, server: &TestServer, questions: &[Questions], random: &mut Random) {
        let way = Way::any(random);
        let model = if random.next().is_multiple_of(2) { CENTRES } else { "plane" };
        let n_rows = 1 + random.next() as usize % LARGE_ROWS;
        let mut rows = rows(random.next() as usize, n_rows);
        let spoilt = (random.next() as usize % n_rows, random.next() as usize % N_FEATURES);
        let codes: &[&str] = match self {
            Self::Leaves => return leave(server, questions, random),
            Self::Tears => return tear(server, way, &predict(model, &rows), random),
            Self::Garbles => return garble(server, way, &predict(model, &rows), random),
            Self::FillsFrame => return fill_frame(server),
            Self::Overfills => return overfill(server),
            Self::AsksThousand => return ask_thousand(server, way, random),
            Self::ComesLate => {
                let deadline_ms = [0, -1, i64::MIN][random.next() as usize % 3];
                return self
                    .expect(way.ask(server, "predict", &within(deadline_ms, model, &rows)), &["DEADLINE_EXCEEDED"]);
            }
            Self::Hurries => {
                let reply = way.ask(server, "predict", &within(1, CENTRES, &rows));
                return match reply {
                    Reply::Answer(_) => {}
                    other => self.expect(other, &["DEADLINE_EXCEEDED", "OVERLOADED"]),
                };
            }
            Self::AsksMoreThanThousand => {
                let reply = way.ask(server, "predict_many", &items(1001, |at| super::question::rows(at, 1)));
                return self.expect(reply, &["INVALID_ARGUMENT"]);
            }
            Self::Poisons => {
                rows[spoilt] = POISON;
                &["INTERNAL", "OVERLOADED"]
            }
            Self::SendsNan => {
                rows[spoilt] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY][random.next() as usize % 3];
                &["INVALID_ARGUMENT"]
            }
            Self::Overflows => {
                rows[spoilt] = 1e200;
                let reply = way.ask(server, "predict", &predict(CENTRES, &rows));
                return self.expect(reply, &["INVALID_ARGUMENT", "OVERLOADED"]);
            }
            Self::SendsWrongWidth => {
                rows = Array2::zeros((n_rows, [0, 1, N_FEATURES - 1, N_FEATURES + 1, 500][random.next() as usize % 5]));
                &["INVALID_ARGUMENT"]
            }
            Self::SendsTooManyRows => {
                rows = Array2::zeros((QUEUE_ROWS + 1, N_FEATURES));
                &["INVALID_ARGUMENT"]
            }
            Self::AsksNobody => {
                return self.expect(way.ask(server, "predict", &predict("nobody", &rows)), &["NOT_FOUND"]);
            }
        };
        self.expect(way.ask(server, "predict", &predict(model, &rows)), codes);
    }

    fn expect(self, reply: Reply, codes: &[&str]) {
        let Reply::Declared(fault) = reply else { panic!("{self:?} was answered {reply:?}") };
        assert!(codes.contains(&fault.code.as_str()), "{self:?} was told {fault:?}");
    }
}

/// Some calls at once, and gone: now and then after a first answer.
fn leave(server: &TestServer, questions: &[Questions], random: &mut Random) {
    let questions = &questions[random.next() as usize % questions.len()];
    let mut stream = server.connect();
    for question in questions.some(random) {
        stream.write_all(&question.sent).unwrap();
    }
    if random.next().is_multiple_of(4) {
        let _ = stream.peek(&mut [0]);
    }
}

fn tear(server: &TestServer, way: Way, request: &impl thrift::protocol::TSerializable, random: &mut Random) {
    let whole = way.wrapped("predict", 1, request);
    let mut stream = server.connect();
    stream.write_all(&whole[..1 + random.next() as usize % (whole.len() - 1)]).unwrap();
}

/// Whatever it means then, what comes back is whole messages.
fn garble(server: &TestServer, way: Way, request: &impl thrift::protocol::TSerializable, random: &mut Random) {
    let is_json = random.next().is_multiple_of(4);
    let (carrier, protocol) = if is_json { (Carrier::Framed, Json) } else { (way.0, way.1) };
    let mut bytes = if is_json { HELLO_JSON.to_vec() } else { message(protocol, "predict", 1, request) };
    for _ in 0..=random.next() % 4 {
        let at = 4 + random.next() as usize % (bytes.len() - 4); // The first bytes say what it is.
        bytes[at] ^= 1 << (random.next() % 8);
    }
    let reply = server.converse(&carrier.wrap(protocol, &bytes)).expect("the connection is closed and not reset");
    assert_whole(carrier, protocol, &reply);
}

fn assert_whole(carrier: Carrier, protocol: Protocol, mut reply: &[u8]) {
    if carrier != Carrier::Http {
        carrier.replies(protocol, reply).unwrap();
        return;
    }
    while !reply.is_empty() {
        assert!(response(&mut reply).is_some(), "no whole response: {}", reply.escape_ascii());
    }
}

fn fill_frame(server: &TestServer) {
    let payload = vec![7; FRAME_BYTES - 100];
    let mut stream = server.connect();
    stream.write_all(&echo(1, &payload)).unwrap();
    let reply = read_frame(&mut stream).expect("a reply");
    assert!(reply.len() > payload.len(), "a full frame was answered by {} bytes", reply.len());
}

fn overfill(server: &TestServer) {
    let mut bytes = echo(1, &[7; 1000]);
    bytes[..4].copy_from_slice(&u32::try_from(FRAME_BYTES + 1).unwrap().to_be_bytes());
    let reply = server.converse(&bytes).expect("the connection is closed and not reset");
    let replies = Carrier::Framed.replies(Protocol::Binary, &reply).unwrap();
    assert!(matches!(&replies[..], [Reply::Exception { .. }]), "{replies:?}");
}

fn items(count: usize, rows: impl Fn(usize) -> Array2<f64>) -> PredictManyRequest {
    let item = |at| {
        let matrix = Some(convert::matrix_to(rows(at).view()));
        PredictItem { model: Some("plane".into()), matrix, ..empty() }
    };
    PredictManyRequest { items: Some((0..count).map(item).collect()), ..empty() }
}

/// Each has an outcome of its own.
fn ask_thousand(server: &TestServer, way: Way, random: &mut Random) {
    let poisoned = random.next() as usize % 1000;
    let request =
        items(1000, |at| if at == poisoned { Array2::from_elem((1, N_FEATURES), POISON) } else { rows(at, 1) });
    let reply = way.ask(server, "predict_many", &request);
    assert!(matches!(&reply, Reply::Answer(bytes) if bytes.len() > 1000), "{reply:?}");
}
