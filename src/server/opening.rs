//! The beginning of a connection: is it TLS or plain, and is that what is wanted here?

use super::Shared;
use super::stream::{Rewound, Stream};
use crate::telemetry::Reason;
use crate::tls::fingerprint;
use crate::wire::is_tls;
use bytes::BytesMut;
use std::future::Future;
use std::time::Duration;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// A connection that has begun to speak.
pub(super) struct Opened {
    pub(super) stream: Stream,
    /// What it has said, beside a handshake.
    pub(super) first: BytesMut,
    /// SHA-256 of the peer's certificate in hex, if it has shown one.
    pub(super) certificate: Option<String>,
}

/// Why there is no connection.
pub(super) enum Closed {
    /// The peer went without a word, or was cut off.
    Gone,
    Refused(Reason),
}

/// Waits for the first bytes, and shakes hands if they ask for it.
///
/// # Errors
/// The peer left, was too slow, or does not speak as it has to here.
pub(super) async fn open(mut stream: Stream, shared: &Shared) -> Result<Opened, Closed> {
    let (options, mut first) = (&shared.options, BytesMut::new());
    let wants_tls = loop {
        let read = in_time(options.first_byte, Reason::FirstByteTime, stream.read_some(&mut first)).await?;
        match is_tls(&first) {
            Some(wants_tls) => break wants_tls,
            None if matches!(read, Ok(0) | Err(_)) && first.is_empty() => return Err(Closed::Gone),
            None if matches!(read, Ok(0) | Err(_)) => return Err(Closed::Refused(Reason::UnknownBytes)),
            None => {}
        }
    };
    match (wants_tls, &shared.tls) {
        (false, Some(_)) if options.tls_only => Err(Closed::Refused(Reason::TlsOnly)),
        (false, _) => Ok(Opened { stream, first, certificate: None }),
        (true, None) => Err(Closed::Refused(Reason::NoTls)),
        (true, Some(tls)) => {
            let accepting = TlsAcceptor::from(tls.config()).accept(Rewound::new(first, stream));
            let stream = in_time(options.handshake, Reason::HandshakeTime, Box::pin(accepting)).await?;
            let stream = stream.map_err(|_| Closed::Refused(Reason::Handshake))?;
            let certificate = fingerprint(stream.get_ref().1);
            Ok(Opened { stream: Stream::Tls(Box::new(stream)), first: BytesMut::new(), certificate })
        }
    }
}

async fn in_time<T>(limit: Duration, reason: Reason, work: impl Future<Output = T>) -> Result<T, Closed> {
    timeout(limit, work).await.map_err(|_| Closed::Refused(reason))
}
