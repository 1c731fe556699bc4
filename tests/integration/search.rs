//! Searches for hyper-parameters with real servers: published, killed half-way, cancelled, from Rust and from the command line.

use crate::harness::{self, TestServer};
use crate::stock::Clients;
use modelwire::client::{Client, JobStatus, Options, SearchTable};
use modelwire::data::{Column, Name, Table};
use modelwire::error::Code;
use modelwire::model::search::{Choices, Dimension, SearchSpec, Strategy};
use modelwire::model::{Spec, StepSpec, Value};
use modelwire::training::{JobSpec, Publish, Rows, SearchJob, State};
use modelwire::wire::empty;
use modelwire::wire::search::GetSearchResultRequest;
use modelwire::wire::training::TTrainingSyncClient;
use std::process::{Command, Output};
use std::time::Duration;

/// More than a search of this file takes.
const PATIENCE: Duration = Duration::from_secs(20);

pub async fn client(server: &TestServer) -> Client {
    Client::connect(server.address.clone(), Options::default()).await.unwrap()
}

/// 200 rows of y = x0 - 2 x1 and a little that neither explains.
pub fn rows() -> Table {
    let value = |row: u64, column: u64| ((row * 37 + column * 11) % 101) as f64 / 50.0 - 1.0;
    let column = |at: u64| Column::float(format!("x{at}"), (0..200).map(|row| value(row, at)).collect());
    let y = |row: u64| value(row, 0) - 2.0 * value(row * row, 1) + (row % 7) as f64 / 10.0;
    Table::new(vec![column(0), column(1), Column::float("y", (0..200).map(y).collect())]).unwrap()
}

fn search(alphas: Choices, n_candidates: Option<usize>) -> SearchJob {
    let step = |algorithm: &str| StepSpec { algorithm: algorithm.into(), ..StepSpec::default() };
    let steps = vec![step("standard_scaler"), step("ridge")];
    let pipeline = Spec { steps, target: Some("y".into()), seed: 3, ..Spec::default() };
    let model = Name::parse("model", "line").unwrap();
    let job = JobSpec { model, pipeline, rows: Rows::Inline(rows()), idempotency_key: None };
    let search = SearchSpec {
        parameters: vec![Dimension { step: 1, name: "alpha".into(), choices: alphas }],
        strategy: if n_candidates.is_some() { Strategy::Random } else { Strategy::Grid },
        n_candidates,
        ..SearchSpec::default()
    };
    SearchJob { job, search, publish: Publish::Best }
}

fn alphas(values: &[f64]) -> Choices {
    Choices::Values(values.iter().map(|it| Value::Number(*it)).collect())
}

/// Enough to be killed or cancelled in the middle of.
fn long() -> SearchJob {
    search(Choices::LogUniform(1e-3, 1e3), Some(900))
}

pub async fn ended(client: &Client, id: &str) -> JobStatus {
    client.wait(id, |_| {}).await.unwrap()
}

/// Waits until the job has told of a candidate.
async fn measures(client: &Client, id: &str) {
    let mut after = 0;
    loop {
        let watched = client.watch_job(id, after, PATIENCE).await.unwrap();
        assert!(!watched.job.state.has_ended(), "it ended too soon: {:?}", watched.job);
        if watched.events.iter().any(|event| event.message.starts_with("candidate ")) {
            return;
        }
        after = watched.events.last().map_or(after, |event| event.sequence);
    }
}

/// All of a table but what time was taken.
pub fn timeless(found: SearchTable) -> SearchTable {
    let mut found = found;
    found.candidates.iter_mut().for_each(|it| it.mean_fit_seconds = 0.0);
    found
}

