//! Everything that a peer can send to bring a server down, against a real process.
//!
//! One file a kind of attack. [`rig`] says what has to hold after each: the process lives, answers others within a second,
//! takes no more memory than four times the bytes and 64 MiB, closes what it should, and counts it under the right reason.

mod busy;
mod counts;
mod fields;
mod headers;
mod heads;
mod http;
mod idle;
mod inside;
mod lengths;
mod limits;
mod memory;
mod nesting;
mod order;
mod rig;
mod slow;
mod tls;
pub mod value;
