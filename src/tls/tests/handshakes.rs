//! Versions, certificates of clients, resumption.

use super::certificates::Certificates;
use super::*;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use std::fs;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, HandshakeKind, ServerConnection, SupportedProtocolVersion};

/// A client that speaks only some versions and offers these application protocols.
fn connector(files: &Certificates, versions: &[&'static SupportedProtocolVersion], protocols: &[&str]) -> TlsConnector {
    let authorities = pem::PemFile::read(&files.authority).unwrap().authorities().unwrap();
    let builder = ClientConfig::builder_with_provider(provider()).with_protocol_versions(versions).unwrap();
    let mut config = builder.with_root_certificates(authorities).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config).into()
}

async fn connect_by(connector: TlsConnector, server: &ServerTls) -> Connected {
    let (near, far) = duplex(64 * 1024);
    let name = "localhost".try_into().unwrap();
    let (server, client) = tokio::join!(TlsAcceptor::from(server.config()).accept(far), connector.connect(name, near));
    Connected { server: server.unwrap(), client: client.unwrap() }
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken() {
    let fixture = Fixture::new();

    for version in [&TLS12, &TLS13] {
        let mut connected = connect_by(connector(&fixture.files, &[version], &[]), &fixture.server()).await;

        connected.exchange().await.unwrap();
        assert_eq!(connected.server.get_ref().1.protocol_version(), Some(version.version));
    }
}

#[tokio::test]
async fn a_client_is_taken_whatever_application_protocol_it_offers() {
    let fixture = Fixture::new();

    for offered in [&[][..], &["http/1.1"], &["h2", "http/1.1"], &["rs"]] {
        let connector = connector(&fixture.files, &[&TLS12, &TLS13], offered);
        let mut connected = connect_by(connector, &fixture.server()).await;

        connected.exchange().await.unwrap();
        assert_eq!(connected.client.get_ref().1.alpn_protocol(), None);
    }
}

#[tokio::test]
async fn a_client_that_is_not_asked_shows_no_certificate() {
    let fixture = Fixture::new();

    let mut connected = connect(&fixture.server(), &fixture.known_client()).await.unwrap();

    connected.exchange().await.unwrap();
    assert_eq!(connected.fingerprint(), None);
}

#[tokio::test]
async fn an_optional_certificate_tells_who_shows_one_and_takes_who_shows_none() {
    let fixture = Fixture::new();
    let server = ServerTls::load(fixture.server_files(fixture.optional())).unwrap();
    let leaf = CertificateDer::from_pem_file(&fixture.files.client_certificate).unwrap();

    let known = connect(&server, &fixture.known_client()).await.unwrap();
    let unknown = connect(&server, &fixture.client()).await.unwrap();

    assert_eq!(known.fingerprint(), Some(format!("{:x}", Sha256::digest(&leaf))));
    assert_eq!(unknown.fingerprint(), None);
}

#[tokio::test]
async fn who_shows_no_certificate_where_one_is_required_is_told_so() {
    let fixture = Fixture::new();
    let server = ServerTls::load(fixture.server_files(fixture.required())).unwrap();

    connect(&server, &fixture.known_client()).await.unwrap().exchange().await.unwrap();
    let (connected, refusal) = both_sides(&server, &fixture.client()).await;

    let told = connected.err().unwrap().to_string();
    assert!(told.contains("asks for a client certificate"), "{told}");
    assert!(refusal.unwrap().to_string().contains("no certificates"));
}

#[tokio::test]
async fn a_certificate_that_a_stranger_signed_is_refused_even_where_it_is_optional() {
    let (fixture, strangers) = (Fixture::new(), Fixture::new());
    let authorities = Authorities::File(fixture.files.authority.clone());
    let (certificates, key) = (strangers.files.client_certificate, strangers.files.client_key);
    let identity = Some(IdentityFiles { certificates, key });
    let stranger = ClientTls::load(&ClientFiles { authorities, identity, server_name: None }).unwrap();

    for wanted in [fixture.optional(), fixture.required()] {
        let server = ServerTls::load(fixture.server_files(wanted)).unwrap();
        let (connected, refusal) = both_sides(&server, &stranger).await;

        let told = connected.err().unwrap().to_string();
        assert!(told.contains("refuses this client's certificate ("), "{told}");
        assert!(refusal.is_some());
    }
}

#[tokio::test]
async fn a_certificate_of_a_server_does_not_make_a_client() {
    let fixture = Fixture::new();
    let (certificates, key) = (fixture.files.certificate.clone(), fixture.files.key.clone());
    let identity = Some(IdentityFiles { certificates, key });
    let client = ClientTls::load(&ClientFiles { identity, ..fixture.client_files() }).unwrap();
    let server = ServerTls::load(fixture.server_files(fixture.required())).unwrap();

    let (connected, refusal) = both_sides(&server, &client).await;

    assert!(connected.is_err() && refusal.unwrap().to_string().contains("key usage"));
}

#[tokio::test]
async fn the_order_of_those_that_signed_is_free() {
    let fixture = Fixture::new();
    let [chain, root] =
        [&fixture.files.certificate, &fixture.files.authority].map(|it| fs::read_to_string(it).unwrap());
    let (leaf, between) = chain.split_at(chain.rfind("-----BEGIN").unwrap());
    assert!(leaf.contains("-----END") && between.contains("-----END"), "it takes two to have an order");
    fs::write(&fixture.files.certificate, format!("{leaf}{root}{between}")).unwrap();

    connect(&fixture.server(), &fixture.client()).await.unwrap().exchange().await.unwrap();
}

#[test]
fn who_has_not_proved_anything_has_no_fingerprint() {
    let fixture = Fixture::new();
    let server = ServerTls::load(fixture.server_files(fixture.required())).unwrap();

    let connection = ServerConnection::new(server.config()).unwrap();

    assert_eq!(fingerprint(&connection), None);
}

#[tokio::test]
async fn a_session_is_resumed_with_its_certificate_until_the_files_change() {
    let fixture = Fixture::new();
    let server = ServerTls::load(fixture.server_files(fixture.required())).unwrap();
    let client = fixture.known_client();
    let kind = |connected: &Connected| connected.server.get_ref().1.handshake_kind();
    let mut first = connect(&server, &client).await.unwrap();
    first.exchange().await.unwrap();

    let mut second = connect(&server, &client).await.unwrap();
    second.exchange().await.unwrap();
    assert_eq!((kind(&first), kind(&second)), (Some(HandshakeKind::Full), Some(HandshakeKind::Resumed)));
    assert!(second.fingerprint().is_some() && second.fingerprint() == first.fingerprint());

    Certificates::write(fixture.folder.path());
    server.reload_if_changed().unwrap();
    let (connected, _) = both_sides(&server, &client).await;
    assert!(connected.is_err(), "the authority of this client is no longer trusted");
}
