//! Every algorithm of the catalogue: it trains, outlives a restart, is held to an oracle and has its place in the documentation.

use crate::harness::TestServer;
use crate::stock::{Clients, of_rows, state, step};
use modelwire::data::Column;
use modelwire::model::{ALGORITHMS, About, Algorithm, Kind, online_algorithms};
use modelwire::wire::inference::PredictResponse;
use modelwire::wire::models::{GetTrainingResultRequest, GetTrainingResultResponse, TModelsSyncClient};
use modelwire::wire::training::{TTrainingSyncClient, TrainRequest};
use modelwire::wire::types::{Parameter, Step};
use modelwire::wire::{convert, empty};
use ndarray::Array2;
use std::fmt::Write;
use std::path::Path;

const TOP: &str = "\
# Algorithms

What a step of a pipeline can be. Names and parameters are scikit-learn's; `describe` answers the same lists, in every language.
Numbers are held to scikit-learn's by [make_oracles.py](../tests/fixtures/make_oracles.py) and the scripts beside it, and
[oracles.rs](../src/model/tests/oracles.rs) and the files beside it. The same rows, parameters and seed give the same bytes, on any
number of threads. [Metrics](metrics.md) of a version are of rows that were held out. An algorithm that is transductive says something
of the rows that it is trained on and of no others: [Training results](models.md#training-results).

Transformers come first and one estimator last; without one `predict` answers the columns that the last transformer puts out, and
the schema of the model names them (`outputs`). The `columns` of a step name columns as they are at that step. A transformer that
keeps its columns leaves them where they are; one that makes others, such as `pca0` and `pca1`, takes its own away and puts these
behind those that it does not take, as scikit-learn's ColumnTransformer does with what remains.

`targets` of `train` names several columns that a regressor predicts at once, where it says below that it can. `predict` answers them
as columns (`transformed`, of shape (rows, targets)), which the schema names (`targets`, `outputs`), and
[metrics](metrics.md) are means over them.

This page is written by `UPDATE_DOCS=1 cargo test --test integration algorithms::`.
";

fn page() -> String {
    let mut page = TOP.to_owned();
    let kinds = ["regressor", "classifier", "clusterer", "outlier_detector", "transformer", "calibrator"];
    for kind in kinds {
        let own: Vec<_> = ALGORITHMS.iter().filter(|algorithm| algorithm.kind().name() == kind).collect();
        let links: Vec<String> = own.iter().map(|it| format!("[{0}](#{0})", it.name())).collect();
        write!(page, "\n{}s: {}\n", capitalised(&kind.replace('_', " ")), links.join(", ")).unwrap();
    }
    let online: Vec<String> = online_algorithms().map(|name| format!("[{name}](#{name})")).collect();
    write!(page, "\n[Batch by batch](online.md) learn {}\n", online.join(", ")).unwrap();
    ALGORITHMS.iter().for_each(|algorithm| section(&mut page, *algorithm));
    page
}

fn section(page: &mut String, algorithm: &dyn Algorithm) {
    let About { name, kind, summary, details } = algorithm.about();
    let transductive = if algorithm.is_transductive() { ", transductive" } else { "" };
    write!(page, "\n## {name}\n\n{summary} ({}{transductive})\n", kind.name()).unwrap();
    for paragraph in *details {
        write!(page, "\n{paragraph}\n").unwrap();
    }
    if algorithm.takes_several_targets() {
        page.push_str("\nLearns several targets at once: `targets` of `train`.\n");
    }
    if algorithm.online().is_some() {
        page.push_str("\nLearns batch by batch: [`partial_fit`](online.md).\n");
    }
    page.push_str("\n| parameter | default | range | meaning |\n|---|---|---|---|\n");
    for it in algorithm.parameters() {
        writeln!(page, "| `{}` | {} | {} | {} |", it.name, it.default, it.range, it.meaning).unwrap();
    }
}

fn capitalised(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

#[test]
fn the_page_of_algorithms_is_what_the_catalogue_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/algorithms.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }

    let written = std::fs::read_to_string(&path).unwrap_or_default();

    assert!(written == page(), "write it anew: UPDATE_DOCS=1 cargo test --test integration algorithms::");
}

#[test]
fn every_algorithm_is_held_to_an_oracle() {
    let oracles = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/oracles");
    let files = std::fs::read_dir(oracles).unwrap().map(|file| file.unwrap().path());
    let held: Vec<String> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();

    let missing: Vec<_> =
        ALGORITHMS.iter().map(|it| it.name()).filter(|name| !held.iter().any(|it| it == name)).collect();

    assert!(missing.is_empty(), "{missing:?} have no tests/fixtures/oracles/<name>.json");
}

