mod clients;
mod faults;
mod handshakes;
mod reloading;

#[path = "../../../tests/integration/certificates.rs"]
#[allow(unreachable_pub)]
mod certificates;

use super::*;
use certificates::Certificates;
use std::io;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::{TlsAcceptor, client, server};

/// Files of a server and a client in a folder that goes with the test.
struct Fixture {
    folder: TempDir,
    files: Certificates,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = Certificates::write(folder.path());
        Self { folder, files }
    }

    fn server_files(&self, client_certificates: ClientCertificates) -> ServerFiles {
        let (certificates, key) = (self.files.certificate.clone(), self.files.key.clone());
        ServerFiles { identity: IdentityFiles { certificates, key }, client_certificates }
    }

    fn server(&self) -> ServerTls {
        ServerTls::load(self.server_files(ClientCertificates::Ignored)).unwrap()
    }

    fn optional(&self) -> ClientCertificates {
        ClientCertificates::Optional { authorities: self.files.authority.clone() }
    }

    fn required(&self) -> ClientCertificates {
        ClientCertificates::Required { authorities: self.files.authority.clone() }
    }

    fn client_files(&self) -> ClientFiles {
        ClientFiles { authorities: Authorities::File(self.files.authority.clone()), ..ClientFiles::default() }
    }

    /// One that shows no certificate.
    fn client(&self) -> ClientTls {
        ClientTls::load(&self.client_files()).unwrap()
    }

    /// One that shows its certificate.
    fn known_client(&self) -> ClientTls {
        let (certificates, key) = (self.files.client_certificate.clone(), self.files.client_key.clone());
        let identity = Some(IdentityFiles { certificates, key });
        ClientTls::load(&ClientFiles { identity, ..self.client_files() }).unwrap()
    }
}

/// Both ends of a connection, after the handshake.
struct Connected {
    server: server::TlsStream<DuplexStream>,
    client: client::TlsStream<DuplexStream>,
}

impl Connected {
    /// A question, and its answer.
    async fn exchange(&mut self) -> io::Result<()> {
        self.client.write_all(b"ping").await?;
        self.server.read_exact(&mut [0; 4]).await?;
        self.server.write_all(b"pong").await?;
        self.server.flush().await?;
        let mut answer = [0; 4];
        self.client.read_exact(&mut answer).await.map_err(in_words)?;
        assert_eq!(&answer, b"pong");
        Ok(())
    }

    fn fingerprint(&self) -> Option<String> {
        fingerprint(self.server.get_ref().1)
    }
}

/// What each side says about a handshake for "localhost".
async fn both_sides(server: &ServerTls, client: &ClientTls) -> (io::Result<Connected>, Option<io::Error>) {
    let (near, far) = duplex(64 * 1024);
    let (accepted, connected) =
        tokio::join!(TlsAcceptor::from(server.config()).accept(far), client.connect("localhost:9090", near));
    match (accepted, connected) {
        (Ok(server), Ok(client)) => (Ok(Connected { server, client }), None),
        (Ok(_), Err(error)) => (Err(error), None),
        (Err(refusal), Err(error)) => (Err(error), Some(refusal)),
        // In TLS 1.3 the client's part is over before the server refuses it: the first read says so.
        (Err(refusal), Ok(mut client)) => (Err(in_words(client.read_u8().await.unwrap_err())), Some(refusal)),
    }
}

/// A handshake for "localhost", as the client sees it.
async fn connect(server: &ServerTls, client: &ClientTls) -> io::Result<Connected> {
    both_sides(server, client).await.0
}
