//! The rig: hostile bytes go to a real process, and what it says, counts, keeps and takes is held to the rules.
//!
//! A [`Row`] is one hostile call; it is written in every protocol and carried by every transport that can. A [`Case`] is
//! one of these, or bytes that only one transport has.

use super::value::Call;
use crate::harness::{Carrier, HELLO, HELLO_COMPACT, HELLO_JSON, HELLO_OLD, Reply, TestServer};
use modelwire::wire::Protocol;
use std::time::{Duration, Instant};

/// What a hostile message may cost beside four times its bytes.
const ALLOWANCE: u64 = 64 << 20;
/// As long as an answer to hostile bytes may take, that of a close that lets the peer finish included.
const IN_TIME: Duration = Duration::from_secs(5);
const PROTOCOLS: [Protocol; 4] = [Protocol::Binary, Protocol::OldBinary, Protocol::Compact, Protocol::Json];

/// What the server has to say to hostile bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// "Hello, World!"
    Greeting,
    /// Any result of the method.
    Answer,
    /// A `ServiceError` with the name of its code.
    Declared(&'static str),
    /// A TApplicationException of this type.
    Exception(i32),
    /// A response of HTTP without a message; its status.
    Page(u16),
    /// Nothing at all.
    Silence,
}

impl Expected {
    fn fits(&self, reply: &Reply) -> bool {
        match (self, reply) {
            (Self::Greeting, reply) => reply.greets(),
            (Self::Answer, Reply::Answer(_)) => true,
            (Self::Declared(code), Reply::Declared(fault)) => fault.code == *code,
            (Self::Exception(expected), Reply::Exception { kind, .. }) => kind == expected,
            (Self::Page(expected), Reply::Page(status)) => status == expected,
            _ => false,
        }
    }
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// A good call that follows is answered.
    GoesOn,
    /// A good call that follows is not.
    Closes,
    /// Nothing follows: the bytes are the beginning of a message.
    Alone,
}

/// Hostile bytes, and what has to come of them.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub carrier: Carrier,
    pub protocol: Protocol,
    pub bytes: Vec<u8>,
    pub expected: Vec<Expected>,
    pub then: Then,
    /// What is counted as refused, once each.
    pub refused: Vec<&'static str>,
}

/// Bytes as they are, in a transport and protocol that say how replies are read.
pub fn case(name: &str, carrier: Carrier, protocol: Protocol, bytes: impl Into<Vec<u8>>) -> Case {
    let (name, expected) = (format!("{name}, {carrier:?} {protocol:?}"), vec![]);
    Case { name, carrier, protocol, bytes: bytes.into(), expected, then: Then::Closes, refused: vec![] }
}

impl Case {
    /// This one reply, counted under `reason` unless that is empty.
    pub fn is(mut self, expected: Expected, reason: &'static str) -> Self {
        self.expected = match expected {
            Expected::Silence => vec![],
            other => vec![other],
        };
        self.refused = if reason.is_empty() { vec![] } else { vec![reason] };
        self
    }

    pub fn then(self, then: Then) -> Self {
        Self { then, ..self }
    }
}

/// A hostile call.
#[derive(Clone, Debug)]
pub struct Row {
    name: &'static str,
    call: Call,
    protocols: Vec<Protocol>,
    expected: Expected,
    reason: &'static str,
    exceptions: Vec<(Carrier, Expected, &'static str)>,
}

pub fn row(name: &'static str, call: Call, expected: Expected, reason: &'static str) -> Row {
    Row { name, call, protocols: PROTOCOLS.to_vec(), expected, reason, exceptions: vec![] }
}

impl Row {
    /// In no other protocols.
    pub fn only(self, protocols: &[Protocol]) -> Self {
        Self { protocols: protocols.to_vec(), ..self }
    }

    /// Another outcome where it is carried by this transport.
    pub fn but(mut self, carrier: Carrier, expected: Expected, reason: &'static str) -> Self {
        self.exceptions.push((carrier, expected, reason));
        self
    }

