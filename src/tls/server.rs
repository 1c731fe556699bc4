//! What a port shows to clients, and which clients it takes.

use super::identity::{IdentityFiles, identity};
use super::pem::PemFile;
use super::reload::Seen;
use super::{provider, unexpected};
use crate::error::Result;
use arc_swap::ArcSwap;
use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{ServerConnection, WebPkiClientVerifier};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// Whether clients are asked for a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientCertificates {
    /// They are not asked.
    Ignored,
    /// Who shows none is taken too; who shows one that these authorities did not sign is refused.
    Optional {
        /// PEM file of those whose signature counts.
        authorities: PathBuf,
    },
    /// Who shows none is refused.
    Required {
        /// PEM file of those whose signature counts.
        authorities: PathBuf,
    },
}

/// What the TLS of a server is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFiles {
    /// Who the server is.
    pub identity: IdentityFiles,
    /// Whom it asks for a certificate.
    pub client_certificates: ClientCertificates,
}

/// The TLS of a server: the newest of its files that was whole.
///
/// No application protocol is negotiated (ALPN): the first bytes inside tell it, so that a client that offers any, or none,
/// is taken. Sessions are resumed as rustls does it: 256 of them are kept, in memory, and a new certificate forgets them.
#[derive(Debug)]
pub struct ServerTls {
    pub(super) files: ServerFiles,
    pub(super) current: ArcSwap<ServerConfig>,
    pub(super) seen: Mutex<Seen>,
}

impl ServerTls {
    /// Reads and checks all files. A certificate that is out of date is taken, with a warning in the log.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`](crate::error::Error::InvalidArgument): one sentence that names the file, what is wrong
    /// with it, and what to do.
    pub fn load(files: ServerFiles) -> Result<Self> {
        let contents = Contents::read(&files)?;
        let config = contents.config(&files.client_certificates)?;
        let seen = Mutex::new(Seen::of(contents.digest()));
        Ok(Self { files, current: ArcSwap::from_pointee(config), seen })
    }

    /// What a connection that begins now is given; those that are open keep theirs.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }
}

/// SHA-256 in lower-case hex of the certificate by which the client of a finished handshake has shown who it is; `None` if
/// it showed none, or the handshake is still under way and nothing is proved.
pub fn fingerprint(connection: &ServerConnection) -> Option<String> {
    let proved = connection.peer_certificates().filter(|_| !connection.is_handshaking());
    proved.and_then(<[CertificateDer<'_>]>::first).map(|leaf| format!("{:x}", Sha256::digest(leaf)))
}

/// All files of a server, read at one time.
pub(super) struct Contents {
    certificates: PemFile,
    key: PemFile,
    authorities: Option<PemFile>,
}

impl Contents {
    pub(super) fn read(files: &ServerFiles) -> Result<Self> {
        let authorities = match &files.client_certificates {
            ClientCertificates::Ignored => None,
            ClientCertificates::Optional { authorities } | ClientCertificates::Required { authorities } => {
                Some(PemFile::read(authorities)?)
            }
        };
        let IdentityFiles { certificates, key } = &files.identity;
        Ok(Self { certificates: PemFile::read(certificates)?, key: PemFile::read(key)?, authorities })
    }

    /// Other contents have another digest; dates of files do not count, because a link may be turned to an older file.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for file in [Some(&self.certificates), Some(&self.key), self.authorities.as_ref()].into_iter().flatten() {
            digest.update((file.bytes().len() as u64).to_le_bytes()); // Bytes that move from file to file are a change.
            digest.update(file.bytes());
        }
        digest.finalize().into()
    }

    pub(super) fn config(&self, wanted: &ClientCertificates) -> Result<ServerConfig> {
        let identity = identity(&self.certificates, &self.key)?;
        let authorities = self.authorities.as_ref().map(PemFile::authorities).transpose()?;
        let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let builder = builder.map_err(unexpected)?;
        let builder = match authorities {
            Some(authorities) => builder.with_client_cert_verifier(verifier(authorities, wanted)?),
            None => builder.with_no_client_auth(),
        };
        Ok(builder.with_cert_resolver(identity))
    }
}

fn verifier(authorities: RootCertStore, wanted: &ClientCertificates) -> Result<Arc<dyn ClientCertVerifier>> {
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), provider());
    let verifier = match wanted {
        ClientCertificates::Required { .. } => verifier,
        ClientCertificates::Optional { .. } | ClientCertificates::Ignored => verifier.allow_unauthenticated(),
    };
    verifier.build().map_err(unexpected)
}
