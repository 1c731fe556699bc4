//! The only place that knows Thrift: generated code, formats, limits, and the conversion to plain types and back.
//!
//! Bytes of a connection become messages ([`Cutter`]), a message is opened ([`open`]) so that access and deadline can be
//! judged, then decoded and dispatched by the generated [`services`] over [`runtime`]; [`convert`] turns generated structs
//! into the types of the layers below, and for a client into [`answers`].

mod announced;
pub mod answers;
mod aside;
mod budget;
pub mod convert;
mod deposit;
mod detect;
pub mod direct;
mod draft;
mod envelope;
mod frame;
mod frame_header;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod generated;
mod headed;
mod headers;
pub mod http;
mod json;
mod limits;
mod line;
mod memory;
mod message;
mod protocol;
mod replies;
pub mod runtime;
mod scan;
mod sealer;
mod theader;
mod ttheader;
mod verdict;
mod zlib;

pub use aside::{ASIDE_BYTES, aside};
pub use deposit::{Deposit, Payment, price};
pub use detect::{Detection, detect, is_tls};
pub use draft::{Draft, LARGE_BYTES, Pieces};
pub use envelope::{Answer, Envelope, Notice};
pub use frame::{Cut, Cutter};
pub use generated::{datasets, health, inference, models, search, services, training, types};
pub use headers::Headers;
pub use limits::{LARGEST_FRAME_LIMIT, Limits};
pub use memory::{Account, FREE_BYTES, Held, Memory};
pub use message::{Head, Message, Opened, Refusal, decode, empty, error_reply, open, refusal_reply};
pub use protocol::{Format, Protocol, Transport};
pub use replies::{Replies, Reply};
pub use sealer::Sealer;
pub use verdict::{Verdict, verdict};