    /// In every protocol and every transport that can carry it.
    pub fn cases(&self) -> Vec<Case> {
        let written = self.protocols.iter().map(|protocol| (*protocol, self.call.written(*protocol)));
        written.flat_map(|(protocol, message)| self.carried(protocol, &message)).collect()
    }

    fn carried(&self, protocol: Protocol, message: &[u8]) -> Vec<Case> {
        let carriers = Carrier::ALL.into_iter().filter(|carrier| carrier.carries(protocol));
        carriers.map(|carrier| self.case(carrier, protocol, message)).collect()
    }

    fn case(&self, carrier: Carrier, protocol: Protocol, message: &[u8]) -> Case {
        let exception = self.exceptions.iter().find(|it| it.0 == carrier);
        let (expected, reason) = exception.map_or((&self.expected, self.reason), |it| (&it.1, it.2));
        // Without a frame nobody knows where a message ends that cannot be read.
        let then = match (expected, carrier) {
            (Expected::Exception(7), Carrier::Unframed) | (Expected::Exception(2) | Expected::Page(_), _) => {
                Then::Closes
            }
            (Expected::Silence, _) => Then::Alone,
            _ => Then::GoesOn,
        };
        case(self.name, carrier, protocol, carrier.wrap(protocol, message)).is(expected.clone(), reason).then(then)
    }
}

/// `hello`, as a message.
pub fn hello(protocol: Protocol) -> &'static [u8] {
    match protocol {
        Protocol::Binary => HELLO,
        Protocol::OldBinary => HELLO_OLD,
        Protocol::Compact => HELLO_COMPACT,
        Protocol::Json => HELLO_JSON,
    }
}

/// Holds rows to what has to come of them, on a server of their own.
pub fn hold_rows(rows: &[Row]) {
    let cases: Vec<Case> = rows.iter().flat_map(Row::cases).collect();
    hold(&cases);
}

/// Holds cases to what has to come of them, on a server of their own.
pub fn hold(cases: &[Case]) {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    hold_on(&server, cases);
}

/// The same on a server with settings of its own. All faults come in one report.
pub fn hold_on(server: &TestServer, cases: &[Case]) {
    let faults: Vec<String> = cases.iter().filter_map(|case| Some((case, fault(server, case)?))).map(report).collect();
    let first = faults[..faults.len().min(20)].join("\n");
    assert!(faults.is_empty(), "{} of {} cases:\n{first}", faults.len(), cases.len());
}

fn report((case, fault): (&Case, String)) -> String {
    format!("{}: {fault:.400}", case.name)
}

/// What is wrong with what came of it.
fn fault(server: &TestServer, case: &Case) -> Option<String> {
    let mut bytes = case.bytes.clone();
    if case.then != Then::Alone {
        bytes.extend(case.carrier.wrap(case.protocol, hello(case.protocol)));
    }
    let (before, started) = (server.metrics(0), Instant::now());
    let (reply, grown) = server.peak_memory(|| server.converse(&bytes));
    let elapsed = started.elapsed();
    server.assert_serving();
    let after = server.metrics(0);

    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => return Some(format!("the connection was not closed as it should be: {error}")),
    };
    let refused = after.refused_since(&before);
    if refused != case.refused {
        let said = reply[..reply.len().min(200)].escape_ascii();
        return Some(format!("counted as {refused:?}, expected {:?}; answered {said}", case.refused));
    }
    if grown > 4 * bytes.len() as u64 + ALLOWANCE {
        return Some(format!("{} bytes made memory grow by {grown}", bytes.len()));
    }
    if elapsed > IN_TIME {
        return Some(format!("it took {elapsed:?}"));
    }
    let replies = match case.carrier.replies(case.protocol, &reply) {
        Ok(replies) => replies,
        Err(what) => return Some(what),
    };
    let mut expected = case.expected.clone();
    expected.extend((case.then == Then::GoesOn).then_some(Expected::Greeting));
    let fits = replies.len() == expected.len() && expected.iter().zip(&replies).all(|(it, reply)| it.fits(reply));
    (!fits).then(|| format!("answered {replies:?}, expected {expected:?}"))
}
