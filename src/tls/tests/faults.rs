//! What cannot be used is refused by one sentence: the file, what is wrong, what to do.

use super::certificates::{Authority, Issued};
use super::*;
use proptest::prelude::*;
use rcgen::{CertificateParams, date_time_ymd};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

fn refusal(fixture: &Fixture) -> String {
    let told =
        ServerTls::load(fixture.server_files(fixture.optional())).expect_err("the files are refused").to_string();
    assert!(told.contains(&*fixture.folder.path().to_string_lossy()), "it names no file: {told}");
    assert!(told.contains("; ") && !told.contains('\n'), "it says not what to do, or more than a sentence: {told}");
    told
}

#[test]
fn each_fault_of_a_file_says_what_is_wrong_and_what_to_do() {
    let key = fs::read_to_string(Fixture::new().files.key).unwrap();
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let old_encrypted =
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let not_der = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let half = "-----BEGIN CERTIFICATE-----\nAAAA\n";
    let damaged = format!("{half}-----END CERTIFICATE-----\n");
    let no_base64 = damaged.replace("AAAA", "****");
    let half_line = damaged.replace("CERTIFICATE-----\nAAAA", "CERT\nAAAA");
    for (name, text, expected) in [
        ("server.pem", "", "no line \"-----BEGIN CERTIFICATE-----\"; if it is DER, \"openssl x509"),
        ("server.pem", &key, "a private key and no certificate; name the file of the certificates"),
        ("server.pem", half, "a BEGIN line without its END line; it may be cut off"),
        ("server.pem", &half_line, "a BEGIN line that is not whole"),
        ("server.pem", &no_base64, "letters that are not base64"),
        ("server.pem", &damaged, "is damaged in certificate 1"),
        ("server.key", "", "no line \"-----BEGIN PRIVATE KEY-----\"; if it is DER, \"openssl pkey"),
        ("server.key", &damaged, "certificates and no private key; name the file of the key"),
        (
            "server.key",
            &encrypted,
            "encrypted private key, and nobody is asked for its password here; \"openssl pkey -in",
        ),
        ("server.key", old_encrypted, "encrypted private key"),
        ("server.key", not_der, "damaged or of a kind that is not supported; use RSA"),
        ("server.key", &key, "is not of the certificate in"),
        ("ca.pem", &key, "a private key and no certificate"),
    ] {
        let fixture = Fixture::new();
        fs::write(fixture.folder.path().join(name), text).unwrap();

        let told = refusal(&fixture);

        assert!(told.contains(name) && told.contains(expected), "{told}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    for name in ["server.pem", "server.key", "ca.pem"] {
        let fixture = Fixture::new();
        let path = fixture.folder.path().join(name);
        fs::remove_file(&path).unwrap();
        assert!(refusal(&fixture).contains(&format!("{name} cannot be read")));

        fs::create_dir(&path).unwrap();
        assert!(refusal(&fixture).contains(&format!("{name} is not a file")));
    }
}

#[test]
fn a_file_without_an_end_is_not_read_to_its_end() {
    let fixture = Fixture::new();
    fs::File::create(&fixture.files.key).unwrap().set_len(1 << 40).unwrap();

    assert!(refusal(&fixture).contains("server.key has more than 4194304 bytes"));
}

#[test]
fn a_chain_in_the_wrong_order_says_which_certificate_has_to_come_first() {
    let fixture = Fixture::new();
    let leaf = fs::read_to_string(&fixture.files.certificate).unwrap();
    let authority = fs::read_to_string(&fixture.files.authority).unwrap();
    fs::write(&fixture.files.certificate, authority + &leaf).unwrap();

    let told = refusal(&fixture);

    assert!(told.contains("is of certificate 2 in") && told.contains("put that certificate first"), "{told}");
}

#[test]
fn certificate_and_key_may_be_in_one_file() {
    let fixture = Fixture::new();
    let both = [&fixture.files.key, &fixture.files.certificate].map(|path| fs::read_to_string(path).unwrap()).concat();
    fs::write(&fixture.files.certificate, &both).unwrap();
    fs::write(&fixture.files.key, &both).unwrap();

    ServerTls::load(fixture.server_files(ClientCertificates::Ignored)).unwrap();
}

#[test]
fn a_certificate_out_of_date_is_taken_and_told_with_its_date() {
    let fixture = Fixture::new();
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    let Issued { certificate, key } = Authority::new("old").sign(params);
    fs::write(&fixture.files.certificate, &certificate).unwrap();
    fs::write(&fixture.files.key, key).unwrap();
    let leaf = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    let told_at = |seconds| identity::out_of_date(&leaf, UnixTime::since_unix_epoch(Duration::from_secs(seconds)));

    fixture.server();

    assert_eq!(told_at(1_577_836_799).as_deref(), Some("is not valid before 2020-01-01T00:00:00Z"));
    assert_eq!(told_at(1_577_836_800), None);
    assert_eq!(told_at(1_609_459_200), None);
    assert_eq!(told_at(1_609_459_201).as_deref(), Some("expired at 2021-01-01T00:00:00Z"));
}

proptest! {
    #[test]
    fn no_damage_to_a_file_is_more_than_an_error(which in 0..3_usize, at in 0.0..1.0_f64, byte: u8, cut: bool) {
        let fixture = Fixture::new();
        let path = ["server.pem", "server.key", "ca.pem"].map(PathBuf::from)[which].clone();
        let path = fixture.folder.path().join(path);
        let mut bytes = fs::read(&path).unwrap();
        let index = (at * bytes.len() as f64) as usize;
        bytes[index] = byte;
        if cut {
            bytes.truncate(index);
        }
        fs::write(&path, bytes).unwrap();

        if let Err(error) = ServerTls::load(fixture.server_files(fixture.required())) {
            prop_assert!(error.to_string().contains("server.") || error.to_string().contains("ca.pem"), "{}", error);
        }
    }
}
