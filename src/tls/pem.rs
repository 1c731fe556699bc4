//! PEM files: read within a bound; what is wrong with one is said with its path and what to do.

use super::{provider, unexpected};
use crate::error::{Error, Result};
use rustls_pki_types::pem::{Error as Fault, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::fs::{File, metadata};
use std::io::{self, Read};
use std::path::{Display, Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::sign::SigningKey;

/// Far more than a chain, a key or a system's bundle of authorities has.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// A file of certificates or of a key, as it was when it was read.
pub(super) struct PemFile {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl PemFile {
    /// Reads a whole file of up to [`MAX_FILE_BYTES`]. A pipe is refused: it could not be read again, and may never end.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let unreadable = |cause: io::Error| {
            fault(path, &format!("cannot be read: {cause}"), "name a PEM file that this process may read")
        };
        if !metadata(path).map_err(unreadable)?.is_file() {
            return Err(fault(path, "is not a file", "name a PEM file"));
        }
        let mut bytes = Vec::new();
        File::open(path).map_err(unreadable)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            let too_long = format!("has more than {MAX_FILE_BYTES} bytes");
            return Err(fault(path, &too_long, "name a file of certificates or keys in PEM"));
        }
        Ok(Self { path: path.to_owned(), bytes })
    }

    pub(super) fn path(&self) -> Display<'_> {
        self.path.display()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All certificates in the order of the file, at least one, each of them readable.
    pub(super) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>> {
        let certificates = CertificateDer::pem_slice_iter(&self.bytes).collect::<std::result::Result<Vec<_>, _>>();
        let certificates = certificates.map_err(|fault| self.damaged(&fault))?;
        if certificates.is_empty() {
            return Err(self.without_certificate());
        }
        let damaged = certificates.iter().position(|it| ParsedCertificate::try_from(it).is_err());
        match damaged {
            Some(index) => Err(self.fault(&format!("is damaged in certificate {}", index + 1), "write it again")),
            None => Ok(certificates),
        }
    }

    /// The first private key, ready to sign.
    pub(super) fn key(&self) -> Result<Arc<dyn SigningKey>> {
        if self.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || self.contains("Proc-Type: 4,ENCRYPTED") {
            return Err(self.encrypted());
        }
        let key = PrivateKeyDer::from_pem_slice(&self.bytes).map_err(|fault| match fault {
            Fault::NoItemsFound => self.without_key(),
            fault => self.damaged(&fault),
        })?;
        provider().key_provider.load_private_key(key).map_err(|_| {
            let taken = "use RSA of 2048 to 4096 bits, ECDSA on P-256 or P-384, or Ed25519";
            self.fault("holds a private key that is damaged or of a kind that is not supported", taken)
        })
    }

    /// The certificates as those who may sign others.
    pub(super) fn authorities(&self) -> Result<RootCertStore> {
        let mut authorities = RootCertStore::empty();
        for certificate in self.certificates()? {
            authorities.add(certificate).map_err(unexpected)?;
        }
        Ok(authorities)
    }

    fn contains(&self, text: &str) -> bool {
        self.bytes.windows(text.len()).any(|window| window == text.as_bytes())
    }

    fn without_certificate(&self) -> Error {
        if self.contains("PRIVATE KEY-----") {
            return self.fault("holds a private key and no certificate", "name the file of the certificates here");
        }
        let path = self.path();
        let convert = format!("if it is DER, \"openssl x509 -inform der -in {path} -out {path}.pem\" converts it");
        self.fault("holds no line \"-----BEGIN CERTIFICATE-----\"", &convert)
    }

    fn without_key(&self) -> Error {
        if self.contains("-----BEGIN CERTIFICATE-----") {
            return self.fault("holds certificates and no private key", "name the file of the key here");
        }
        let path = self.path();
        let convert = format!("if it is DER, \"openssl pkey -inform der -in {path} -out {path}.pem\" converts it");
        self.fault("holds no line \"-----BEGIN PRIVATE KEY-----\"", &convert)
    }

    fn encrypted(&self) -> Error {
        let path = self.path();
        let decrypt =
            format!("\"openssl pkey -in {path} -out {path}.open\" decrypts it; let nobody else read that file");
        self.fault("holds an encrypted private key, and nobody is asked for its password here", &decrypt)
    }

    fn damaged(&self, fault: &Fault) -> Error {
        let why = match fault {
            Fault::MissingSectionEnd { .. } => "has a BEGIN line without its END line",
            Fault::IllegalSectionStart { .. } => "has a BEGIN line that is not whole",
            Fault::Base64Decode(_) => "has letters that are not base64 between BEGIN and END",
            _ => "cannot be understood as PEM",
        };
        self.fault(why, "it may be cut off: write it again")
    }

    fn fault(&self, what: &str, advice: &str) -> Error {
        fault(&self.path, what, advice)
    }
}

fn fault(path: &Path, what: &str, advice: &str) -> Error {
    Error::invalid(format!("{} {what}; {advice}", path.display()))
}
