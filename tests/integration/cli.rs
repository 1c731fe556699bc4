//! The command line as people and programs use it: the binary is started, its output read, its exit code judged.

use crate::harness::{self, TestServer};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_modelwire");

/// A server, and a folder for its data and our files.
struct Server {
    server: TestServer,
    folder: TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = TestServer::start(&folder.path().join("data"));
        Self { server, folder }
    }

    /// Runs a client command.
    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        process.wait_with_output().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(arguments).env("MODELWIRE_ADDRESS", &self.server.address);
        command
    }

    fn train_wine(&self) -> Output {
        let file = fixture("wine.csv");
        let steps = "standard_scaler,linear_regression";
        let train = ["train", &file, "--target", "quality", "--steps", steps, "--name", "wine"];
        let trained = self.run(&train);
        assert!(trained.status.success(), "{}", error_text(&trained));
        trained
    }

    /// A file with the first lines of a fixture, and its path.
    fn head(&self, name: &str, lines: usize) -> String {
        let text = std::fs::read_to_string(fixture(name)).unwrap();
        let head: Vec<&str> = text.lines().take(lines).collect();
        let path = self.folder.path().join(format!("{lines}-{name}"));
        std::fs::write(&path, head.join("\n")).unwrap();
        path.display().to_string()
    }
}

fn serve(listen: &str, data: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command.args(["serve", "--listen", listen, "--data"]).arg(data).env("RUST_LOG", "off");
    command
}

fn fixture(name: &str) -> String {
    harness::fixture(name).display().to_string()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn error_text(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(output)))
}

fn numbers(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

#[test]
fn rows_are_held_out_unless_the_command_says_otherwise() {
    let (server, file) = (Server::start(), fixture("wine.csv"));
    let options = ["--target", "quality", "--steps", "linear_regression", "--name", "wine", "--json"];
    let train = |share: &[&str]| server.run(&[&["train", &file], &options[..], share].concat());

    let (by_default, without, refused) =
        (train(&[]), train(&["--validation-fraction", "0"]), train(&["--validation-fraction", "1"]));

    let names = |output| json(output)["metrics"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&by_default), ["mae", "r2", "rmse", "training_mae", "training_r2", "training_rmse"]);
    assert_eq!(names(&without), ["training_mae", "training_r2", "training_rmse"]);
    assert!(error_text(&refused).contains("validation_fraction is 1;"), "{}", error_text(&refused));
}

#[test]
fn a_column_says_how_often_each_row_counts() {
    let (server, rows) = (Server::start(), "x,y,count\n0,0,1\n0,3,2\n1,5,1\n2,100,0\n");
    let train = ["train", "-", "--target", "y", "--steps", "linear_regression", "--name", "line", "--json"];

    let trained = server.run_with_input(&[&train[..], &["--sample-weight", "count"]].concat(), rows);

    assert!(trained.status.success(), "{}", error_text(&trained));
    let predicted = json(&server.run_with_input(&["predict", "line", "-", "--json"], "x\n0\n1\n2\n"));
    let near = |(one, other): (&f64, f64)| (one - other).abs() < 1e-9;
    assert!(numbers(&predicted["values"]).iter().zip([2.0, 5.0, 8.0]).all(near), "{predicted}");
}

#[test]
fn wine_is_trained_and_predicted_in_two_commands() {
    let server = Server::start();

    let trained = server.train_wine();
    let predicted = server.run(&["predict", "wine", &fixture("wine.csv")]);

    // r2 of ordinary least squares on these rows: scikit-learn 1.9, LinearRegression().score, 0.3606.
    assert!(text(&trained).starts_with("wine@1 is trained: mae 0."), "{}", text(&trained));
    assert!(text(&trained).contains(", training_r2 0.3606"), "{}", text(&trained));
    assert!(predicted.status.success(), "{}", error_text(&predicted));
    assert_eq!(text(&predicted).lines().count(), 1600);
    assert_eq!(error_text(&predicted), "note: left out what wine@1 does not take: quality\n");
}

#[test]
fn a_version_that_does_not_answer_yet_is_trained_with_the_command_that_makes_it_answer() {
    let server = Server::start();
    let first = text(&server.train_wine());

    let second = text(&server.train_wine());

    assert_eq!(first.lines().count(), 1, "{first}");
    let said = second.lines().nth(1).unwrap();
    assert!(said.starts_with("\"wine\" is still answered by version 1;"), "{second}");
    let command = said.split('"').find(|part| part.starts_with("modelwire ")).unwrap();
    let moved = server.run(&command.split(' ').skip(1).collect::<Vec<_>>());
    assert!(moved.status.success(), "{}", error_text(&moved));
    assert_eq!(
        text(&server.train_wine()).lines().nth(1).unwrap().split(';').next(),
        Some("\"wine\" is still answered by version 2")
    );
}

