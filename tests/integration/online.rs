//! Learning batch by batch with real servers: killed half-way, asked meanwhile, from Rust and from the command line.

#[path = "../../docs/examples/online.rs"]
mod example;

use crate::harness::TestServer;
use modelwire::client::{Client, Options};
use modelwire::data::{Column, Features, Name, Table};
use modelwire::error::Code;
use modelwire::model::{StepSpec, Value};
use modelwire::training::{Batch, Learned};
use ndarray::Array2;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

async fn client(server: &TestServer) -> Client {
    Client::connect(server.address.clone(), Options::default()).await.unwrap()
}

/// 50 rows of two features and y = x0 - 2 x1, others in each batch.
fn batch(number: u64) -> Batch {
    let value = |row: u64, column: u64| (((number * 50 + row) * 37 + column * 11) % 101) as f64 / 50.0 - 1.0;
    let column = |at: u64| Column::float(format!("x{at}"), (0..50).map(|row| value(row, at)).collect());
    let y = Column::float("y", (0..50).map(|row| value(row, 0) - 2.0 * value(row, 1)).collect());
    let parameters = [
        ("hidden_layer_sizes".to_owned(), Value::Integers(vec![8])),
        ("learning_rate_init".to_owned(), Value::Number(0.01)),
    ];
    let step = StepSpec { algorithm: "mlp_regressor".into(), parameters: parameters.into(), columns: None };
    Batch {
        steps: Some(vec![step]),
        target: Some("y".into()),
        publish_every: Some(5),
        ..Batch::new(Name::parse("model", "net").unwrap(), Table::new(vec![column(0), column(1), y]).unwrap())
    }
}

async fn learned(client: &Client, numbers: std::ops::RangeInclusive<u64>) -> Vec<Learned> {
    let mut learned = vec![];
    for number in numbers {
        learned.push(client.partial_fit(&batch(number)).await.unwrap());
    }
    learned
}

#[tokio::test]
async fn a_server_that_is_killed_half_way_goes_on_to_the_same_bytes() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let straight = TestServer::start(folders[0].path());
    let expected = learned(&client(&straight).await, 1..=20).await;

    let killed = TestServer::start(folders[1].path());
    let mut seen = learned(&client(&killed).await, 1..=7).await;
    killed.kill();
    let killed = TestServer::start(folders[1].path());
    seen.extend(learned(&client(&killed).await, 8..=20).await);

    assert_eq!(seen, expected);
    let mut versions = vec![];
    for server in [&straight, &killed] {
        versions.push(client(server).await.describe_model("net").await.unwrap());
    }
    assert_eq!((versions[0].version, &versions[0].sha256), (4, &versions[1].sha256));
}

#[tokio::test]
async fn killed_while_batches_come_it_has_learned_each_that_was_answered_and_none_twice() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let options = Options { call_timeout: Duration::from_secs(2), ..Options::default() };
    let teacher = Client::connect(server.address.clone(), options).await.unwrap();
    let (answered, mut heard) = tokio::sync::watch::channel(0);
    let teach = async {
        for number in 1..=10_000 {
            let keyed = Batch { idempotency_key: Some(format!("k{number}")), ..batch(number) };
            let Ok(learned) = teacher.partial_fit(&keyed).await else { return number };
            assert_eq!(learned.batch, number);
            answered.send_replace(number);
        }
        unreachable!("the server was to be killed")
    };
    let kill = async {
        heard.wait_for(|number| *number >= 12).await.unwrap();
        server.signal("KILL");
    };

    let (unanswered, ()) = tokio::join!(teach, kill);

    server.kill();
    let server = TestServer::start(data.path());
    let client = client(&server).await;
    let kept = client.get_learner("net").await.unwrap().batches;
    assert!(kept == unanswered - 1 || kept == unanswered, "{kept} of {unanswered}");
    let keyed = Batch { idempotency_key: Some(format!("k{unanswered}")), ..batch(unanswered) };
    assert_eq!(client.partial_fit(&keyed).await.unwrap().batch, unanswered);
    assert_eq!(client.get_learner("net").await.unwrap().batches, unanswered);
}