#[tokio::test]
async fn the_best_candidate_is_published_as_if_it_had_been_trained() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let client = client(&server).await;

    let job = client.search(&search(alphas(&[1e4, 0.5, 100.0]), None)).await.unwrap();
    let job = ended(&client, &job.id).await;

    let found = client.search_result(&job.id).await.unwrap();
    let ranked: Vec<(usize, usize)> = found.candidates.iter().map(|it| (it.rank, it.number)).collect();
    assert_eq!((job.state, job.version, ranked), (State::Succeeded, Some(1), vec![(1, 2), (2, 3), (3, 1)]));
    assert_eq!(job.metrics.get("mean_test_score").copied(), found.candidates[0].mean_test_score);
    let best = found.best_steps.unwrap();
    assert_eq!(best[1].parameters["alpha"], Value::Number(0.5));
    let mut trained = search(alphas(&[1.0]), None).job;
    trained.pipeline.steps = best;
    let trained = client.train(&trained).await.unwrap();
    assert_eq!(ended(&client, &trained.id).await.version, Some(2));
    let [searched, trained] =
        [client.describe_model("line@1").await.unwrap(), client.describe_model("line@2").await.unwrap()];
    assert_eq!(searched.sha256, trained.sha256);
}

#[tokio::test]
async fn a_search_that_is_not_to_publish_leaves_its_table_and_no_version_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let teacher = client(&server).await;
    let quiet = SearchJob { publish: Publish::Nothing, ..search(alphas(&[1.0, 2.0]), None) };
    let job = teacher.search(&quiet).await.unwrap();
    let job = ended(&teacher, &job.id).await;
    let found = teacher.search_result(&job.id).await.unwrap();
    server.kill();

    let server = TestServer::start(folder.path());
    let teacher = client(&server).await;

    assert_eq!((job.state, job.version, job.metrics.len()), (State::Succeeded, None, 2));
    assert_eq!(teacher.search_result(&job.id).await.unwrap(), found);
    assert_eq!(teacher.describe_model("line").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_server_that_is_killed_half_way_searches_again_and_publishes_the_same_bytes() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let straight = TestServer::start_with(folders[0].path(), &["--training-threads-per-job", "2"], &[]);
    let killed = TestServer::start(folders[1].path());
    let (calm, cut) = (client(&straight).await, client(&killed).await);
    let cut_job = cut.search(&long()).await.unwrap();
    measures(&cut, &cut_job.id).await;
    killed.kill();

    let killed = TestServer::start(folders[1].path());
    let cut = client(&killed).await;
    let calm_job = calm.search(&long()).await.unwrap();

    let mut found = vec![];
    for (client, id) in [(&calm, &calm_job.id), (&cut, &cut_job.id)] {
        let job = ended(client, id).await;
        assert_eq!((job.state, job.version), (State::Succeeded, Some(1)), "{:?}", job.error);
        let table = timeless(client.search_result(id).await.unwrap());
        found.push((table, client.describe_model("line").await.unwrap().sha256));
    }
    assert_eq!(found[0].0.candidates.len(), 900);
    assert_eq!(found[0], found[1]);
}

#[tokio::test]
async fn a_table_comes_as_many_candidates_at_a_time_as_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let client = client(&server).await;
    let job = client.search(&search(alphas(&[1.0, 2.0, 3.0]), None)).await.unwrap();
    assert_eq!(ended(&client, &job.id).await.state, State::Succeeded);
    let mut stock = Clients::of(&server).training;
    let mut ask = |from_candidate, limit| {
        let job_id = Some(job.id.clone());
        stock.get_search_result(GetSearchResultRequest { job_id, from_candidate, limit, ..empty() })
    };

    let first = ask(None, Some(2)).unwrap();
    let rest = ask(first.next_candidate, None).unwrap();

    assert_eq!((first.candidates.unwrap().len(), first.total_candidates, first.next_candidate), (2, Some(3), Some(2)));
    assert_eq!((rest.candidates.unwrap().len(), rest.total_candidates, rest.next_candidate), (1, Some(3), None));
    assert!(ask(Some(4), None).is_err() && ask(None, Some(0)).is_err() && ask(None, Some(1_001)).is_err());
}

