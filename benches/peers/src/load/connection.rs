//! One connection to a server.

use crate::exchange::{Answer, Exchange, Output};
use std::collections::VecDeque;
use std::io::{self, Read};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) output: Output,
    /// The stream took not all of `output`; it says when it takes more.
    pub(super) is_blocked: bool,
    exchange: Box<dyn Exchange>,
    input: Input,
    /// Requests without an answer, by number, and when they began.
    in_flight: VecDeque<(u32, Instant)>,
    next_id: u32,
}

impl Connection {
    pub(super) fn open(address: SocketAddr, mut exchange: Box<dyn Exchange>) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut output = Output::default();
        exchange.open(&mut output);
        let (input, in_flight) = (Input::new(), VecDeque::new());
        Ok(Self { stream, output, is_blocked: false, exchange, input, in_flight, next_id: 0 })
    }

    /// Adds a request that begins at `begun` to the output.
    pub(super) fn request(&mut self, begun: Instant) {
        self.exchange.request(self.next_id, &mut self.output);
        self.in_flight.push_back((self.next_id, begun));
        self.next_id += 1;
    }

    /// Reads once, and adds the answers that are whole then.
    pub(super) fn receive(&mut self, answers: &mut Vec<Answer>) -> io::Result<()> {
        if self.input.read(&self.stream)? {
            let taken = self.exchange.receive(self.input.unread(), &mut self.output, answers)?;
            self.input.start += taken;
        }
        Ok(())
    }

    /// When the request began that is answered now.
    pub(super) fn begun(&mut self, id: u32) -> io::Result<Instant> {
        let at = self.in_flight.iter().position(|request| request.0 == id);
        at.and_then(|at| self.in_flight.remove(at))
            .map(|request| request.1)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("nobody asked what answer {id} says")))
    }

    pub(super) fn is_waiting(&self) -> bool {
        !self.in_flight.is_empty()
    }

    pub(super) fn unanswered(&self) -> impl Iterator<Item = Instant> {
        self.in_flight.iter().map(|request| request.1)
    }
}

/// Bytes that were read and not taken yet: `start..end` of `bytes`.
struct Input {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Input {
    fn new() -> Self {
        Self { bytes: vec![0; 64 << 10], start: 0, end: 0 }
    }

    fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Reads once, and answers whether anything came.
    fn read(&mut self, mut stream: &TcpStream) -> io::Result<bool> {
        self.make_room();
        match stream.read(&mut self.bytes[self.end..]) {
            Ok(0) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection")),
            Ok(n) => {
                self.end += n;
                Ok(true)
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn make_room(&mut self) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.bytes.len() && self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        } else if self.end == self.bytes.len() {
            self.bytes.resize(2 * self.end, 0); // an answer is longer than all before; its length is bounded
        }
    }
}
