//! TLS where there is none, none where there has to be, and handshakes that go nowhere.

use crate::certificates::Certificates;
use crate::harness::{Carrier, HELLO, PATIENCE, Reply, TestServer, framed};
use modelwire::wire::Protocol::Binary;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};

/// A server with a certificate, and these flags.
fn server(data: &Path, certificates: &Certificates, flags: &[&str]) -> TestServer {
    let [certificate, key] = [&certificates.certificate, &certificates.key].map(|path| path.to_str().unwrap());
    let flags = [&["--tls-certificate", certificate, "--tls-key", key], flags].concat();
    TestServer::start_with(data, &flags, &[])
}

fn client(certificates: &Certificates) -> ClientConnection {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&certificates.authority).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap()
}

/// The first bytes that a client sends.
fn client_hello(client: &mut ClientConnection) -> Vec<u8> {
    let mut bytes = vec![];
    client.write_tls(&mut bytes).unwrap();
    bytes
}

fn greeted(client: &mut ClientConnection, stream: &mut TcpStream) {
    let mut tls = Stream::new(client, stream);
    tls.write_all(&framed(HELLO)).unwrap();
    let mut length = [0; 4];
    tls.read_exact(&mut length).unwrap();
    let mut frame = vec![0; u32::from_be_bytes(length) as usize];
    tls.read_exact(&mut frame).unwrap();
    assert!(Reply::whole(Binary, &frame).expect("a whole reply").greets());
}

#[test]
fn tls_is_closed_where_there_is_none_and_plain_bytes_where_there_has_to_be() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let certificates = Certificates::write(folder.path());
    let plain = TestServer::start(data.path());

    let reply = plain.converse(&client_hello(&mut client(&certificates))).unwrap();

    assert_eq!((reply, plain.metrics(0).refused("no_tls")), (vec![], 1));
    plain.assert_serving();

    let data = tempfile::tempdir().unwrap();
    let only = server(data.path(), &certificates, &["--tls-only"]);
    for carrier in Carrier::ALL {
        let reply = only.converse(&carrier.wrap(Binary, HELLO)).unwrap();
        assert_eq!(reply, b"", "{carrier:?}");
    }
    greeted(&mut client(&certificates), &mut only.connect());
}

#[test]
fn both_are_served_on_one_port_and_handshakes_that_go_nowhere_are_closed_in_time() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let certificates = Certificates::write(folder.path());
    let server = server(data.path(), &certificates, &["--server-handshake-ms", "400"]);
    let hello = client_hello(&mut client(&certificates));

    let mut stalled = server.connect();
    stalled.write_all(&hello[..hello.len() / 2]).unwrap();
    let started = Instant::now();
    let closing = std::thread::spawn(move || {
        let mut rest = vec![];
        stalled.read_to_end(&mut rest).map(|_| (rest, started.elapsed()))
    });
    while !closing.is_finished() {
        server.assert_serving(); // Others, without TLS and with it.
        greeted(&mut client(&certificates), &mut server.connect());
    }
    let (rest, elapsed) = closing.join().unwrap().expect("the connection is closed and not reset");

    assert_eq!(rest, b"");
    assert!((Duration::from_millis(400)..PATIENCE / 4).contains(&elapsed), "it was closed after {elapsed:?}");
    assert_eq!(server.metrics(0).refused("handshake_time"), 1);
}

#[test]
fn handshakes_that_are_none_are_closed_and_one_byte_by_byte_is_served() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let certificates = Certificates::write(folder.path());
    let server = server(data.path(), &certificates, &[]);
    let before = server.metrics(0);
    let hello = client_hello(&mut client(&certificates));
    let mut damaged = hello.clone();
    damaged[5] ^= 0xff; // The type of the handshake's message.
    for bytes in
        [&b"\x16\x03"[..], &hello[..hello.len() - 1], &damaged, &[b"\x16\x03\x01\x40\x00", &[0xff; 9000][..]].concat()]
    {
        // What is said before the close is an alert, if anything.
        let reply = server.converse(bytes).unwrap();
        assert!(reply.is_empty() || reply[0] == 0x15, "{reply:?}");
    }
    assert_eq!(server.metrics(0).refused_since(&before), ["handshake"; 4]);

    let (mut client, mut stream) = (client(&certificates), server.connect());
    for byte in client_hello(&mut client) {
        stream.write_all(&[byte]).unwrap();
    }
    greeted(&mut client, &mut stream);
}

#[test]
fn a_client_that_drops_tls_in_mid_frame_or_changes_its_keys_without_end_harms_nobody() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let certificates = Certificates::write(folder.path());
    let server = server(data.path(), &certificates, &[]);
    for end in [0, 3, 12] {
        let (mut client, mut stream) = (client(&certificates), server.connect());
        greeted(&mut client, &mut stream);
        Stream::new(&mut client, &mut stream).write_all(&framed(HELLO)[..end]).unwrap();
        drop(stream); // Without the alert that ends TLS.
    }
    server.metrics(0);

    // TLS 1.3 has no renegotiation; new keys are what is left of it.
    let (mut client, mut stream) = (client(&certificates), server.connect());
    greeted(&mut client, &mut stream);
    let ((), grown) = server.peak_memory(|| {
        for _ in 0..2_000 {
            client.refresh_traffic_keys().unwrap();
            while client.wants_write() && client.write_tls(&mut stream).is_ok() {}
        }
    });
    server.assert_serving();
    assert!(grown < 16 << 20, "memory grew by {grown} bytes");
    drop(stream);
    server.metrics(0);
}
