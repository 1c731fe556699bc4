//! HTTP/1.1 as one more transport: requests and responses as bytes, without a socket.
//!
//! A server cuts requests out of what arrives (`HttpCutter`) and writes its answers (`page`, or `head_before` in
//! front of a Thrift message that is encoded already); a client writes a request (`Post`) and cuts the response
//! (`ResponseCutter`). Heads are parsed by `httparse`. What is around them is here, because the limits, the time limits,
//! the budgets and the order of replies are those of every other transport of the port, and because whatever two readers
//! could read differently is refused.

mod answer;
mod body;
mod chunks;
mod content_type;
mod head;
mod message;
mod post;
mod request;
mod response;
mod status;
#[cfg(test)]
mod tests;

pub use answer::{After, Page};
pub(super) use answer::{CONTINUE, HEADROOM, head_before, page};
pub use content_type::{ContentType, POSTED};
pub(super) use message::{Content, content};
pub(super) use post::Post;
pub(super) use request::{HttpCut, HttpCutter};
pub use request::{Method, Request};
pub(super) use response::{Response, ResponseCut, ResponseCutter};
pub use status::Status;
