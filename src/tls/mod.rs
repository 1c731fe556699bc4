//! TLS of both sides: certificates out of PEM files, who is trusted, and a new certificate without a restart.
//!
//! [`ServerTls`] is what a port shows, and whom it takes; [`ClientTls`] is what a client trusts, and what it shows itself.
//! TLS 1.2 and 1.3 are spoken, nothing older. A client always checks the host name and the signatures: there is no switch
//! that turns it off, since to trust a certificate of one's own it is enough to name the authority that signed it.

mod client;
mod identity;
mod in_words;
mod pem;
mod reload;
mod server;
#[cfg(test)]
mod tests;

pub use client::{Authorities, ClientFiles, ClientTls};
pub use identity::IdentityFiles;
pub use in_words::in_words;
pub use reload::{Reloaded, keep_current};
pub use server::{ClientCertificates, ServerFiles, ServerTls, fingerprint};

use crate::error::Error;
use std::sync::Arc;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};

/// Named at every place that asks for one, so that no default of the process decides.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// What rustls refuses although the files were checked before.
fn unexpected(error: impl std::fmt::Display) -> Error {
    Error::internal(format!("TLS cannot be set up: {error}"))
}