#[tokio::test]
async fn a_search_that_runs_is_cancelled_and_publishes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let client = client(&server).await;
    let job = client.search(&long()).await.unwrap();
    measures(&client, &job.id).await;
    let early = client.search_result(&job.id).await.unwrap_err();

    client.cancel_job(&job.id).await.unwrap();

    assert_eq!(ended(&client, &job.id).await.state, State::Cancelled);
    let late = client.search_result(&job.id).await.unwrap_err();
    assert_eq!((early.code(), late.code()), (Code::FailedPrecondition, Code::FailedPrecondition));
    assert!(early.to_string().contains("is running") && late.to_string().contains("is cancelled"), "{early} {late}");
    assert_eq!(client.describe_model("line").await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn where_all_candidates_fail_the_job_says_why_and_the_table_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let client = client(&server).await;
    let mut asked = search(Choices::Values(vec![Value::Integer(500), Value::Integer(600)]), None);
    asked.job.pipeline.steps[1].algorithm = "k_neighbors_regressor".into();
    asked.search.parameters[0].name = "n_neighbors".into();

    let job = client.search(&asked).await.unwrap();
    let job = ended(&client, &job.id).await;

    let message = job.error.unwrap().message;
    assert_eq!(job.state, State::Failed);
    assert!(
        message.starts_with("none of 2 candidates could be fitted and measured") && message.contains("500"),
        "{message}"
    );
    let named = format!(
        "get_search_result answers the table of all; on the command line \"modelwire jobs candidates {}\"",
        job.id
    );
    assert!(message.contains(&named), "{message}");
    let found = client.search_result(&job.id).await.unwrap();
    assert_eq!((found.candidates.len(), found.best_steps), (2, None));
    assert!(found.candidates.iter().all(|it| it.error.is_some()));
}

#[tokio::test]
async fn a_search_of_which_some_candidates_fail_says_why_the_first_does_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let client = client(&server).await;
    let mut asked = search(Choices::Values([3, 500, 600].map(Value::Integer).to_vec()), None);
    asked.job.pipeline.steps[1].algorithm = "k_neighbors_regressor".into();
    asked.search.parameters[0].name = "n_neighbors".into();

    let job = client.search(&asked).await.unwrap();
    let job = ended(&client, &job.id).await;

    assert_eq!((job.state, job.version), (State::Succeeded, Some(1)), "{:?}", job.error);
    let events = client.watch_job(&job.id, 0, PATIENCE).await.unwrap().events;
    let told = events.iter().find(|it| it.message.starts_with("2 of 3 candidates failed; the first says: fold 1 of 5"));
    let told = &told.unwrap_or_else(|| panic!("{events:?}")).message;
    assert!(told.contains("500") && told.contains("modelwire jobs candidates j1"), "{told}");
}

/// 200 rows, of which a fold learns from 160.
#[tokio::test]
async fn more_rows_than_a_fit_may_take_are_refused_at_once_where_that_is_known_and_else_point_to_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let server = |most: &str| TestServer::start_with(folder.path(), &["--training-max-svm-rows", most], &[]);
    let asked = |publish: Publish| {
        let mut asked = SearchJob { publish, ..search(alphas(&[0.5, 1.0]), None) };
        asked.job.pipeline.steps[1].algorithm = "svr".into();
        asked.search.parameters[0].name = "C".into();
        asked
    };
    let mut weighted = asked(Publish::Best);
    let weights = Column::integer("w", vec![1; 200]);
    let table = Table::new(rows().columns().iter().cloned().chain([weights]).collect()).unwrap();
    weighted.job = JobSpec { rows: Rows::Inline(table), ..weighted.job };
    weighted.job.pipeline.sample_weight = Some("w".into());

    let narrow = server("159");
    let fold = client(&narrow).await.search(&asked(Publish::Nothing)).await.unwrap_err();
    narrow.kill();
    let wider = server("160");
    let client = client(&wider).await;
    let best = client.search(&asked(Publish::Best)).await.unwrap_err();
    let unpublished = client.search(&asked(Publish::Nothing)).await.unwrap();
    let known_late = client.search(&weighted).await.unwrap();

    assert_eq!((fold.code(), best.code()), (Code::InvalidArgument, Code::InvalidArgument));
    assert!(fold.to_string().contains("got 160; ") && fold.to_string().contains("5 folds of 200 rows"), "{fold}");
    assert!(best.to_string().contains("got 200; ") && best.to_string().contains("to be published"), "{best}");
    assert_eq!(ended(&client, &unpublished.id).await.state, State::Succeeded);
    let job = ended(&client, &known_late.id).await;
    let message = job.error.unwrap().message;
    assert!(message.starts_with("the best candidate was found and could not be fitted on all rows: svr"), "{message}");
    assert!(message.contains(&format!("\"modelwire jobs candidates {}\"", job.id)), "{message}");
    assert_eq!(client.search_result(&job.id).await.unwrap().candidates[0].rank, 1);
}

