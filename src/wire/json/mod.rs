//! The JSON protocol of Thrift, which the crate `thrift` does not have.
//!
//! A message is one array, `[1,"predict",1,7,{...}]`: the version of the protocol, the name, the type of the message, its
//! number, the arguments. A struct is an object from the id of a field to an object with its type and value, a list says
//! type and count before its elements, a map before an object in which every key is a text:
//!
//! ```text
//! {"1":{"str":"churn"},"2":{"lst":["i64",2,5,6]},"3":{"map":["i32","tf",1,{"7":1}]}}
//! ```
//!
//! [`JsonReader`] and [`JsonWriter`] are protocols like those of the crate; [`JsonScanner`] finds the end of a message that
//! says nowhere how long it is.

mod cursor;
mod place;
mod reader;
mod scan;
#[cfg(test)]
mod tests;
mod text;
mod types;
mod writer;

pub(super) use reader::JsonReader;
pub(super) use scan::JsonScanner;
pub(super) use writer::JsonWriter;

/// The version that every message starts with; there has been no other.
const VERSION: i64 = 1;

fn invalid(message: impl Into<String>) -> thrift::Error {
    thrift::ProtocolError::new(thrift::ProtocolErrorKind::InvalidData, message).into()
}
