//! gRPC over HTTP/2 (RFC 9113), as much of it as a client needs whose calls are all alike: heads from HPACK's tables after
//! the first call, flow control both ways, answers read without decoding their heads.

use super::{Answer, Exchange, Expected, Judgement, MAX_ANSWER, Output, Verdict, invalid};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const MAX_WINDOW: i64 = (1 << 31) - 1;
const FIRST_WINDOW: i64 = 65_535;
/// Largest payload of a frame that nobody has to agree to.
const MAX_FRAME: usize = 16_384;
/// Bytes of answers after which the server is granted as many again.
const GRANT: usize = 16 << 20;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

/// Of DATA and HEADERS.
const END_STREAM: u8 = 1;
/// Of SETTINGS and PING.
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;

const INITIAL_WINDOW_SIZE: u16 = 4;

pub struct Grpc {
    /// The head of the first call, which is then in the server's table.
    first_head: Vec<u8>,
    /// The message behind the five bytes that gRPC puts before it.
    message: Arc<[u8]>,
    expected: Expected,
    /// Bytes that the server takes on this connection, and at the start of a stream.
    window: i64,
    initial_window: i64,
    sending: VecDeque<Sending>,
    receiving: Vec<Receiving>,
    /// Bytes that came since the server was last granted more.
    received: usize,
}

/// A request that the server has not taken all of.
struct Sending {
    stream: u32,
    sent: usize,
    window: i64,
}

/// An answer of which something is there.
struct Receiving {
    stream: u32,
    judgement: Judgement,
}

struct Frame<'a> {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: &'a [u8],
}

impl Grpc {
    /// Calls `path` ("/package.Service/Method") with `message`, which has gRPC's five bytes before it.
    pub fn new(path: &str, message: Arc<[u8]>, expected: Expected) -> Self {
        Self {
            first_head: first_head(path),
            message,
            expected,
            window: FIRST_WINDOW,
            initial_window: FIRST_WINDOW,
            sending: VecDeque::new(),
            receiving: Vec::new(),
            received: 0,
        }
    }

    /// Sends what the server's windows take.
    fn pump(&mut self, output: &mut Output) {
        for sending in &mut self.sending {
            while sending.sent < self.message.len() {
                let rest = self.message.len() - sending.sent;
                let open = self.window.min(sending.window).max(0) as usize;
                let length = rest.min(open).min(MAX_FRAME);
                if length == 0 {
                    break;
                }
                let flags = if length == rest { END_STREAM } else { 0 };
                let payload = &self.message[sending.sent..sending.sent + length];
                write_frame(output, DATA, flags, sending.stream, payload);
                sending.sent += length;
                sending.window -= length as i64;
                self.window -= length as i64;
            }
        }
        self.sending.retain(|sending| sending.sent < self.message.len());
    }

    fn take(&mut self, frame: &Frame<'_>, output: &mut Output) -> io::Result<Option<Answer>> {
        let ends = frame.flags & END_STREAM != 0;
        match frame.kind {
            DATA => {
                self.data(frame, output)?;
                Ok(ends.then(|| self.wrong(frame.stream))) // a status has to follow
            }
            HEADERS if frame.flags & END_HEADERS == 0 => Err(invalid("the head of an answer is in pieces")),
            HEADERS => Ok(ends.then(|| self.end(frame.stream))),
            CONTINUATION => Err(invalid("the head of an answer is in pieces")),
            RST_STREAM => Ok(Some(self.wrong(frame.stream))),
            GOAWAY => Err(invalid(format!("the server goes away: {}", String::from_utf8_lossy(frame.payload)))),
            SETTINGS | PING if frame.flags & ACK != 0 => Ok(None),
            SETTINGS => {
                self.settings(frame.payload);
                write_frame(output, SETTINGS, ACK, 0, &[]);
                self.pump(output);
                Ok(None)
            }
            PING => {
                write_frame(output, PING, ACK, 0, frame.payload);
                Ok(None)
            }
            WINDOW_UPDATE => {
                self.grow(frame)?;
                self.pump(output);
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn settings(&mut self, payload: &[u8]) {
        for setting in payload.chunks_exact(6) {
            let value = i64::from(u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]]));
            if u16::from_be_bytes([setting[0], setting[1]]) == INITIAL_WINDOW_SIZE {
                for sending in &mut self.sending {
                    sending.window += value - self.initial_window;
                }
                self.initial_window = value;
            }
        }
    }

    fn grow(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        let by = frame.payload.first_chunk().ok_or_else(|| invalid("a window grows by nothing"))?;
        let by = i64::from(u32::from_be_bytes(*by) & 0x7fff_ffff);
        if frame.stream == 0 {
            self.window += by;
        } else if let Some(sending) = self.sending.iter_mut().find(|sending| sending.stream == frame.stream) {
            sending.window += by;
        }
        Ok(())
    }

    fn data(&mut self, frame: &Frame<'_>, output: &mut Output) -> io::Result<()> {
        let mut piece = frame.payload;
        if frame.flags & PADDED != 0 {
            let padding = piece.first().map_or(0, |padding| usize::from(*padding));
            piece = piece.get(1..piece.len().saturating_sub(padding)).ok_or_else(|| invalid("padding is too long"))?;
        }
        let at = self.receiving.iter().position(|receiving| receiving.stream == frame.stream).unwrap_or_else(|| {
            self.receiving.push(Receiving { stream: frame.stream, judgement: Judgement::default() });
            self.receiving.len() - 1
        });
        self.receiving[at].judgement.piece(piece, &self.expected);
        self.received += frame.payload.len();
        if self.received >= GRANT {
            write_frame(output, WINDOW_UPDATE, 0, 0, &(self.received as u32).to_be_bytes());
            self.received = 0;
        }
        Ok(())
    }