#[test]
fn every_algorithm_is_measured_beside_scikit_learn() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/training/run.py");
    let script = std::fs::read_to_string(script).unwrap();
    let (_, cases) = script.split_once("\nCASES = [\n").unwrap();
    let (cases, _) = cases.split_once("\n]\n").unwrap();

    let names = cases.lines().filter_map(|line| line.strip_prefix("    (\"")?.split('"').next());
    let mut measured: Vec<&str> = names.collect();

    measured.sort_unstable();
    assert_eq!(measured, ALGORITHMS.iter().map(|it| it.name()).collect::<Vec<_>>());
}

/// Numbers above 0 that depend on each other.
fn number(row: usize, column: usize) -> f64 {
    1.0 + ((row * 37 + column * 11) % 29) as f64 + (row * column % 5) as f64 / 8.0
}

/// Steps, target and columns for an algorithm: it is the only step.
fn pipeline(algorithm: &dyn Algorithm) -> (Vec<Step>, Option<&'static str>, Vec<Column>) {
    let n_features = if algorithm.takes_one_column() { 1 } else { 3 };
    let column = |at: usize| Column::float(format!("x{at}"), (0..60).map(|row| number(row, at)).collect());
    let mut columns: Vec<Column> = (0..n_features).map(column).collect();
    let mut own = step(algorithm.name());
    if algorithm.name().ends_with("random_projection") {
        // By default they ask for more columns than there are.
        let two = Parameter { name: Some("n_components".into()), integer: Some(2), ..empty() };
        own.parameters = Some(vec![two]);
    }
    match algorithm.kind() {
        Kind::Clusterer | Kind::OutlierDetector | Kind::Transformer => return (vec![own], None, columns),
        Kind::Classifier | Kind::Calibrator => {
            columns.push(Column::integer("y", (0..60).map(|row| row * row % 7 % 3).collect()));
        }
        Kind::Regressor => columns.push(Column::float("y", (0..60).map(|row| number(row, 7)).collect())),
    }
    let steps = match algorithm.kind() {
        Kind::Calibrator => vec![step("gaussian_nb"), own],
        // On numbers as large its steps would lead ever further away.
        _ if algorithm.name() == "sgd_regressor" => vec![step("standard_scaler"), own],
        _ => vec![own],
    };
    (steps, Some("y"), columns)
}

fn results(clients: &mut Clients) -> Vec<GetTrainingResultResponse> {
    let read = |algorithm: &&dyn Algorithm| {
        let request = GetTrainingResultRequest { model: Some(algorithm.name().into()), ..empty() };
        clients.models.get_training_result(request).unwrap()
    };
    ALGORITHMS.iter().filter(|it| it.is_transductive()).map(read).collect()
}

fn answers(clients: &mut Clients) -> Vec<PredictResponse> {
    let ask = |algorithm: &&dyn Algorithm| {
        let n_features = if algorithm.takes_one_column() { 1 } else { 3 };
        let rows = Array2::from_shape_fn((9, n_features), |(row, column)| number(row + 100, column) + 0.3);
        clients.predict(algorithm.name(), convert::matrix_to(rows.view())).unwrap()
    };
    let mut answers: Vec<PredictResponse> = ALGORITHMS.iter().filter(|it| !it.is_transductive()).map(ask).collect();
    for algorithm in ALGORITHMS.iter().filter(|it| it.takes_several_targets()) {
        let rows = Array2::from_shape_fn((9, 3), |(row, column)| number(row + 100, column) + 0.3);
        answers.push(clients.predict(&of_several(*algorithm), convert::matrix_to(rows.view())).unwrap());
    }
    answers
}

/// The model of several targets.
fn of_several(algorithm: &dyn Algorithm) -> String {
    format!("{}-several", algorithm.name())
}

fn succeeds(clients: &mut Clients, request: TrainRequest) {
    let job = clients.training.train(request).unwrap().job.unwrap();
    let job = clients.wait(&job.id.unwrap()).unwrap();
    assert_eq!(state(&job), "SUCCEEDED", "{job:?}");
}

#[test]
fn every_algorithm_trains_and_answers_the_same_bits_after_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let server = TestServer::start(data.path());
    let mut clients = Clients::of(&server);
    for algorithm in ALGORITHMS {
        let (steps, target, columns) = pipeline(*algorithm);
        let mut request = of_rows(algorithm.name(), steps[0].clone(), target, columns);
        request.steps = Some(steps);
        succeeds(&mut clients, request);
    }
    for algorithm in ALGORITHMS.iter().filter(|it| it.takes_several_targets()) {
        let (steps, _, mut columns) = pipeline(*algorithm);
        columns.push(Column::float("z", (0..60).map(|row| number(row, 8)).collect()));
        let mut request = of_rows(&of_several(*algorithm), steps[0].clone(), None, columns);
        request.targets = Some(vec!["y".into(), "z".into()]);
        succeeds(&mut clients, request);
    }
    let mut clients = Clients::of(&server); // A connection that has been silent through all these fits may be closed.
    let before = (answers(&mut clients), results(&mut clients));
    server.kill();

    let server = TestServer::start(data.path());

    let mut clients = Clients::of(&server);
    assert_eq!((answers(&mut clients), results(&mut clients)), before);
}