#[test]
fn an_address_without_a_port_is_refused_with_an_example() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_modelwire"));

    let refused = command.args(["hello", "--address", "localhost"]).output().unwrap();

    assert_eq!(refused.status.code(), Some(2));
    assert!(error_text(&refused).contains("a host and a port, as in 127.0.0.1:9090"), "{}", error_text(&refused));
}

#[test]
fn table_csv_and_json_say_the_same_numbers() {
    let server = Server::start();
    server.train_wine();
    let rows = server.head("wine.csv", 21);

    let table = text(&server.run(&["predict", "wine", &rows]));
    let csv = text(&server.run(&["predict", "wine", &rows, "--csv"]));
    let document = json(&server.run(&["predict", "wine", &rows, "--json"]));

    let column = |text: &str| text.lines().skip(1).map(|it| it.trim().parse().unwrap()).collect::<Vec<f64>>();
    let values = numbers(&document["values"]);
    assert_eq!((values.len(), &document["model"], &document["version"]), (20, &"wine".into(), &1.into()));
    assert_eq!(column(&table), values);
    assert_eq!(column(&csv), values);
    assert!(csv.starts_with("prediction\n"));
}

#[test]
fn classes_come_with_their_probabilities() {
    let server = Server::start();
    let steps = "standard_scaler,logistic_regression(C=0.5,max_iter=200)";
    let train = ["train", &fixture("iris.csv"), "--target", "species", "--steps", steps, "--name", "iris"];
    assert!(server.run(&train).status.success());

    let document = json(&server.run(&["predict", "iris", &fixture("iris.csv"), "--json"]));

    assert_eq!(document["classes"], serde_json::json!(["setosa", "versicolor", "virginica"]));
    assert_eq!((document["labels"].as_array().unwrap().len(), &document["labels"][0]), (150, &"setosa".into()));
    for row in document["probabilities"].as_array().unwrap() {
        assert!((numbers(row).iter().sum::<f64>() - 1.0).abs() < 1e-12, "{row}");
    }
}

#[test]
fn rows_may_come_from_standard_input() {
    let server = Server::start();
    server.train_wine();
    let path = server.head("wine.csv", 4);
    let rows = std::fs::read_to_string(&path).unwrap();

    let piped = server.run_with_input(&["predict", "wine", "-", "--csv"], &rows);

    assert_eq!(text(&piped), text(&server.run(&["predict", "wine", &path, "--csv"])));
    assert_eq!(text(&piped).lines().count(), 4);
}

#[test]
fn rows_beyond_one_call_are_predicted_in_several() {
    let server = Server::start();
    server.train_wine();
    let head = std::fs::read_to_string(server.head("wine.csv", 1_000)).unwrap();
    let (heading, rows) = head.split_once('\n').unwrap();
    let times = 100; // 99,900 rows of 12 numbers are 9.6 MB, above the 8 MiB of one call.
    let input = format!("{heading}\n{}", format!("{rows}\n").repeat(times));

    let whole = server.run_with_input(&["predict", "wine", "-", "--csv"], &input);
    let part = server.run_with_input(&["predict", "wine", "-", "--csv"], &head);

    assert!(whole.status.success(), "{}", error_text(&whole));
    let (whole, part) = (text(&whole), text(&part));
    assert_eq!(whole.lines().count(), 999 * times + 1);
    let expected = std::iter::once("prediction").chain(part.lines().skip(1).cycle()).take(999 * times + 1);
    assert!(whole.lines().eq(expected));
}

#[test]
fn a_file_beyond_one_call_is_trained_by_way_of_a_data_set() {
    let server = Server::start();
    let rows: String = (0..350_000).map(|row| format!("{row},{},{}\n", row % 7, 2 * row + row % 7)).collect();
    let file = server.folder.path().join("large.csv").display().to_string();
    std::fs::write(&file, format!("a,b,y\n{rows}")).unwrap();
    let options = ["--target", "y", "--steps", "standard_scaler,linear_regression", "--name", "line"];

    let refused = server.run(&[&["train", &file], &options[..]].concat());
    let stored = server.run(&["datasets", "upload", &file, "--name", "line"]);
    let trained = server.run(&[&["train", "--dataset", "line@1", "--json"], &options[..]].concat());

    assert_eq!(refused.status.code(), Some(1));
    assert!(error_text(&refused).contains("modelwire datasets upload"), "{}", error_text(&refused));
    assert_eq!(text(&stored), "line@1 is stored: 350000 rows\n", "{}", error_text(&stored));
    assert!(json(&trained)["metrics"]["r2"].as_f64().unwrap() > 0.999_999);
}

