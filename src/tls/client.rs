//! Whom a client trusts, and what it shows of itself.

use super::identity::{IdentityFiles, identity};
use super::pem::PemFile;
use super::{in_words, provider, unexpected};
use crate::error::{Error, Result, quotable};
use rustls_native_certs::load_native_certs;
use rustls_pki_types::ServerName;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Whose signature makes a server's certificate good.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Authorities {
    /// Those that the system trusts; `SSL_CERT_FILE` and `SSL_CERT_DIR` name others.
    #[default]
    System,
    /// Those of a PEM file, and no others.
    File(PathBuf),
}

/// What the TLS of a client is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientFiles {
    /// Whom it trusts.
    pub authorities: Authorities,
    /// Who it is, if the server asks.
    pub identity: Option<IdentityFiles>,
    /// The name that the server's certificate has to be for, where that is not the host of the address.
    pub server_name: Option<String>,
}

/// The TLS of a client. A copy is cheap and shares the sessions that can be resumed.
#[derive(Clone, Debug)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
}

impl ClientTls {
    /// Reads and checks all files.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`]: one sentence that names the file or name, what is wrong with it, and what to do.
    pub fn load(files: &ClientFiles) -> Result<Self> {
        let authorities = match &files.authorities {
            Authorities::System => of_the_system()?,
            Authorities::File(path) => PemFile::read(path)?.authorities()?,
        };
        let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let builder = builder.map_err(unexpected)?.with_root_certificates(authorities);
        let config = match &files.identity {
            Some(IdentityFiles { certificates, key }) => {
                builder.with_client_cert_resolver(identity(&PemFile::read(certificates)?, &PemFile::read(key)?)?)
            }
            None => builder.with_no_client_auth(),
        };
        let server_name = files.server_name.as_deref().map(name).transpose()?;
        Ok(Self { config: Arc::new(config), server_name })
    }

    /// What makes TLS of a connection; [`ClientTls::server_name`] says with which name.
    pub fn connector(&self) -> TlsConnector {
        Arc::clone(&self.config).into()
    }

    /// The name that the certificate of the server at `address`, "host:port" or "host", has to be for: a DNS name or an IP
    /// address.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the host is neither.
    pub fn server_name(&self, address: &str) -> Result<ServerName<'static>> {
        self.server_name.clone().map_or_else(|| name(host(address)), Ok)
    }

    /// Makes TLS of a connection to the server at `address`. It has no deadline of its own.
    ///
    /// # Errors
    /// What [`in_words`] makes of it; nothing of the caller's has been sent.
    pub async fn connect<S: AsyncRead + AsyncWrite + Unpin>(&self, address: &str, on: S) -> io::Result<TlsStream<S>> {
        let name = self.server_name(address).map_err(io::Error::other)?;
        self.connector().connect(name, on).await.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => io::Error::new(error.kind(), "the server closed instead of speaking TLS"),
            _ => in_words(error),
        })
    }
}

/// What the system trusts. Some of it may not be readable; that is no reason to refuse the rest.
fn of_the_system() -> Result<RootCertStore> {
    let found = load_native_certs();
    let mut authorities = RootCertStore::empty();
    authorities.add_parsable_certificates(found.certs);
    if !authorities.is_empty() {
        return Ok(authorities);
    }
    let why = found.errors.first().map_or_else(String::new, |error| format!(" ({error})"));
    let advice = "install its package ca-certificates, or name a CA file";
    Err(Error::invalid(format!("this system trusts no certificate authority{why}; {advice}")))
}

/// The host of "host:port", "[::1]:port", or of an address without a port.
fn host(address: &str) -> &str {
    if let Some(bracketed) = address.strip_prefix('[') {
        return bracketed.split(']').next().unwrap_or(bracketed);
    }
    match address.rsplit_once(':') {
        Some((host, _)) if address.parse::<IpAddr>().is_err() => host,
        _ => address,
    }
}

fn name(host: &str) -> Result<ServerName<'static>> {
    let relative = host.strip_suffix('.').unwrap_or(host); // Certificates name hosts without the dot of the root.
    ServerName::try_from(relative.to_owned()).map_err(|_| {
        let expected = "it is a DNS name in ASCII (\"xn--…\" for others) or an IP address, without a port";
        Error::invalid(format!("{:?} cannot be the name of a TLS server; {expected}", quotable(host)))
    })
}
