//! Searches that go on after kill -9: only the fits that were not measured are made, and the table is that of a search which nobody
//! touched.

use crate::harness::TestServer;
use crate::search::{client, ended, rows, timeless};
use modelwire::client::Client;
use modelwire::data::Name;
use modelwire::model::search::{Choices, Dimension, SearchSpec};
use modelwire::model::{Spec, StepSpec, Value};
use modelwire::training::{JobSpec, Publish, Rows, SearchJob, State};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// As often as it pays, which is every few fits.
const OFTEN: [&str; 2] = ["--training-checkpoint-ms", "1"];
const N_CANDIDATES: usize = 12;
const N_FOLDS: usize = 5;
/// More than a search of this file takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn start(data: &Path) -> TestServer {
    TestServer::start_with(data, &OFTEN, &[])
}

/// Small networks, each of which makes all its epochs.
fn asked() -> SearchJob {
    let parameters = [
        ("hidden_layer_sizes".to_owned(), Value::Integers(vec![8])),
        ("max_iter".to_owned(), Value::Integer(30)),
        ("n_iter_no_change".to_owned(), Value::Integer(1_000)),
    ];
    let network = StepSpec { algorithm: "mlp_regressor".into(), parameters: parameters.into(), columns: None };
    let scaler = StepSpec { algorithm: "standard_scaler".into(), ..StepSpec::default() };
    let pipeline = Spec { steps: vec![scaler, network], target: Some("y".into()), seed: 3, ..Spec::default() };
    let model = Name::parse("model", "net").unwrap();
    let job = JobSpec { model, pipeline, rows: Rows::Inline(rows()), idempotency_key: None };
    let alphas = (1..=N_CANDIDATES).map(|it| Value::Number(it as f64 / 8.0)).collect();
    let parameters = vec![Dimension { step: 1, name: "alpha".into(), choices: Choices::Values(alphas) }];
    SearchJob { job, search: SearchSpec { parameters, ..SearchSpec::default() }, publish: Publish::Best }
}

/// What a job says until it has said this or has ended.
async fn said(client: &Client, id: &str, until: &str) -> Vec<String> {
    let (mut after, mut said) = (0, vec![]);
    loop {
        let watched = client.watch_job(id, after, PATIENCE).await.unwrap();
        after = watched.events.last().map_or(after, |event| event.sequence);
        said.extend(watched.events.into_iter().map(|event| event.message));
        if watched.job.state.has_ended() || said.iter().any(|it| it.starts_with(until)) {
            return said;
        }
    }
}

/// Waits for the search of a server that was cut off, and holds it against one that was not.
async fn assert_as_untouched(client: &Client, id: &str) {
    let job = ended(client, id).await;
    assert_eq!((job.state, job.version), (State::Succeeded, Some(1)), "{:?}", job.error);
    let straight = client.search(&asked()).await.unwrap();
    assert_eq!(ended(client, &straight.id).await.version, Some(2));
    let (cut, straight) = (client.search_result(id).await.unwrap(), client.search_result(&straight.id).await.unwrap());
    assert_eq!(cut.candidates.len(), N_CANDIDATES);
    assert_eq!(timeless(cut), timeless(straight));
    let versions = [client.describe_model("net@1").await.unwrap(), client.describe_model("net@2").await.unwrap()];
    assert_eq!(versions[0].sha256, versions[1].sha256);
}

#[tokio::test]
async fn a_search_that_was_killed_makes_the_fits_that_were_not_kept_and_finds_the_same_table() {
    let data = tempfile::tempdir().unwrap();
    let server = start(data.path());
    let before = client(&server).await;
    let id = before.search(&asked()).await.unwrap().id;
    said(&before, &id, "candidate 6 of").await;
    server.kill();

    let server = start(data.path());
    let client = client(&server).await;
    let said = said(&client, &id, "published").await;

    let resumed = said.iter().find_map(|it| it.strip_prefix("resumed from checkpoint of ")).expect("it goes on");
    let n_kept: usize = resumed.split(' ').next().unwrap().parse().unwrap();
    let told: BTreeSet<&String> = said.iter().filter(|it| it.starts_with("candidate ")).collect();
    assert_eq!(told.len(), N_CANDIDATES - n_kept / N_FOLDS, "{n_kept} fits were kept: {said:?}");
    assert_as_untouched(&client, &id).await;
    assert!(!data.path().join(format!("jobs/{id}")).exists(), "states are left behind");
}

/// A job whose server ends five times without anything being added is given up.
#[tokio::test]
#[cfg(feature = "failpoints")]
async fn a_search_that_is_cut_off_after_each_fit_is_not_given_up() {
    let data = tempfile::tempdir().unwrap();
    let at = ("MODELWIRE_FAILPOINT", modelwire::training::CHECKPOINT_STEPS[0]);
    let mut server = TestServer::start_with(data.path(), &OFTEN, &[at]);
    let id = client(&server).await.search(&asked()).await.unwrap().id;
    assert_eq!(server.wait().code(), None, "no fit was kept");
    drop(server);
    for _ in 0..7 {
        let mut command = crate::harness::command(data.path());
        let mut process = command.args(OFTEN).env(at.0, at.1).stdout(std::process::Stdio::null()).spawn().unwrap();
        assert_eq!(crate::harness::wait(&mut process).code(), None, "no fit was added");
    }

    let server = start(data.path());
    let client = client(&server).await;

    assert_as_untouched(&client, &id).await;
}
