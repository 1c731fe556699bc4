//! Cuts requests out of the bytes of a connection.

use super::super::headers::Headers;
use super::super::limits::Limits;
use super::body::Body;
use super::head::{HeadEnd, NO_FIELDS, Version, headers, stays_open, values, whole};
use super::status::{Refused, Status};
use bytes::{Buf, Bytes, BytesMut};

/// Empty lines before a request that are passed over; old clients send one after a body (RFC 9112 section 2.2).
const MAX_EMPTY_LINES: usize = 4;

/// What a request wants to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Read without a body.
    Head,
    /// Carries a message.
    Post,
    /// Not served.
    Put,
    /// Not served.
    Delete,
    /// Not served: nothing here is for other sites' pages.
    Options,
    /// Not served.
    Patch,
    /// Any other, also these in another case.
    Other,
}

impl Method {
    fn of(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            "PATCH" => Self::Patch,
            _ => Self::Other,
        }
    }

    fn needs_length(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }
}

/// A whole request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is wanted.
    pub method: Method,
    /// As it came: a path with a query, or a whole URL.
    pub target: String,
    pub(crate) version: Version,
    /// They are judged: none of them changes where the body ends any more.
    pub headers: Headers,
    /// Empty where there is none.
    pub body: Bytes,
    /// The client may send more requests after this one.
    pub keep_alive: bool,
}

impl Request {
    /// The path of the target, without scheme, host and query.
    pub fn path(&self) -> &str {
        let target = self.target.split(['?', '#']).next().unwrap_or_default();
        match target.split_once("://") {
            Some((_, rest)) if !target.starts_with('/') => rest.find('/').map_or("/", |at| &rest[at..]),
            _ => target,
        }
    }
}

/// What the bytes so far hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HttpCut {
    /// Not a whole request yet.
    More {
        /// How many bytes the buffer has to hold before the request is whole; 0 if that is not known.
        wanted: usize,
    },
    /// The client waits for [`CONTINUE`](super::CONTINUE) before it sends the body: write that, and cut on.
    Continue,
    /// A whole request; its bytes are taken out of the buffer.
    Request(Request),
    /// A request that is not read further: answer it and close.
    Refused(Refused),
}

/// The state of one connection's input.
#[derive(Debug)]
pub(crate) struct HttpCutter {
    limits: Limits,
    state: State,
    /// Before the request that is awaited.
    empty_lines: usize,
}

#[derive(Debug)]
enum State {
    /// A head is arriving, or nothing.
    Head(HeadEnd),
    /// The body of this request is arriving.
    Body(Request, Body),
    /// What comes is not read: the last request is cut.
    Over,
    /// What comes is not read: where the next request would begin is not known.
    Refused(Refused),
}