#[tokio::test]
async fn what_cannot_be_searched_is_refused_before_a_job_begins() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let client = client(&server).await;
    let many: Vec<f64> = (1..=1_001).map(f64::from).collect();

    let refused = client.search(&search(alphas(&many), None)).await.unwrap_err();
    let trained = client.train(&search(alphas(&[1.0]), None).job).await.unwrap();
    let no_search = client.search_result(&trained.id).await.unwrap_err();

    assert_eq!((refused.code(), no_search.code()), (Code::InvalidArgument, Code::FailedPrecondition));
    assert!(refused.to_string().contains("1001 candidates on 5 folds are more than the 5000 fits"), "{refused}");
    assert!(no_search.to_string().contains("has no table of candidates"), "{no_search}");
    assert_eq!(client.search_result("j99").await.unwrap_err().code(), Code::NotFound);
    assert_eq!(client.list_jobs(None).await.unwrap().entries.len(), 1);
}

#[tokio::test]
async fn a_key_is_good_for_one_search_only() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(folder.path());
    let client = client(&server).await;
    let keyed = |search: SearchJob| {
        let job = JobSpec { idempotency_key: Some("once".into()), ..search.job };
        SearchJob { job, ..search }
    };
    let first = client.search(&keyed(search(alphas(&[1.0]), None))).await.unwrap();

    let again = client.search(&keyed(search(alphas(&[1.0]), None))).await.unwrap();
    let other = client.search(&keyed(search(alphas(&[2.0]), None))).await.unwrap_err();
    let trained = client.train(&keyed(search(alphas(&[1.0]), None)).job).await.unwrap_err();

    assert_eq!(again.id, first.id);
    assert_eq!((other.code(), trained.code()), (Code::InvalidArgument, Code::InvalidArgument));
}

#[tokio::test]
async fn the_command_line_prints_the_table_and_publishes_the_best_candidate() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::start(&folder.path().join("data"));
    let iris = harness::fixture("iris.csv").display().to_string();
    let run = |arguments: &[&str]| -> Output {
        let mut command = Command::new(harness::binary());
        command.args(arguments).env("MODELWIRE_ADDRESS", &server.address).output().unwrap()
    };
    let steps = "standard_scaler,k_neighbors_classifier";
    let search = ["search", &iris, "--target", "species", "--steps", steps, "--name", "iris"];
    let tries = ["--try", "n_neighbors=1,5,30", "--publish"];

    let shown = run(&[&search[..], &tries].concat());
    let again = run(&["jobs", "candidates", "j1", "--json"]);
    let wrong = run(&[&search[..], &["--try", "n_neighbors=0,5"]].concat());

    let text = String::from_utf8(shown.stdout).unwrap();
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0][..4], ["rank", "candidate", "mean", "accuracy"], "{text}");
    assert_eq!(lines[1][..3], ["1", "2", "0.9600"], "{text}");
    assert!(lines[1].contains(&"k_neighbors_classifier.n_neighbors=5") && text.contains("iris@1 is trained"), "{text}");
    let again: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!((&again["scoring"], again["candidates"][0]["number"].as_u64()), (&"accuracy".into(), Some(2)));
    let refusal = String::from_utf8(wrong.stderr).unwrap();
    assert!(!wrong.status.success() && refusal.contains("n_neighbors is 0"), "{refusal}");
}
