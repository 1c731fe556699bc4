//! Each state that a server can be in, as all who ask are told: by `status`, by `list_models`, and over HTTP.

use super::{load, set_alias, train_lines, unload};
use crate::harness::{TestServer, contains};
use crate::stock::{Clients, code, row};
use modelwire::wire::health::{StatusRequest, StatusResponse, THealthSyncClient};
use modelwire::wire::models::{DeleteVersionRequest, DescribeModelRequest, ListModelsRequest, TModelsSyncClient};
use std::path::Path;

fn status(server: &TestServer) -> StatusResponse {
    Clients::of(server).health.status(StatusRequest { context: None }).unwrap()
}

/// Panics unless everybody is told the same: the states of the versions of `line`, and why the server is not ready.
fn assert_told(server: &TestServer, states: &[&str], unready: Option<&str>) {
    let status = status(server);
    let told: Vec<_> =
        status.models.unwrap().into_iter().map(|model| (model.state.unwrap(), model.ready.unwrap())).collect();
    let expected: Vec<_> = states.iter().map(|state| ((*state).to_owned(), *state == "loaded")).collect();
    assert_eq!(told, expected);
    assert_eq!((status.live, status.ready, status.reason.as_deref()), (Some(true), Some(unready.is_none()), unready));

    let page = Clients::of(server).models.list_models(ListModelsRequest { context: None, after: None, limit: None });
    let listed: Vec<String> =
        page.unwrap().models.unwrap().into_iter().flat_map(|model| model.states.unwrap()).collect();
    assert_eq!(listed, states);

    let page = server.exchange(b"GET /readyz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    let (code, text) = unready.map_or(("200", "ready"), |reason| ("503", reason));
    assert!(page.starts_with(format!("HTTP/1.1 {code}").as_bytes()) && contains(&page, text.as_bytes()), "{page:?}");
}

fn cut(data: &Path, version: u64) {
    let file = data.join(format!("models/line/{version}/model.bin"));
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
}

#[test]
fn a_server_is_ready_as_long_as_something_answers_and_nothing_is_missing() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let mut clients = Clients::of(&server);
    assert_told(&server, &[], Some("no model is there yet"));

    train_lines(&mut clients, 2);
    assert_told(&server, &["loaded", "loaded"], None);
    unload(&mut clients, "line", 2).unwrap();
    assert_told(&server, &["loaded", "unloaded"], None);
    let request = DescribeModelRequest { context: None, model: Some("line@2".into()) };
    assert_eq!(clients.models.describe_model(request).unwrap().model.unwrap().state.as_deref(), Some("unloaded"));

    cut(data.path(), 2);
    assert_eq!(code(load(&mut clients, "line", 2)), "FAILED_PRECONDITION");
    assert_told(&server, &["loaded", "damaged"], Some("1 of 2 model versions are damaged"));

    let delete = |version| DeleteVersionRequest { context: None, model: Some("line".into()), version: Some(version) };
    clients.models.delete_version(delete(2)).unwrap();
    assert_told(&server, &["loaded"], None);
    clients.models.delete_version(delete(1)).unwrap();
    assert_told(&server, &[], Some("no model is there yet"));
}

#[test]
fn what_is_set_to_be_loaded_and_is_not_makes_the_server_not_ready() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    train_lines(&mut Clients::of(&server), 3);
    server.kill();

    let server = TestServer::start_with(data.path(), &["--registry-max-model-bytes=1024"], &[]);
    assert_told(
        &server,
        &["loaded", "unloaded", "unloaded"],
        Some("2 of 3 model versions are not loaded and should be"),
    );
    server.kill();

    let server = TestServer::start_with(data.path(), &["--registry-load=latest:1"], &[]);
    assert_told(&server, &["loaded", "unloaded", "loaded"], None);
    server.kill();

    let settings = data.path().join("modelwire.toml");
    std::fs::write(&settings, "[models.line]\nload = \"aliased\"\n").unwrap();
    let server = TestServer::start_with(data.path(), &["--config", settings.to_str().unwrap()], &[]);
    assert_told(&server, &["loaded", "unloaded", "unloaded"], None);
}

#[test]
fn an_alias_is_not_set_to_a_version_that_is_not_loaded_and_a_restart_is_clean() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let mut clients = Clients::of(&server);
    train_lines(&mut clients, 2);
    unload(&mut clients, "line", 2).unwrap();

    assert_eq!(code(set_alias(&mut clients, "line", "canary", 2)), "FAILED_PRECONDITION");
    assert_eq!(code(unload(&mut clients, "line", 1)), "FAILED_PRECONDITION");
    server.kill();

    let server = TestServer::start(data.path());
    let mut clients = Clients::of(&server);
    assert_told(&server, &["loaded", "unloaded"], None);
    assert_eq!(code(clients.predict("line@canary", row(1.0))), "NOT_FOUND");
    load(&mut clients, "line", 2).unwrap();
    set_alias(&mut clients, "line", "canary", 2).unwrap();
    assert_eq!(clients.predict("line@canary", row(1.0)).unwrap().version, Some(2));
}
