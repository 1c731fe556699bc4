//! Measures Modelwire beside the servers that people use today: one load generator, one run, every server a process of its
//! own. `README.md` says what each of them runs.

#![forbid(unsafe_code)] // in the library alone: the code that volo generates has some

pub mod call;
pub mod case;
pub mod exchange;
pub mod load;
pub mod message;
pub mod model;
pub mod modelwire;
pub mod overload;
pub mod peer;
pub mod python;
pub mod report;
pub mod run;
pub mod server;

use std::io;
use std::net::SocketAddr;

/// The address that a peer's first argument names.
///
/// # Errors
/// If there is none.
pub fn address() -> io::Result<SocketAddr> {
    std::env::args()
        .nth(1)
        .and_then(|address| address.parse().ok())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "usage: the first argument is HOST:PORT"))
}
