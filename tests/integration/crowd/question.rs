//! Calls, and what a server answers that has nothing else to do.

use crate::harness::{Carrier, Random, Reply, TestServer};
use modelwire::wire::Protocol::{self, Binary, Compact, OldBinary};
use modelwire::wire::inference::PredictRequest;
use modelwire::wire::types::RequestContext;
use modelwire::wire::{convert, empty};
use ndarray::Array2;
use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;
use thrift::protocol::{
    TBinaryOutputProtocol, TCompactOutputProtocol, TFieldIdentifier, TMessageIdentifier, TMessageType, TOutputProtocol,
    TSerializable, TStructIdentifier, TType,
};

/// Time that a caller has who does nothing wrong.
pub const DEADLINE: Duration = Duration::from_secs(5);
pub const N_FEATURES: usize = 16;
/// The model whose rows are worth the way to another thread.
pub const CENTRES: &str = "centres";
/// A value that no model computes with: a server with the failpoint `compute:poison` panics on it.
pub const POISON: f64 = f64::MAX;
/// Rows of the largest question.
pub const LARGE_ROWS: usize = 100;
/// Most questions at once.
const BURST: u64 = 8;

/// How a caller speaks.
#[derive(Clone, Copy, Debug)]
pub struct Way(pub Carrier, pub Protocol);

pub const WAYS: [Way; 7] = [
    Way(Carrier::Framed, Binary),
    Way(Carrier::Framed, Compact),
    Way(Carrier::Unframed, Binary),
    Way(Carrier::Unframed, OldBinary),
    Way(Carrier::THeader, Compact),
    Way(Carrier::TtHeader, Binary),
    Way(Carrier::Http, Binary),
];

/// A call and what it is answered alone.
pub struct Question {
    pub sent: Vec<u8>,
    pub answer: Reply,
}

/// Calls of one caller.
pub struct Questions {
    pub way: Way,
    pub all: Vec<Question>,
}

impl Questions {
    /// Asked one after the other, while nobody else asks. Each has a number, so that no reply can be taken for another.
    pub fn asked(server: &TestServer, way: Way) -> Self {
        let mut stream = server.connect();
        let all = (0..40).map(|number| {
            let model = if number % 3 == 0 { CENTRES } else { "plane" };
            let n_rows = if number == 0 { LARGE_ROWS } else { 1 + number % 5 };
            let request = predict(model, &rows(number, n_rows));
            let sent = way.wrapped("predict", i32::try_from(number).unwrap(), &request);
            std::io::Write::write_all(&mut stream, &sent).unwrap();
            let answer = way.read(&mut stream, 1).remove(0);
            assert!(matches!(answer, Reply::Answer(_)), "{way:?}: {answer:?}");
            Question { sent, answer }
        });
        Self { way, all: all.collect() }
    }

    /// Of all, a few at once; one, where a connection carries no more.
    pub fn some(&self, random: &mut Random) -> Vec<&Question> {
        let count = if self.way.0 == Carrier::Http { 1 } else { 1 + random.next() % BURST };
        (0..count).map(|_| &self.all[random.next() as usize % self.all.len()]).collect()
    }

    /// The one of [`LARGE_ROWS`].
    pub fn large(&self) -> &Question {
        &self.all[0]
    }
}

impl Way {
    pub fn any(random: &mut Random) -> Self {
        WAYS[random.next() as usize % WAYS.len()]
    }

    /// A call as it is sent.
    pub fn wrapped(self, method: &str, seqid: i32, request: &impl TSerializable) -> Vec<u8> {
        self.0.wrap(self.1, &message(self.1, method, seqid, request))
    }

    /// Asks over a connection of its own.
    pub fn ask(self, server: &TestServer, method: &str, request: &impl TSerializable) -> Reply {
        let reply = server.converse(&self.wrapped(method, 1, request)).expect("the connection is closed and not reset");
        let mut replies = self.0.replies(self.1, &reply).unwrap();
        assert_eq!(replies.len(), 1, "{self:?}: {replies:?}");
        replies.remove(0)
    }

    /// So many replies and not a byte more.
    pub fn read(self, stream: &mut TcpStream, count: usize) -> Vec<Reply> {
        let (mut bytes, mut piece) = (vec![], vec![0; 1 << 16]);
        loop {
            let read = stream.read(&mut piece).expect("replies come in time");
            assert!(read > 0, "{self:?}: closed before the last of {count} replies: {}", bytes.escape_ascii());
            bytes.extend_from_slice(&piece[..read]);
            // What is not whole yet is no error.
            if let Ok(replies) = self.0.replies(self.1, &bytes)
                && replies.len() >= count
            {
                assert_eq!(replies.len(), count, "{self:?}: a reply that nobody asked for");
                return replies;
            }
        }
    }
}

/// A message as the Apache library writes it.
pub fn message(protocol: Protocol, method: &str, seqid: i32, request: &impl TSerializable) -> Vec<u8> {
    let mut bytes = vec![];
    let mut writer: Box<dyn TOutputProtocol> = match protocol {
        Compact => Box::new(TCompactOutputProtocol::new(&mut bytes)),
        _ => Box::new(TBinaryOutputProtocol::new(&mut bytes, protocol == Binary)),
    };
    writer.write_message_begin(&TMessageIdentifier::new(method, TMessageType::Call, seqid)).unwrap();
    writer.write_struct_begin(&TStructIdentifier::new("")).unwrap();
    writer.write_field_begin(&TFieldIdentifier::new("", TType::Struct, 1)).unwrap();
    request.write_to_out_protocol(writer.as_mut()).unwrap();
    writer.write_field_end().unwrap();
    writer.write_field_stop().unwrap();
    writer.write_struct_end().unwrap();
    writer.write_message_end().unwrap();
    drop(writer);
    bytes
}

/// Rows with these numbers, whatever else is asked.
pub fn rows(number: usize, n_rows: usize) -> Array2<f64> {
    let mut random = Random(number as u64);
    Array2::from_shape_simple_fn((n_rows, N_FEATURES), || (random.next() >> 40) as f64 / 1024.0)
}

pub fn predict(model: &str, rows: &Array2<f64>) -> PredictRequest {
    within(i64::try_from(DEADLINE.as_millis()).unwrap(), model, rows)
}

/// The same within so many milliseconds.
pub fn within(deadline_ms: i64, model: &str, rows: &Array2<f64>) -> PredictRequest {
    let context = Some(RequestContext { deadline_ms: Some(deadline_ms), ..empty() });
    PredictRequest { context, model: Some(model.into()), matrix: Some(convert::matrix_to(rows.view())), table: None }
}
