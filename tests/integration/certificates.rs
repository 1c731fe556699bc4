//! Certificates for tests: an authority of their own, and what it signs.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use std::path::{Path, PathBuf};

/// A certificate authority that exists as long as the test.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
pub struct Issued {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        Self(CertifiedIssuer::self_signed(signer(name), KeyPair::generate().unwrap()).unwrap())
    }

    /// One that signs in the name of this one.
    pub fn deputy(&self, name: &str) -> Self {
        Self(CertifiedIssuer::signed_by(signer(name), KeyPair::generate().unwrap(), &self.0).unwrap())
    }

    /// Its own certificate, in PEM.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Signs a certificate for a server of these names and addresses.
    pub fn server(&self, names: &[&str]) -> Issued {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params)
    }

    /// Signs a certificate for a client.
    pub fn client(&self, name: &str) -> Issued {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    /// Signs what the caller has set.
    pub fn sign(&self, params: CertificateParams) -> Issued {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Issued { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

fn signer(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

/// The PEM files of one server and one client, both signed by one authority.
pub struct Certificates {
    pub authority: PathBuf,
    /// For localhost and 127.0.0.1; the deputy that signed it follows in the file.
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub client_certificate: PathBuf,
    pub client_key: PathBuf,
}

impl Certificates {
    /// Writes them into a folder. A second time, it replaces them by those of another authority.
    pub fn write(folder: &Path) -> Self {
        let authority = Authority::new("Modelwire tests");
        let deputy = authority.deputy("Modelwire tests, deputy");
        let (server, client) = (deputy.server(&["localhost", "127.0.0.1"]), authority.client("tester"));
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        Self {
            authority: write("ca.pem", &authority.pem()),
            certificate: write("server.pem", &(server.certificate + &deputy.pem())),
            key: write("server.key", &server.key),
            client_certificate: write("client.pem", &client.certificate),
            client_key: write("client.key", &client.key),
        }
    }
}
