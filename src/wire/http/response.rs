//! Cuts responses out of what a server sends.

use super::super::headers::Headers;
use super::super::limits::Limits;
use super::body::Body;
use super::head::{HeadEnd, NO_FIELDS, Version, headers, stays_open, whole};
use super::status::Refused;
use bytes::{Bytes, BytesMut};

/// Interim responses, such as 100, before the one that counts.
const MAX_INTERIM: usize = 8;

/// A whole response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    /// Its code. Any Thrift message comes with 200.
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    /// Empty where there is none.
    pub(crate) body: Bytes,
    /// The connection takes further requests.
    pub(crate) keep_alive: bool,
}

/// What the bytes so far hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ResponseCut {
    /// Not a whole response yet.
    More {
        /// How many bytes the buffer has to hold before the response is whole; 0 if that is not known.
        wanted: usize,
    },
    /// A whole response; its bytes are taken out of the buffer.
    Response(Response),
    /// A response that is not read further: close the connection. Only the message counts; the status is for requests.
    Refused(Refused),
}

/// The state of what comes back over one connection.
#[derive(Debug)]
pub(crate) struct ResponseCutter {
    limits: Limits,
    state: State,
    /// Before the response that is awaited.
    interim: usize,
}

#[derive(Debug)]
enum State {
    /// A head is arriving, or nothing.
    Head(HeadEnd),
    /// The body of this response is arriving.
    Body(Response, Body),
    /// What comes is not read.
    Refused(Refused),
}

impl ResponseCutter {
    /// A cutter for a new connection. `limits.max_frame_bytes` is the largest body.
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, state: State::Head(HeadEnd::default()), interim: 0 }
    }

    /// Takes the next response out of `buffer`; interim ones are passed over. Call it whenever bytes have come.
    pub(crate) fn cut(&mut self, buffer: &mut BytesMut) -> ResponseCut {
        let cut = match std::mem::replace(&mut self.state, State::Head(HeadEnd::default())) {
            State::Head(end) => self.cut_head(end, buffer),
            State::Body(response, body) => self.cut_body(response, body, buffer),
            State::Refused(refused) => Err(refused),
        };
        cut.unwrap_or_else(|refused| {
            self.state = State::Refused(refused.clone());
            ResponseCut::Refused(refused)
        })
    }

    fn cut_head(&mut self, mut end: HeadEnd, buffer: &mut BytesMut) -> Result<ResponseCut, Refused> {
        while let Some(length) = end.find(buffer)? {
            let (response, body) = read_head(&buffer.split_to(length).freeze(), &self.limits)?;
            if !is_interim(&response) {
                return self.cut_body(response, body, buffer);
            }
            self.interim += 1;
            if self.interim > MAX_INTERIM {
                let message = format!("more than {MAX_INTERIM} interim responses came before the one that counts");
                return Err(Refused::malformed(message));
            }
            end = HeadEnd::default();
        }
        self.state = State::Head(end);
        Ok(ResponseCut::More { wanted: 0 })
    }

    fn cut_body(
        &mut self,
        mut response: Response,
        mut body: Body,
        buffer: &mut BytesMut,
    ) -> Result<ResponseCut, Refused> {
        match body.cut(buffer)? {
            Some(bytes) => {
                response.body = bytes;
                self.interim = 0;
                Ok(ResponseCut::Response(response))
            }
            None => {
                let wanted = body.wanted();
                self.state = State::Body(response, body);
                Ok(ResponseCut::More { wanted })
            }
        }
    }
}

fn is_interim(response: &Response) -> bool {
    (100..200).contains(&response.status)
}

/// The response without its body, and what its body will be.
///
/// A body that ends with the connection is not read: nobody could tell a whole one from one that was cut off.
fn read_head(head: &Bytes, limits: &Limits) -> Result<(Response, Body), Refused> {
    let mut fields = NO_FIELDS;
    let mut parsed = httparse::Response::new(&mut fields);
    whole(parsed.parse(head)?, head)?;
    let (version, status) = (Version::of(parsed.version), parsed.code.unwrap_or_default());
    let body = match (status, Body::declared(version, parsed.headers, limits.max_frame_bytes)?) {
        (101, _) => return Err(Refused::malformed("the server switches to a protocol that nobody asked for")),
        (100..200 | 204 | 304, _) => Body::Sized(0),
        (_, Some(body)) => body,
        (_, None) => return Err(Refused::malformed("the response does not say how long its body is")),
    };
    let keep_alive = stays_open(version, parsed.headers);
    Ok((Response { status, headers: headers(head, parsed.headers)?, body: Bytes::new(), keep_alive }, body))
}
