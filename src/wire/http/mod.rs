//! HTTP/1.1 as one more transport: requests and responses as bytes, without a socket.
//!
//! A server cuts requests out of what arrives ([`HttpCutter`]) and writes its answers ([`answer()`], or [`head_before`] in
//! front of a Thrift message that is encoded already); a client writes a request ([`Post`]) and cuts the response
//! ([`ResponseCutter`]). Heads are parsed by `httparse`. What is around them is here, because the limits, the time limits,
//! the budgets and the order of replies are those of every other transport of the port, and because whatever two readers
//! could read differently is refused.

mod answer;
mod body;
mod chunks;
mod content_type;
mod head;
mod post;
mod request;
mod response;
mod status;
#[cfg(test)]
mod tests;

pub(super) use answer::{After, Answer, CONTINUE, HEADROOM, answer, head_before};
pub(super) use content_type::{ContentType, carries_thrift};
pub(super) use head::Version;
pub(super) use post::Post;
pub(super) use request::{HttpCut, HttpCutter, Method, Request};
pub(super) use response::{Response, ResponseCut, ResponseCutter};
pub(super) use status::{Refused, Status};
