//! What ended a connection, for the people at the client.

use super::identity::date;
use std::io;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error};

/// Says in one sentence why TLS ended a client's connection, and what to do; any other error is answered as it came.
///
/// A server of TLS 1.3 refuses a client's certificate after the client's side of the handshake is done, so that the first
/// read of an answer may be what tells.
pub fn in_words(error: io::Error) -> io::Error {
    let words = match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::InvalidCertificate(why)) => of_certificate(why),
        Some(Error::AlertReceived(alert)) => of_alert(*alert),
        Some(Error::InvalidMessage(_)) => {
            "the server answers in something else than TLS; call it without TLS, or at its TLS port".into()
        }
        _ => return error,
    };
    io::Error::new(error.kind(), words)
}

/// Why the client does not take the server's certificate.
fn of_certificate(why: &CertificateError) -> String {
    match why {
        // A bad signature is what an authority of the same name with another key leads to.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "the server's certificate is signed by nobody who is trusted here; name the CA file of who signed it".into()
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let expected = expected.to_str();
            let names = if presented.is_empty() { "no name".into() } else { presented.join(", ") };
            format!("the server's certificate is for {names} and not for \"{expected}\"; call it by a name that it has")
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the server's certificate expired at {}; have it renewed, or mend this clock", date(*not_after))
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("the server's certificate is not valid before {}; mend the clock here or there", date(*not_before))
        }
        CertificateError::Other(other) => format!("the server's certificate is refused here: {other}"),
        other => format!("the server's certificate is refused here: {other}"),
    }
}

/// Why the server does not take the client.
fn of_alert(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired => {
            "the server asks for a client certificate; name one, and its key".into()
        }
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateUnknown
        | AlertDescription::DecryptError => {
            format!("the server refuses this client's certificate ({alert:?}); name one that its CA file has signed")
        }
        AlertDescription::ProtocolVersion => "the server speaks neither TLS 1.2 nor TLS 1.3".into(),
        other => format!("the server ended TLS by the alert {other:?}"),
    }
}