impl HttpCutter {
    /// A cutter for a new connection. `limits.max_frame_bytes` is the largest body.
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, state: State::Head(HeadEnd::at_most(limits.max_header_bytes)), empty_lines: 0 }
    }

    /// Whether a head is read and its body is awaited.
    pub(crate) fn in_body(&self) -> bool {
        matches!(self.state, State::Body(..))
    }

    /// Bytes of a body that are kept here and no longer in the buffer, for the budgets.
    pub(crate) fn held_bytes(&self) -> usize {
        match &self.state {
            State::Body(_, body) => body.held(),
            _ => 0,
        }
    }

    /// Takes the next request out of `buffer`. Call it whenever bytes have come, and again after a request.
    pub(crate) fn cut(&mut self, buffer: &mut BytesMut) -> HttpCut {
        let cut = match std::mem::replace(&mut self.state, State::Over) {
            State::Head(end) => self.cut_head(end, buffer),
            State::Body(request, body) => self.cut_body(request, body, buffer),
            State::Refused(refused) => Err(refused),
            State::Over => {
                buffer.clear();
                Ok(HttpCut::More { wanted: 0 })
            }
        };
        cut.unwrap_or_else(|refused| {
            self.state = State::Refused(refused.clone());
            HttpCut::Refused(refused)
        })
    }

    fn cut_head(&mut self, mut end: HeadEnd, buffer: &mut BytesMut) -> Result<HttpCut, Refused> {
        self.pass_empty_lines(buffer)?;
        // A carriage return alone may become an empty line, so that the search does not begin with it.
        let found = if buffer[..] == b"\r"[..] { None } else { end.find(buffer)? };
        let Some(length) = found else {
            self.state = State::Head(end);
            return Ok(HttpCut::More { wanted: 0 });
        };
        let (request, body, waits) = read_head(&buffer.split_to(length).freeze(), &self.limits)?;
        if waits && !body.is_empty() && buffer.is_empty() {
            self.state = State::Body(request, body);
            return Ok(HttpCut::Continue);
        }
        self.cut_body(request, body, buffer)
    }

    fn pass_empty_lines(&mut self, buffer: &mut BytesMut) -> Result<(), Refused> {
        while buffer.starts_with(b"\r\n") {
            buffer.advance(2);
            self.empty_lines += 1;
            if self.empty_lines > MAX_EMPTY_LINES {
                let message = format!("more than {MAX_EMPTY_LINES} empty lines stand before a request; send none");
                return Err(Refused::malformed(message));
            }
        }
        Ok(())
    }

    fn cut_body(&mut self, mut request: Request, mut body: Body, buffer: &mut BytesMut) -> Result<HttpCut, Refused> {
        match body.cut(buffer)? {
            Some(bytes) => {
                request.body = bytes;
                self.empty_lines = 0;
                self.state = if request.keep_alive {
                    State::Head(HeadEnd::at_most(self.limits.max_header_bytes))
                } else {
                    State::Over
                };
                Ok(HttpCut::Request(request))
            }
            None => {
                let wanted = body.wanted();
                self.state = State::Body(request, body);
                Ok(HttpCut::More { wanted })
            }
        }
    }
}

/// The request without its body, what its body will be, and whether the client waits to be asked for it.
fn read_head(head: &Bytes, limits: &Limits) -> Result<(Request, Body, bool), Refused> {
    let mut fields = NO_FIELDS;
    let mut parsed = httparse::Request::new(&mut fields);
    whole(parsed.parse(head)?, head)?;
    let (method, version) = (Method::of(parsed.method.unwrap_or_default()), Version::of(parsed.version));
    one_host(version, parsed.headers)?;
    let body = match Body::declared(version, parsed.headers, limits.max_frame_bytes)? {
        None if method.needs_length() => return Err(length_required()),
        declared => declared.unwrap_or(Body::Sized(0)),
    };
    let waits = waits_for_continue(version, parsed.headers)?;
    let request = Request {
        method,
        target: parsed.path.unwrap_or_default().to_owned(),
        version,
        headers: headers(head, parsed.headers)?,
        body: Bytes::new(),
        keep_alive: stays_open(version, parsed.headers),
    };
    Ok((request, body, waits))
}

fn length_required() -> Refused {
    let message = "the request does not say how long its body is; send content-length or transfer-encoding: chunked";
    Refused::new(Status::LengthRequired, message)
}

/// RFC 9112 section 3.2: proxies route by it, so that two are read differently.
fn one_host(version: Version, fields: &[httparse::Header<'_>]) -> Result<(), Refused> {
    match (values(fields, "host").count(), version) {
        (1, _) | (0, Version::Http10) => Ok(()),
        (0, Version::Http11) => Err(Refused::malformed("the request has no host field; send one")),
        (count, _) => Err(Refused::malformed(format!("the request has {count} host fields; send one"))),
    }
}

/// RFC 9110 section 10.1.1; HTTP/1.0 has no such thing.
fn waits_for_continue(version: Version, fields: &[httparse::Header<'_>]) -> Result<bool, Refused> {
    match values(fields, "expect").next() {
        Some(value) if version == Version::Http11 && value.eq_ignore_ascii_case(b"100-continue") => Ok(true),
        Some(_) if version == Version::Http11 => {
            let message = "the only expectation that is met here is \"100-continue\"; send that or none";
            Err(Refused::new(Status::ExpectationFailed, message))
        }
        _ => Ok(false),
    }
}
