//! TLS over real sockets, with the certificates that tests make and those that the documentation tells to make.

use crate::certificates::Certificates;
use modelwire::tls::{
    Authorities, ClientCertificates, ClientFiles, ClientTls, IdentityFiles, ServerFiles, ServerTls, fingerprint,
};
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

fn identity(certificates: &Path, key: &Path) -> IdentityFiles {
    IdentityFiles { certificates: certificates.to_owned(), key: key.to_owned() }
}

/// A server that only takes clients whom the authority has signed.
fn server(files: &Certificates) -> ServerTls {
    let client_certificates = ClientCertificates::Required { authorities: files.authority.clone() };
    ServerTls::load(ServerFiles { identity: identity(&files.certificate, &files.key), client_certificates }).unwrap()
}

fn client(files: &Certificates) -> ClientTls {
    let client_files = ClientFiles {
        authorities: Authorities::File(files.authority.clone()),
        identity: Some(identity(&files.client_certificate, &files.client_key)),
        server_name: None,
    };
    ClientTls::load(&client_files).unwrap()
}

/// Answers each connection with the fingerprint of its client, and ends when `connections` have been.
async fn tell_fingerprints(listener: TcpListener, tls: Arc<ServerTls>, connections: usize) {
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let (stream, _) = listener.accept().await.unwrap();
        let acceptor = TlsAcceptor::from(tls.config());
        tasks.spawn(async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let who = fingerprint(stream.get_ref().1).expect("a certificate is required");
            stream.write_all(who.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        });
    }
    tasks.join_all().await;
}

async fn ask(tls: ClientTls, address: String) -> io::Result<String> {
    let stream = TcpStream::connect(&address).await?;
    let mut answer = String::new();
    tls.connect(&address, stream).await?.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// What a server of these files answers to clients of them that call at once, by address and by name.
async fn answers(files: &Certificates, clients: usize) -> Vec<io::Result<String>> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(tell_fingerprints(listener, Arc::new(server(files)), clients));
    let asked = (0..clients).map(|number| {
        let host = if number % 2 == 0 { "127.0.0.1" } else { "localhost" };
        ask(client(files), format!("{host}:{port}"))
    });
    let answers = asked.collect::<JoinSet<_>>().join_all().await;
    serving.await.unwrap();
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_at_once_are_known_by_their_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let files = Certificates::write(folder.path());

    let answers = answers(&files, 16).await;

    let first = answers[0].as_ref().unwrap();
    assert!(first.len() == 64 && first.chars().all(|it| it.is_ascii_hexdigit()), "{first}");
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap() == first), "{answers:?}");
}

/// What the shell blocks of the documentation print, run in this folder; `None` without the program that they need.
fn documented_commands(folder: &Path) -> Option<String> {
    if Command::new("openssl").arg("version").output().is_err() {
        assert!(std::env::var("CI").as_deref() != Ok("1"), "openssl is not installed");
        eprintln!("skipped: the commands of docs/security.md (openssl is not installed)");
        return None;
    }
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md")).unwrap();
    let blocks: Vec<&str> = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let blocks: Vec<&str> = blocks.into_iter().filter(|block| block.contains("openssl")).collect();
    assert_eq!(blocks.len(), 2, "one makes certificates, one takes a fingerprint");
    let output = Command::new("bash").args(["-euc", &blocks.concat()]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificates_that_the_documentation_makes_are_good_and_have_the_fingerprint_that_it_takes() {
    let folder = tempfile::tempdir().unwrap();
    let Some(printed) = documented_commands(folder.path()) else { return };
    let [authority, certificate, key, client_certificate, client_key, authority_key] =
        ["ca.pem", "server.pem", "server.key", "client.pem", "client.key", "ca.key"].map(|it| folder.path().join(it));
    let files = Certificates { authority, certificate, key, client_certificate, client_key };

    for answer in answers(&files, 2).await {
        assert_eq!(answer.unwrap(), printed.trim());
    }

    let self_signed = Certificates { certificate: files.authority.clone(), key: authority_key, ..files };
    for answer in answers(&self_signed, 2).await {
        let told = answer.unwrap_err().to_string();
        assert!(told.contains("CaUsedAsEndEntity"), "{told}");
    }
}