#[test]
fn models_are_listed_shown_released_and_deleted() {
    let server = Server::start();
    server.train_wine();
    server.train_wine();

    let listed = json(&server.run(&["models", "list", "--json"]));
    let shown = json(&server.run(&["models", "show", "wine@latest", "--json"]));
    let moved = server.run(&["models", "alias", "wine", "stable", "2", "--expected-generation", "1"]);
    let lost = server.run(&["models", "alias", "wine", "stable", "1", "--expected-generation", "1"]);
    let deleted = server.run(&["models", "delete", "wine", "1"]);

    assert_eq!(listed["models"][0]["versions"], serde_json::json!([1, 2]));
    assert_eq!(listed["models"][0]["aliases"][0]["version"], 1);
    assert_eq!(
        (&shown["version"], &shown["kind"], &shown["n_samples"]),
        (&2.into(), &"regressor".into(), &1599.into())
    );
    assert_eq!(text(&moved), "wine@stable is version 2, generation 2\n");
    assert_eq!(lost.status.code(), Some(1));
    assert_eq!(text(&deleted), "wine@1 is deleted\n");
    assert!(text(&server.run(&["models", "show", "wine"])).contains("wine@2"));
}

#[test]
fn a_job_is_detached_watched_listed_and_cancelled() {
    let server = Server::start();
    let steps = "standard_scaler,k_means(n_clusters=4)";
    let features = "alcohol,ph,density";
    let train =
        ["train", &fixture("wine.csv"), "--steps", steps, "--name", "groups", "--features", features, "--seed", "7"];

    let detached = json(&server.run(&[&train[..], &["--detach", "--json"]].concat()));
    let id = detached["id"].as_str().unwrap();
    let watched = server.run(&["jobs", "watch", id]);
    let listed = json(&server.run(&["jobs", "list", "--json"]));
    let shown = text(&server.run(&["jobs", "show", id]));
    let cancelled = json(&server.run(&["jobs", "cancel", id, "--json"]));

    assert!(watched.status.success() && text(&watched).contains("succeeded"), "{}", text(&watched));
    assert_eq!((&listed["jobs"][0]["id"], &listed["jobs"][0]["state"]), (&id.into(), &"succeeded".into()));
    assert!(shown.contains("inertia"), "{shown}");
    assert_eq!(cancelled["state"], "succeeded", "a job that has ended stays as it is");
    let rows = json(&server.run(&["predict", "groups", &server.head("wine.csv", 3), "--json"]));
    assert_eq!(rows["distances"][0].as_array().unwrap().len(), 4);
}

#[test]
fn the_columns_of_a_model_that_ends_with_a_transformer_are_printed_by_name() {
    let server = Server::start();
    let features = "alcohol,ph";
    let trained = server.run(&[
        "train",
        &fixture("wine.csv"),
        "--steps",
        "standard_scaler",
        "--name",
        "scaled",
        "--features",
        features,
    ]);

    let csv = text(&server.run(&["predict", "scaled", &server.head("wine.csv", 3), "--csv"]));
    let shown = text(&server.run(&["models", "show", "scaled"]));

    assert!(trained.status.success(), "{}", error_text(&trained));
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!((lines.len(), lines[0]), (3, features));
    assert!(lines[1].starts_with("-0.96") && shown.contains("alcohol, ph"), "{csv}{shown}");
}

#[test]
fn a_data_set_is_stored_shown_listed_and_deleted() {
    let server = Server::start();

    let stored = json(&server.run(&["datasets", "upload", &fixture("diabetes.csv"), "--name", "sugar", "--json"]));
    let shown = json(&server.run(&["datasets", "show", "sugar", "--json"]));
    let table = text(&server.run(&["datasets", "show", "sugar@1"]));
    let unsaid = server.run(&["datasets", "delete", "sugar"]);
    let deleted = server.run(&["datasets", "delete", "sugar@1"]);

    assert_eq!((&stored["version"], &stored["n_rows"]), (&1.into(), &442.into()));
    let target = &shown["statistics"].as_array().unwrap()[10];
    assert_eq!(
        (&target["column"]["name"], &target["minimum"], &target["maximum"]),
        (&"progression".into(), &25.0.into(), &346.0.into())
    );
    assert!(table.contains("progression"), "{table}");
    assert_eq!(unsaid.status.code(), Some(2));
    assert!(deleted.status.success());
    assert_eq!(json(&server.run(&["datasets", "list", "--json"]))["datasets"], serde_json::json!([]));
}

