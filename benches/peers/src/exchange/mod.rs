//! What is said to one kind of server, and what is made of the bytes that it answers.

mod framed;
mod grpc;
mod http;

pub use framed::Framed;
pub use grpc::Grpc;
pub use http::Http;

use std::cell::RefCell;
use std::io::{self, Write};
use std::net::TcpStream;
use std::rc::Rc;
use std::sync::Arc;

/// How much of each answer is compared with the one that was checked; of a longer one the length counts beside it.
const COMPARED: usize = 4 << 10;

/// A longer answer is none.
pub const MAX_ANSWER: usize = 64 << 20;

/// One connection's side of a protocol. Requests of one exchange are all alike; they are counted from 0.
pub trait Exchange {
    /// Adds what a client says first.
    fn open(&mut self, _output: &mut Output) {}

    /// Adds request `id`.
    fn request(&mut self, id: u32, output: &mut Output);

    /// Takes what is whole from the start of `input`: adds an answer for each, and to `output` what the protocol demands.
    /// Answers how many bytes were taken.
    fn receive(&mut self, input: &[u8], output: &mut Output, answers: &mut Vec<Answer>) -> io::Result<usize>;
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// The request that is answered.
    pub id: u32,
    pub verdict: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    Right,
    /// The server had too much to do, said so and did nothing.
    Refused,
    /// The deadline of the call passed.
    Expired,
    Wrong,
}

/// What every answer has to be.
#[derive(Clone)]
pub enum Expected {
    /// Nothing is known yet: the answer is kept here, to be checked by value.
    Unknown(Rc<RefCell<Vec<u8>>>),
    /// What was checked.
    Body(Arc<[u8]>),
}

/// Judges one answer, which may come in pieces.
#[derive(Default)]
struct Judgement {
    length: usize,
    differs: bool,
}

impl Judgement {
    /// Takes the next `piece` of the answer.
    fn piece(&mut self, piece: &[u8], expected: &Expected) {
        let at = self.length;
        self.length += piece.len();
        match expected {
            Expected::Unknown(kept) => kept.borrow_mut().extend_from_slice(piece),
            Expected::Body(body) => {
                let end = self.length.min(COMPARED).min(body.len());
                self.differs |= at < end && piece[..end - at] != body[at..end];
            }
        }
    }

    fn is_right(&self, expected: &Expected) -> bool {
        match expected {
            Expected::Unknown(_) => true,
            Expected::Body(body) => !self.differs && self.length == body.len(),
        }
    }
}

/// What is to be written to a connection.
#[derive(Default)]
pub struct Output {
    bytes: Vec<u8>,
    written: usize,
}

impl Output {
    /// From here on requests are not copied once more, but written from where they were written the last time.
    const LARGE: usize = 16 << 10;

    pub fn push(&mut self, bytes: &[u8]) {
        self.make_room();
        self.bytes.extend_from_slice(bytes);
    }

    /// Adds `request`, of which all are alike but for a few bytes that the caller sets in what this answers.
    pub fn push_request(&mut self, request: &[u8]) -> &mut [u8] {
        if self.is_empty() && self.bytes.len() == request.len() && request.len() >= Self::LARGE {
            self.written = 0;
            return &mut self.bytes;
        }
        self.push(request);
        let start = self.bytes.len() - request.len();
        &mut self.bytes[start..]
    }

    pub fn is_empty(&self) -> bool {
        self.written == self.bytes.len()
    }

    /// Writes until the connection takes no more.
    pub fn flush(&mut self, mut stream: &TcpStream) -> io::Result<()> {
        while !self.is_empty() {
            match stream.write(&self.bytes[self.written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => self.written += n,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn make_room(&mut self) {
        if self.is_empty() {
            self.bytes.clear();
            self.written = 0;
        }
    }

    #[cfg(test)]
    fn unwritten(&self) -> &[u8] {
        &self.bytes[self.written..]
    }
}

fn invalid(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}
