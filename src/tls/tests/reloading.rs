//! New files for a server that runs.

use super::certificates::Certificates;
use super::*;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

fn shown(connected: &Connected) -> Vec<u8> {
    connected.client.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

#[tokio::test]
async fn new_connections_get_the_new_certificate_and_old_ones_go_on() {
    let fixture = Fixture::new();
    let server = fixture.server();
    let mut old = connect(&server, &fixture.client()).await.unwrap();
    assert_eq!(server.reload_if_changed().unwrap(), Reloaded::Unchanged);

    Certificates::write(fixture.folder.path());

    assert_eq!(server.reload_if_changed().unwrap(), Reloaded::Swapped);
    assert_eq!(server.reload_if_changed().unwrap(), Reloaded::Unchanged);
    let mut new = connect(&server, &fixture.client()).await.unwrap();
    old.exchange().await.unwrap();
    new.exchange().await.unwrap();
    assert_ne!(shown(&old), shown(&new));
}

#[test]
fn a_broken_file_keeps_the_old_and_is_told_once_until_it_is_mended() {
    for name in ["server.pem", "server.key", "ca.pem"] {
        let fixture = Fixture::new();
        let server = ServerTls::load(fixture.server_files(fixture.required())).unwrap();
        let (before, path) = (server.config(), fixture.folder.path().join(name));
        let whole = fs::read(&path).unwrap();

        for broken in [Some(&whole[..whole.len() / 3]), None, Some(b"")] {
            match broken {
                Some(bytes) => fs::write(&path, bytes).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            let told = server.reload_if_changed().unwrap_err().to_string();
            assert!(told.contains(name), "{told}");
            assert_eq!(server.reload_if_changed().unwrap(), Reloaded::Unchanged);
        }
        fs::write(&path, whole).unwrap();
        assert_eq!(server.reload_if_changed().unwrap(), Reloaded::Unchanged);
        fs::remove_file(&path).unwrap();
        assert!(server.reload_if_changed().is_err(), "a fault that comes back is told again");

        assert!(Arc::ptr_eq(&before, &server.config()));
    }
}

#[test]
fn a_certificate_whose_key_is_still_to_come_waits_for_it() {
    let (fixture, next) = (Fixture::new(), Fixture::new());
    let server = fixture.server();
    let before = server.config();

    fs::copy(&next.files.certificate, &fixture.files.certificate).unwrap();
    let told = server.reload_if_changed().unwrap_err().to_string();
    assert!(told.contains("server.key") && Arc::ptr_eq(&before, &server.config()), "{told}");

    fs::copy(&next.files.key, &fixture.files.key).unwrap();
    assert_eq!(server.reload_if_changed().unwrap(), Reloaded::Swapped);
}

/// Kubernetes mounts a secret as links over a link to a folder, and turns that one link.
#[test]
fn a_link_that_is_turned_to_another_folder_is_a_change_whatever_its_dates() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for version in ["old", "new"] {
        fs::create_dir(at(version)).unwrap();
        Certificates::write(&at(version));
    }
    let turn_to = |version: &str| {
        symlink(Path::new(version), at("next")).unwrap();
        fs::rename(at("next"), at("..data")).unwrap();
    };
    turn_to("new");
    let identity = IdentityFiles { certificates: at("server.pem"), key: at("server.key") };
    symlink("..data/server.pem", &identity.certificates).unwrap();
    symlink("..data/server.key", &identity.key).unwrap();
    let files = ServerFiles { identity, client_certificates: ClientCertificates::Ignored };
    let server = ServerTls::load(files).unwrap();

    turn_to("old");

    assert_eq!(server.reload_if_changed().unwrap(), Reloaded::Swapped);
    assert_eq!(server.reload_if_changed().unwrap(), Reloaded::Unchanged);
}

#[tokio::test]
async fn who_keeps_it_current_takes_up_new_files_unasked() {
    let fixture = Fixture::new();
    let server = Arc::new(fixture.server());
    let before = server.config();
    let keeper = tokio::spawn(keep_current(Arc::clone(&server), Duration::from_millis(1)));

    Certificates::write(fixture.folder.path());

    let swapped = async {
        while Arc::ptr_eq(&before, &server.config()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), swapped).await.expect("the files are looked at");
    keeper.abort();
    assert!(keeper.await.unwrap_err().is_cancelled());
}