#[tokio::test]
async fn predictions_go_on_while_a_model_learns() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let (teacher, asker) = (client(&server).await, client(&server).await);
    learned(&teacher, 1..=5).await;
    let done = AtomicBool::new(false);
    let rows = Features::Matrix(Array2::from_elem((3, 2), 0.5));

    let teach = async {
        learned(&teacher, 6..=60).await;
        done.store(true, Ordering::SeqCst);
    };
    let ask = async {
        let mut versions = vec![];
        while !done.load(Ordering::SeqCst) {
            versions.push(asker.predict("net", &rows).await.unwrap().version);
        }
        versions
    };
    let ((), versions) = tokio::join!(teach, ask);

    assert!(versions.is_sorted() && !versions.is_empty(), "{versions:?}");
    assert_eq!(asker.predict("net", &rows).await.unwrap().version, 12);
    let refused = teacher.partial_fit(&Batch { expected_batch: Some(3), ..batch(61) }).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn the_example_learns_to_a_tenth_of_its_first_loss() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());

    let losses = example::teach(&server.address).await.unwrap();

    let (first, last) = (losses[0], losses[losses.len() - 1]);
    assert!(losses.len() == 150 && last < first / 10.0, "from {first} to {last}");
}

#[tokio::test]
async fn the_command_line_sends_batches_of_a_file() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(crate::harness::binary());
        let output = command.args(arguments).env("MODELWIRE_ADDRESS", &server.address).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let iris = crate::harness::fixture("iris.csv");
    let iris = iris.to_str().unwrap();
    let learn = ["partial-fit", "iris", "--data", iris, "--batch-rows", "60", "--publish-every", "0", "--publish"];
    let classes = ["--steps", "gaussian_nb", "--target", "species", "--classes", "setosa,versicolor,virginica"];

    let (done, said, why) = run(&[&learn[..], &classes].concat());

    assert!(done, "{why}");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!((lines.len(), lines[0]), (3, "batch 1: 60 rows"), "{said}");
    assert!(lines[2].starts_with("batch 3: 30 rows") && lines[2].ends_with(", version 1"), "{said}");
    let (done, _, why) = run(&["partial-fit", "other", "--data", iris]);
    assert!(!done && why.contains("\"other\" has no learner") && why.contains("send its first batch with"), "{why}");

    let more = ["partial-fit", "iris", "--data", iris, "--batch-rows", "80", "--json"];
    let (done, said, why) = run(&[&more[..], &["--expected-batch", "4", "--idempotency-key", "again"]].concat());
    assert!(done, "{why}");
    let document: serde_json::Value = serde_json::from_str(&said).unwrap();
    let numbers: Vec<u64> =
        document["batches"].as_array().unwrap().iter().map(|it| it["batch"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [4, 5]);
    let (_, again, _) = run(&[&more[..], &["--expected-batch", "4", "--idempotency-key", "again"]].concat());
    assert_eq!(again, said);
    let (_, shown, _) = run(&["learners", "show", "iris"]);
    assert!(shown.contains("gaussian_nb(var_smoothing=1e-9)") && shown.contains("5 batches, 300 rows"), "{shown}");
    assert!(run(&["learners", "delete", "iris"]).0);
    let (done, _, why) = run(&["learners", "show", "iris"]);
    assert!(!done && why.contains("has no learner") && why.contains("begins with the first batch"), "{why}");
    let (done, _, why) = run(&["learners", "delete", "iris"]);
    assert!(!done && why.contains("has no learner") && why.contains("nothing was deleted"), "{why}");
}

#[tokio::test]
async fn a_model_that_was_trained_goes_to_a_learner_only_if_its_first_batch_says_so() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let client = client(&server).await;
    let first = learned(&client, 1..=5).await;
    client.delete_learner("net").await.unwrap();
    let again = |move_stable| Batch { move_stable, publish_every: Some(1), ..batch(6) };

    let unsaid = client.partial_fit(&again(None)).await.unwrap_err();
    let beside = client.partial_fit(&again(Some(false))).await.unwrap();

    assert_eq!((first[4].version, unsaid.code()), (Some(1), Code::FailedPrecondition));
    assert!(unsaid.to_string().contains("(move_stable), or choose another name"), "{unsaid}");
    assert_eq!((beside.batch, beside.version), (1, Some(2)));
    assert_eq!(client.describe_model("net").await.unwrap().version, 1);
}