#[test]
fn a_server_says_who_it_is() {
    let server = Server::start();

    let greeting = json(&server.run(&["hello", "Ada", "--json"]));

    assert_eq!((&greeting["greeting"], &greeting["server"]), (&"Hello, Ada!".into(), &"modelwire".into()));
    assert!(text(&server.run(&["hello"])).starts_with("Hello, World!\n"));
}

#[test]
fn an_unknown_model_fails_with_a_message_and_a_hint() {
    let server = Server::start();

    let failed = server.run(&["predict", "nobody", &fixture("wine.csv")]);

    assert_eq!(failed.status.code(), Some(1));
    assert_eq!(
        error_text(&failed),
        "modelwire: model \"nobody\" is not in the registry\nhint: \"modelwire models list\" shows what is there\n"
    );
    assert_eq!(text(&failed), "");
}

#[test]
fn an_error_for_programs_is_one_document_too() {
    let server = Server::start();

    let failed = server.run(&["models", "show", "nobody", "--json"]);

    assert_eq!(failed.status.code(), Some(1));
    let error = &json(&failed)["error"];
    assert_eq!((&error["code"], &error["executed"]), (&"NOT_FOUND".into(), &false.into()));
    assert!(error["hint"].as_str().unwrap().contains("models list"));
    assert!(error["request_id"].as_str().unwrap().starts_with('r'));
}

#[test]
fn a_job_that_fails_says_why() {
    let server = Server::start();
    let rows = "x,y\n1,a\n2,a\n";
    let train = ["train", "-", "--target", "y", "--steps", "logistic_regression", "--name", "one"];

    let failed = server.run_with_input(&train, rows);

    assert_eq!(failed.status.code(), Some(1));
    assert!(error_text(&failed).contains("class"), "{}", error_text(&failed));
}

#[test]
fn wrong_usage_has_an_exit_code_of_its_own() {
    let run = |arguments: &[&str]| Command::new(BINARY).args(arguments).output().unwrap();

    for wrong in [
        &["predict", "wine", "rows.csv", "--colour"][..],
        &["train", "a.csv", "--dataset", "b", "--steps", "k_means", "--name", "x"],
        &["train", "a.csv", "--steps", "k_means(", "--name", "x"],
        &["train", "a.csv", "--steps", "k_means", "--name", "../x"],
        &["hello", "--timeout", "0"],
    ] {
        assert_eq!(run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named_before_anybody_is_called() {
    let failed = Command::new(BINARY).args(["predict", "wine", "not-there.csv"]).output().unwrap();

    assert_eq!(failed.status.code(), Some(1));
    assert!(error_text(&failed).starts_with("modelwire: not-there.csv cannot be read: "), "{}", error_text(&failed));
}

#[test]
fn no_server_is_said_with_its_address_and_how_to_start_one() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);

    let failed = Command::new(BINARY).args(["hello", "--address", &address]).output().unwrap();

    assert_eq!(failed.status.code(), Some(1));
    let message = error_text(&failed);
    assert!(message.starts_with(&format!("modelwire: {address} cannot be reached: ")), "{message}");
    assert!(message.contains("\nhint: \"modelwire serve\""), "{message}");
}

#[test]
fn a_port_in_use_stops_a_server_with_one_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();

    let failed = serve(&address, &folder.path().join("data")).output().unwrap();

    assert_eq!(failed.status.code(), Some(1));
    let message = error_text(&failed);
    assert!(message.starts_with(&format!("modelwire: cannot listen on {address}: ")), "{message}");
    assert!(message.contains("choose another place with --listen"), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn a_data_folder_that_cannot_be_one_stops_a_server_with_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::write(&data, "a file").unwrap();

    let failed = serve("127.0.0.1:0", &data).output().unwrap();

    assert_eq!(failed.status.code(), Some(1));
    let message = error_text(&failed);
    assert!(message.starts_with("modelwire: ") && message.contains("data"), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
}