    /// The status of a call has come. It is not decoded: a call that fails is answered without a message.
    fn end(&mut self, stream: u32) -> Answer {
        let right = self
            .receiving
            .iter()
            .position(|receiving| receiving.stream == stream)
            .is_some_and(|at| self.receiving.swap_remove(at).judgement.is_right(&self.expected));
        Answer { id: stream / 2, verdict: if right { Verdict::Right } else { Verdict::Wrong } }
    }

    fn wrong(&mut self, stream: u32) -> Answer {
        self.receiving.retain(|receiving| receiving.stream != stream);
        self.sending.retain(|sending| sending.stream != stream);
        Answer { id: stream / 2, verdict: Verdict::Wrong }
    }
}

impl Exchange for Grpc {
    fn open(&mut self, output: &mut Output) {
        output.push(PREFACE);
        let mut settings = INITIAL_WINDOW_SIZE.to_be_bytes().to_vec();
        settings.extend_from_slice(&(MAX_WINDOW as u32).to_be_bytes());
        write_frame(output, SETTINGS, 0, 0, &settings);
        write_frame(output, WINDOW_UPDATE, 0, 0, &((MAX_WINDOW - FIRST_WINDOW) as u32).to_be_bytes());
    }

    fn request(&mut self, id: u32, output: &mut Output) {
        let stream = 2 * id + 1;
        let head = if id == 0 { &self.first_head[..] } else { HEAD_FROM_TABLE };
        write_frame(output, HEADERS, END_HEADERS, stream, head);
        self.sending.push_back(Sending { stream, sent: 0, window: self.initial_window });
        self.pump(output);
    }

    fn receive(&mut self, input: &[u8], output: &mut Output, answers: &mut Vec<Answer>) -> io::Result<usize> {
        let mut taken = 0;
        while let Some((frame, length)) = whole_frame(&input[taken..])? {
            answers.extend(self.take(&frame, output)?);
            taken += length;
        }
        Ok(taken)
    }
}

/// The head of a call in HPACK (RFC 7541). Four of its fields go into the server's table: path, authority, content-type, te.
fn first_head(path: &str) -> Vec<u8> {
    let mut head = vec![0x83, 0x86]; // :method POST, :scheme http
    for (name, value) in [(0x44, path), (0x41, "localhost"), (0x5f, "application/grpc")] {
        head.push(name);
        push_text(&mut head, value);
    }
    head.push(0x40);
    push_text(&mut head, "te");
    push_text(&mut head, "trailers");
    head
}

/// The same, after the first call: entry 62 is the one that came last.
const HEAD_FROM_TABLE: &[u8] = &[0x83, 0x86, 0x80 | 65, 0x80 | 64, 0x80 | 63, 0x80 | 62];

fn push_text(head: &mut Vec<u8>, text: &str) {
    head.push(u8::try_from(text.len()).ok().filter(|length| *length < 127).expect("names here are short"));
    head.extend_from_slice(text.as_bytes());
}

fn write_frame(output: &mut Output, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = (payload.len() as u32).to_be_bytes();
    let stream = stream.to_be_bytes();
    output.push(&[length[1], length[2], length[3], kind, flags, stream[0], stream[1], stream[2], stream[3]]);
    output.push(payload);
}

/// The first frame of `input` with the bytes that it takes, once it is all there.
fn whole_frame(input: &[u8]) -> io::Result<Option<(Frame<'_>, usize)>> {
    let Some(head) = input.first_chunk::<9>() else { return Ok(None) };
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    if length > MAX_ANSWER {
        return Err(invalid(format!("a frame of {length} bytes is too long")));
    }
    let Some(payload) = input.get(9..9 + length) else { return Ok(None) };
    let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7fff_ffff;
    Ok(Some((Frame { kind: head[3], flags: head[4], stream, payload }, 9 + length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(length: usize) -> Grpc {
        Grpc::new("/peer.Peer/Echo", vec![0; length].into(), Expected::Body(Arc::from(*b"AB")))
    }

    fn received(exchange: &mut Grpc, frames: &[(u8, u8, u32, &[u8])]) -> (Vec<Answer>, Vec<u8>) {
        let (mut input, mut output, mut answers) = (Output::default(), Output::default(), Vec::new());
        for (kind, flags, stream, payload) in frames {
            write_frame(&mut input, *kind, *flags, *stream, payload);
        }
        exchange.receive(input.unwritten(), &mut output, &mut answers).expect("frames");
        (answers, output.unwritten().to_vec())
    }

    #[test]
    fn an_answer_is_a_message_and_then_a_status() {
        let mut exchange = exchange(8);

        let right = received(&mut exchange, &[(DATA, 0, 3, b"A"), (DATA, 0, 3, b"B"), (HEADERS, 5, 3, b"")]).0;
        let failed = received(&mut exchange, &[(HEADERS, 5, 5, b"")]).0;

        assert_eq!(right, [Answer { id: 1, verdict: Verdict::Right }]);
        assert_eq!(failed, [Answer { id: 2, verdict: Verdict::Wrong }]);
    }

    #[test]
    fn no_more_is_sent_than_the_windows_of_stream_and_connection_take() {
        let mut exchange = exchange(100_000);
        let mut output = Output::default();

        exchange.request(1, &mut output);
        let at_first = output.unwritten().len();
        let (_, after_one) = received(&mut exchange, &[(WINDOW_UPDATE, 0, 0, &[0, 0, 1, 0])]);
        let (_, after_both) = received(&mut exchange, &[(WINDOW_UPDATE, 0, 3, &[0, 0, 0, 100])]);

        assert_eq!(at_first, 15 + 4 * 9 + 65_535);
        assert_eq!((after_one.len(), after_both.len()), (0, 109));
    }
}
