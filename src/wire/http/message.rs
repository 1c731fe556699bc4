//! The Thrift message in a request.

use super::super::detect::{Detection, detect};
use super::super::envelope::Envelope;
use super::super::message::Message;
use super::super::protocol::{Format, Transport};
use super::answer::After;
use super::content_type::ContentType;
use super::request::{Method, Request};
use super::status::{Refused, Status};

/// What a request holds.
#[derive(Debug)]
pub(in crate::wire) enum Content {
    /// A Thrift message.
    Message(Message),
    /// Something for a person, or for a program that watches.
    Other(Request),
}

/// Takes the message out of a request that carries one. The first bytes of its body say which protocol it is in.
///
/// # Errors
/// A body that is no bare message.
pub(in crate::wire) fn content(request: Request) -> Result<Content, Refused> {
    let content_type = ContentType::of(request.headers.get("content-type"));
    let Some(content_type) = content_type.filter(|_| request.method == Method::Post) else {
        return Ok(Content::Other(request));
    };
    if request.headers.get("origin").is_some() && request.headers.get("authorization").is_none() {
        let message = "a browser calls for the page of another site, or of a name that was made to point here; send authorization";
        return Err(Refused::new(Status::Forbidden, message));
    }
    if let Some(coding) = request.headers.get("content-encoding").filter(|coding| *coding != "identity") {
        let message =
            format!("content-encoding {:?} is not read here; send the body as it is", crate::error::quotable(coding));
        return Err(Refused::new(Status::UnsupportedMediaType, message));
    }
    let Detection::Message(Format { transport: Transport::Unframed, protocol }) = detect(&request.body) else {
        let message =
            "the body does not begin a Thrift message; send one message in binary, compact or JSON, without a frame";
        return Err(Refused::new(Status::BadRequest, message));
    };
    let format = Format { transport: Transport::Http, protocol };
    let envelope = Envelope::Http { content_type, after: After::of(&request) };
    Ok(Content::Message(Message { headers: request.headers, ..Message::new(format, envelope, request.body) }))
}
