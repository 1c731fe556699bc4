//! What fuzzers call: each target takes any bytes, and panics where a law of the wire is broken.
//!
//! That no bytes make a reader panic, hang or allocate what they claim is a law of every target; each adds its own. The
//! limits are small, so that short inputs reach them.

mod headers;
mod stream;
mod values;

use super::limits::Limits;
pub use headers::{theader, ttheader};
pub use stream::{connection, http_request, http_response};
pub use values::{binary, compact, json, old_binary};

/// Takes any bytes.
pub type Target = fn(&[u8]);

/// Every target, by the name of its corpus.
pub const TARGETS: [(&str, Target); 9] = [
    ("connection", connection),
    ("http_request", http_request),
    ("http_response", http_response),
    ("theader", theader),
    ("ttheader", ttheader),
    ("binary", binary),
    ("old_binary", old_binary),
    ("compact", compact),
    ("json", json),
];

const LIMITS: Limits = Limits {
    max_frame_bytes: 4096,
    max_elements: 1000,
    max_depth: 16,
    max_decoded_bytes: 256 << 10,
    max_inflate_ratio: 200,
    max_header_bytes: 512,
};
