//! Who one side of a connection is: a certificate, those that signed it, and the key that belongs to it.

use super::pem::PemFile;
use crate::error::{Error, Result};
use chrono::{DateTime, SecondsFormat};
use log::warn;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::path::PathBuf;
use std::sync::Arc;
use tokio_rustls::rustls::client::verify_server_cert_signed_by_trust_anchor;
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::sign::{CertifiedKey, SigningKey, SingleCertAndKey};
use tokio_rustls::rustls::{CertificateError, Error as TlsError, InconsistentKeys, RootCertStore};

/// Where a certificate and its key are; both may be in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityFiles {
    /// PEM: the certificate first, then those that signed it, up to the authority that the others know.
    pub certificates: PathBuf,
    /// PEM: the private key of that certificate, not encrypted.
    pub key: PathBuf,
}

/// Checks that a key belongs to the first certificate, and warns of one that is out of date.
///
/// The order of the further certificates is free: peers look for the path themselves (RFC 8446, section 4.4.2).
pub(super) fn identity(certificates: &PemFile, key: &PemFile) -> Result<Arc<SingleCertAndKey>> {
    let chain = certificates.certificates()?;
    let signing_key = key.key()?;
    let owner = chain.iter().position(|certificate| belong_together(certificate, &signing_key));
    let (path, key_path) = (certificates.path(), key.path());
    match owner {
        Some(0) => {}
        Some(index) => {
            let number = index + 1;
            let order = "put that certificate first, then those that signed it";
            return Err(Error::invalid(format!("the key in {key_path} is of certificate {number} in {path}; {order}")));
        }
        None => {
            let name = "name the key that the certificate was made for";
            return Err(Error::invalid(format!("the key in {key_path} is not of the certificate in {path}; {name}")));
        }
    }
    if let Some(why) = chain.first().and_then(|leaf| out_of_date(leaf, UnixTime::now())) {
        warn!(file:% = path; "The certificate {why}; peers refuse it until it is renewed.");
    }
    Ok(Arc::new(CertifiedKey::new(chain, signing_key).into()))
}

/// A key that does not tell its public half is taken at its word; the handshake would fail.
fn belong_together(certificate: &CertificateDer<'static>, key: &Arc<dyn SigningKey>) -> bool {
    let pair = CertifiedKey::new(vec![certificate.clone()], Arc::clone(key));
    matches!(pair.keys_match(), Ok(()) | Err(TlsError::InconsistentKeys(InconsistentKeys::Unknown)))
}

/// "expired at 2026-01-31T12:00:00Z", "is not valid before ..." or nothing.
///
/// The times are asked of rustls, which checks them before it looks for an authority; here it is given none.
pub(super) fn out_of_date(leaf: &CertificateDer<'_>, now: UnixTime) -> Option<String> {
    let leaf = ParsedCertificate::try_from(leaf).ok()?;
    let algorithms = super::provider().signature_verification_algorithms.all;
    let checked = verify_server_cert_signed_by_trust_anchor(&leaf, &RootCertStore::empty(), &[], now, algorithms);
    match checked {
        Err(TlsError::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            Some(format!("expired at {}", date(not_after)))
        }
        Err(TlsError::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. })) => {
            Some(format!("is not valid before {}", date(not_before)))
        }
        _ => None,
    }
}

/// "2026-01-31T12:00:00Z"
pub(super) fn date(time: UnixTime) -> String {
    let date = i64::try_from(time.as_secs()).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    date.map_or_else(|| "an unknown time".into(), |date| date.to_rfc3339_opts(SecondsFormat::Secs, true))
}
