//! Whom a client trusts, and what it says about the rest.

use super::certificates::{Authority, Issued};
use super::*;
use rcgen::{CertificateParams, date_time_ymd};
use rustls_pki_types::ServerName;
use std::net::IpAddr;
use std::path::Path;

async fn refusal(server: &ServerTls, client: &ClientTls) -> String {
    connect(server, client).await.err().expect("the handshake is refused").to_string()
}

fn write(fixture: &Fixture, issued: Issued) {
    std::fs::write(&fixture.files.certificate, issued.certificate).unwrap();
    std::fs::write(&fixture.files.key, issued.key).unwrap();
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused_by_name() {
    let fixture = Fixture::new();
    let authority = Authority::new("one that is trusted");
    std::fs::write(&fixture.files.authority, authority.pem()).unwrap();
    write(&fixture, authority.server(&["models.example"]));
    let files = fixture.client_files();

    let told = refusal(&fixture.server(), &fixture.client()).await;
    let named = ClientTls::load(&ClientFiles { server_name: Some("models.example".into()), ..files }).unwrap();

    assert!(told.contains("models.example") && told.contains("not for \"localhost\""), "{told}");
    connect(&fixture.server(), &named).await.unwrap().exchange().await.unwrap();
}

#[tokio::test]
async fn an_authority_that_was_not_named_is_refused() {
    let (fixture, strangers) = (Fixture::new(), Fixture::new());

    let told = refusal(&strangers.server(), &fixture.client()).await;

    assert!(told.contains("signed by nobody who is trusted here"), "{told}");
}

#[tokio::test]
async fn what_the_system_trusts_does_not_hold_for_a_certificate_of_ones_own() {
    let fixture = Fixture::new();

    match ClientTls::load(&ClientFiles::default()) {
        Ok(client) => {
            let told = refusal(&fixture.server(), &client).await;
            assert!(told.contains("signed by nobody who is trusted here"), "{told}");
        }
        Err(error) => assert!(error.to_string().contains("name a CA file"), "{error}"), // A system without any.
    }
}

#[tokio::test]
async fn a_certificate_out_of_date_is_refused_with_its_date() {
    let fixture = Fixture::new();
    let authority = Authority::new("one that is trusted");
    std::fs::write(&fixture.files.authority, authority.pem()).unwrap();
    let valid = |from: i32, to: i32| {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
        authority.sign(params)
    };

    for (from, to, expected) in
        [(2000, 2001, "expired at 2001-01-01T00:00:00Z"), (4000, 4001, "not valid before 4000-01-01T00:00:00Z")]
    {
        write(&fixture, valid(from, to));
        let told = refusal(&fixture.server(), &fixture.client()).await;

        assert!(told.contains(expected), "{told}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_one_that_is_not_trusted() {
    let client = Fixture::new().client();
    let (near, mut far) = duplex(4096);
    far.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();

    let told = client.connect("localhost:80", near).await.unwrap_err().to_string();
    assert!(told.contains("something else than TLS"), "{told}");

    let (near, mut far) = duplex(4096);
    let close = async move { far.read_u8().await.unwrap() };
    let (connected, _) = tokio::join!(client.connect("localhost:80", near), close);
    let told = connected.unwrap_err().to_string();
    assert!(told.contains("closed instead of speaking TLS"), "{told}");
}

#[test]
fn the_name_is_the_host_of_the_address() {
    let client = Fixture::new().client();
    let ip = |text: &str| ServerName::from(text.parse::<IpAddr>().unwrap());
    let dns = |text: &'static str| ServerName::try_from(text).unwrap();

    for (address, expected) in [
        ("localhost:9090", dns("localhost")),
        ("models.example.:9090", dns("models.example")),
        ("models.example", dns("models.example")),
        ("127.0.0.1:9090", ip("127.0.0.1")),
        ("127.0.0.1", ip("127.0.0.1")),
        ("[::1]:9090", ip("::1")),
        ("[::1]", ip("::1")),
        ("::1", ip("::1")),
    ] {
        assert_eq!(client.server_name(address).unwrap(), expected, "{address}");
    }
    for address in ["", ":9090", "a b:9090", "bücher.example:9090", "-a:1", "[::1.2:1", "1.2.3:1"] {
        let told = client.server_name(address).unwrap_err().to_string();
        assert!(told.contains("DNS name in ASCII"), "{address}: {told}");
    }
}

#[test]
fn a_name_that_cannot_be_one_is_refused_before_anything_is_called() {
    let fixture = Fixture::new();
    let files = ClientFiles { server_name: Some("models.example:9090".into()), ..fixture.client_files() };

    let told = ClientTls::load(&files).unwrap_err().to_string();

    assert!(told.contains("\"models.example:9090\"") && told.contains("without a port"), "{told}");
}

#[test]
fn a_ca_file_that_is_none_is_refused_by_name() {
    let fixture = Fixture::new();
    let of = |path: &Path| ClientFiles { authorities: Authorities::File(path.to_owned()), ..ClientFiles::default() };

    let told = ClientTls::load(&of(&fixture.files.key)).unwrap_err().to_string();

    assert!(told.contains("server.key") && told.contains("no certificate"), "{told}");
}
