//! Models as files of other programs, from a real server; `make test-onnx` holds what onnxruntime computes against our predictions.

use crate::harness::{self, Random, TestServer};
use modelwire::client::{Client, Options};
use modelwire::data::{Column, Features, Labels, Name, Table};
use modelwire::error::Code;
use modelwire::model::{Predictions, Spec, StepSpec, Value};
use modelwire::training::{JobSpec, Rows, State};
use ndarray::Array2;
use serde_json::{Value as Json, json};
use std::fs::File;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

struct Rig {
    folder: TempDir,
    server: TestServer,
    client: Client,
}

impl Rig {
    async fn start(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = TestServer::start_with(&folder.path().join("data"), flags, &[]);
        let client = Client::connect(server.address.as_str(), Options::default()).await.unwrap();
        Self { folder, server, client }
    }

    async fn train(&self, name: &str, steps: &[StepSpec], target: &str, table: &Table) {
        let targets: Vec<String> = target.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let features = (!targets.is_empty()).then(|| COLUMNS.map(str::to_owned).to_vec());
        let pipeline =
            Spec { steps: steps.to_vec(), targets, features, validation_fraction: Some(0.0), ..Spec::default() };
        let (model, rows) = (Name::parse("model", name).unwrap(), Rows::Inline(table.clone()));
        let job = self.client.train(&JobSpec { model, pipeline, rows, idempotency_key: None }).await.unwrap();
        let job = self.client.wait(&job.id, |_| {}).await.unwrap();
        assert_eq!(job.state, State::Succeeded, "{name}: {:?}", job.error);
    }
}

const COLUMNS: [&str; 4] = ["a", "b", "c", "d"];

fn step(text: &str) -> StepSpec {
    let mut words = text.split(' ');
    let mut step = StepSpec { algorithm: words.next().unwrap().into(), ..StepSpec::default() };
    for word in words {
        let (name, value) = word.split_once('=').unwrap();
        match (name, value.parse(), value.parse()) {
            ("hidden_layer_sizes", Ok(units), _) => {
                drop(step.parameters.insert(name.into(), Value::Integers(vec![units])))
            }
            ("columns", ..) => step.columns = Some(value.split(',').map(Into::into).collect()),
            (_, Ok(integer), _) => drop(step.parameters.insert(name.into(), Value::Integer(integer))),
            (_, _, Ok(number)) => drop(step.parameters.insert(name.into(), Value::Number(number))),
            _ => drop(step.parameters.insert(name.into(), Value::Text(value.into()))),
        }
    }
    step
}

/// From 0 to 1.
fn uniform(random: &mut Random) -> f64 {
    (random.next() >> 11) as f64 / (1_u64 << 53) as f64
}

/// Counts from 0 to 40 in quarters, and in `d` values that 32 bits do not tell apart.
fn rows(random: &mut Random, n: usize) -> Array2<f64> {
    Array2::from_shape_fn((n, 4), |(_, column)| match column {
        3 => 1.0 + (uniform(random) * 100.0).floor() * 1e-9,
        _ => (uniform(random) * 160.0).floor() / 4.0,
    })
}

/// Rows with a number, a count and labels to learn; each follows from all columns.
fn table(features: &Array2<f64>) -> Table {
    let column = |at: usize| Column::float(COLUMNS[at], features.column(at).to_vec());
    let of = |row: ndarray::ArrayView1<'_, f64>| row[0] - 0.5 * row[1] + 0.1 * row[2] * row[0] + (row[3] - 1.0) * 4e8;
    let numbers: Vec<f64> = features.rows().into_iter().map(of).collect();
    let group = |value: &f64| if *value < 20.0 { 0 } else { 1 + i64::from(*value > 60.0) };
    let groups: Vec<i64> = numbers.iter().map(group).collect();
    let texts: Vec<&str> = groups.iter().map(|group| ["lów", "middle", "high"][*group as usize]).collect();
    let columns = [
        Column::float("number", numbers.clone()),
        Column::float("positive", numbers.iter().map(|it| (it / 50.0).exp()).collect()),
        Column::boolean("flag", groups.iter().map(|group| *group > 0).collect()),
        Column::integer("group", groups.iter().map(|group| group * 10 - 10).collect()),
        Column::text("text", &texts),
    ];
    Table::new((0..4).map(column).chain(columns).collect()).unwrap()
}

/// Steps, target or targets, and how far answers may be apart.
const EXACT: f64 = 1e-10;
/// Of models that answer in 32 bits here.
const SINGLE: f64 = 1e-4;
const CASES: &[(&[&str], &str, f64)] = &[
    (&["standard_scaler columns=d", "linear_regression"], "number", EXACT),
    (&["standard_scaler", "ridge alpha=0.5"], "number", EXACT),
    (&["standard_scaler", "lasso alpha=0.1"], "number", EXACT),
    (&["standard_scaler columns=d,b", "elastic_net alpha=0.1"], "number", EXACT),
    (&["standard_scaler", "lars"], "number", EXACT),
    (&["standard_scaler", "sgd_regressor max_iter=20"], "number", EXACT),
    (&["standard_scaler", "pls_regression n_components=2"], "number", EXACT),
    (&["standard_scaler", "ridge"], "number,positive", EXACT),
    (&["standard_scaler", "multi_task_lasso alpha=0.1"], "positive,number", EXACT),
    (&["standard_scaler", "multi_task_elastic_net alpha=0.1 precision=f32"], "number,positive", SINGLE),
    (&["standard_scaler", "poisson_regressor"], "positive", EXACT),
    (&["standard_scaler", "gamma_regressor"], "positive", EXACT),
    (&["standard_scaler", "tweedie_regressor power=1.5"], "positive", EXACT),
    (&["standard_scaler", "svr kernel=linear max_iter=1000"], "number", EXACT),
    (&["standard_scaler", "one_class_svm kernel=linear"], "", EXACT),
    (&["standard_scaler", "mlp_regressor hidden_layer_sizes=8 max_iter=20"], "number", EXACT),
    (&["standard_scaler", "mlp_regressor activation=tanh max_iter=5"], "number", EXACT),
    (&["standard_scaler", "mlp_regressor activation=logistic max_iter=5"], "number", EXACT),
    (&["standard_scaler", "mlp_regressor activation=identity max_iter=5"], "number", EXACT),
    (&["standard_scaler", "mlp_classifier hidden_layer_sizes=8 max_iter=20"], "flag", EXACT),
    (&["standard_scaler", "mlp_classifier activation=tanh max_iter=20"], "text", EXACT),
    (&["standard_scaler", "logistic_regression"], "flag", EXACT),
    (&["standard_scaler", "logistic_regression"], "text", EXACT),
    (&["standard_scaler", "ftrl_classifier"], "flag", EXACT),
    (&["multinomial_nb"], "group", EXACT),
    (&["standard_scaler", "bernoulli_nb"], "text", EXACT),
    (&["decision_tree_regressor"], "number", EXACT),
    (&["decision_tree_classifier"], "text", EXACT),
    (&["standard_scaler", "decision_tree_regressor max_depth=1"], "number", EXACT),
    (&["random_forest_regressor n_estimators=20"], "number", EXACT),
    (&["random_forest_classifier n_estimators=20 max_depth=6"], "group", EXACT),
    (&["random_forest_classifier n_estimators=3"], "flag", EXACT),
    (&["standard_scaler", "k_means n_clusters=4"], "", EXACT),
    (&["standard_scaler", "mini_batch_k_means n_clusters=3"], "", EXACT),
    (&["standard_scaler"], "", EXACT),
    (&["standard_scaler columns=c,a"], "", EXACT),
    (&["standard_scaler", "pca n_components=2 columns=d,a,b", "ridge"], "number", EXACT),
    (&["pca n_components=3 columns=a,b,c", "standard_scaler"], "", EXACT),
    (&["gaussian_random_projection n_components=2"], "", EXACT),
    (&["sparse_random_projection n_components=2 columns=a,b"], "", EXACT),
    (&["standard_scaler", "fast_ica n_components=2"], "", EXACT),
    (&["standard_scaler", "ridge precision=f32"], "number", SINGLE),
    (&["standard_scaler", "mlp_classifier precision=f32 max_iter=20"], "text", SINGLE),
    (&["standard_scaler", "k_means n_clusters=3 precision=f32"], "", SINGLE),
];

/// What onnxruntime says of these files and rows.
fn computed(requests: &[Json], folder: &Path) -> Vec<Json> {
    let python = std::env::var("MODELWIRE_ONNX_PYTHON").expect("make test-onnx names a Python with onnxruntime");
    let path = folder.join("requests");
    std::fs::write(&path, requests.iter().map(|request| format!("{request}\n")).collect::<String>()).unwrap();
    let mut command = Command::new(python);
    command.arg("tests/onnx/answers.py").current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.stdin(File::open(path).unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn numbers(json: &Json) -> Vec<f64> {
    match json {
        Json::Array(items) => items.iter().flat_map(numbers).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

/// Each of these is as near to its other.
fn assert_near(what: &str, ours: impl IntoIterator<Item = f64>, theirs: &Json, tolerance: f64) {
    let (ours, theirs): (Vec<f64>, Vec<f64>) = (ours.into_iter().collect(), numbers(theirs));
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (at, (one, other)) in ours.iter().zip(&theirs).enumerate() {
        assert!((one - other).abs() <= tolerance * one.abs().max(1.0), "{what} at {at}: {one} and {other}");
    }
}

/// The labels are the same where one class, or one centre, is ahead of all others by more than the tolerance.
fn assert_labels(what: &str, ours: &[Json], theirs: &Json, leads: impl Iterator<Item = f64>, tolerance: f64) {
    let theirs = theirs.as_array().unwrap();
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let mut compared = 0;
    for ((one, other), lead) in ours.iter().zip(theirs).zip(leads) {
        if lead > tolerance {
            assert_eq!(one, other, "{what}");
            compared += 1;
        }
    }
    assert!(compared * 4 > ours.len() * 3, "{what}: of {} labels {compared} are clear", ours.len());
}

/// By how much the best number of each row is ahead of the second.
fn leads(table: &Array2<f64>) -> impl Iterator<Item = f64> + '_ {
    table.rows().into_iter().map(|row| {
        let mut sorted = row.to_vec();
        sorted.sort_by(|one, other| other.total_cmp(one));
        sorted[0] - sorted[1]
    })
}

fn labels(classes: &Labels, positions: &[usize]) -> Vec<Json> {
    match classes.take(positions) {
        Labels::Integer(labels) => labels.into_iter().map(Json::from).collect(),
        Labels::Boolean(labels) => labels.into_iter().map(Json::from).collect(),
        Labels::Text(labels) => labels.into_iter().map(Json::from).collect(),
    }
}

#[tokio::test]
#[ignore = "wants onnxruntime: make test-onnx"]
async fn onnxruntime_computes_the_predictions_of_the_server() {
    let seed = harness::seed();
    let mut random = Random(seed);
    let rig = Rig::start(&[]).await;
    let learned = table(&rows(&mut random, 300));
    let unlabelled = Table::new(learned.columns()[..4].to_vec()).unwrap();
    // Rows of the training and between them, where thresholds are, and far away.
    let mut asked = rows(&mut random, 200);
    asked.rows_mut().into_iter().step_by(3).for_each(|mut row| row[0] += 0.125);
    asked.rows_mut().into_iter().skip(1).step_by(3).for_each(|mut row| row[3] += 0.5e-9);
    asked.row_mut(7).iter_mut().for_each(|value| *value *= 1e3);

    let mut requests = vec![];
    for (number, (steps, target, _)) in CASES.iter().enumerate() {
        let (name, steps): (_, Vec<StepSpec>) = (format!("m{number}"), steps.iter().map(|it| step(it)).collect());
        rig.train(&name, &steps, target, if target.is_empty() { &unlabelled } else { &learned }).await;
        let exported = rig.client.export_model(&name, "onnx").await.unwrap();
        let path = rig.folder.path().join(&exported.file_name);
        std::fs::write(&path, &exported.content).unwrap();
        let rows: Vec<Vec<f64>> = asked.rows().into_iter().map(|row| row.to_vec()).collect();
        requests.push(json!({ "file": path, "rows": rows }));
    }
    let answers = computed(&requests, rig.folder.path());

    assert_eq!(answers.len(), CASES.len());
    for (number, ((steps, target, tolerance), answer)) in CASES.iter().zip(&answers).enumerate() {
        let what = format!("{steps:?} for {target:?}, seed {seed}");
        let ours = rig.client.predict(&format!("m{number}"), &Features::Matrix(asked.clone())).await.unwrap();
        let theirs = &answer["outputs"];
        assert_eq!(answer["types"][0], "tensor(double)", "{what}");
        assert_eq!(answer["notes"]["model"], format!("m{number}@1"), "{what}");
        assert_eq!(answer["notes"]["features"], "[\"a\",\"b\",\"c\",\"d\"]", "{what}");
        match &ours.predictions {
            Predictions::Values(values) => assert_near(&what, values.iter().copied(), &theirs["values"], *tolerance),
            Predictions::Classes { labels: own, probabilities, classes } => {
                assert_near(&what, probabilities.iter().copied(), &theirs["probabilities"], *tolerance);
                assert_labels(&what, &labels(classes, own), &theirs["labels"], leads(probabilities), *tolerance);
            }
            Predictions::Clusters { clusters, distances } => {
                assert_near(&what, distances.iter().copied(), &theirs["distances"], *tolerance);
                let own: Vec<Json> = clusters.iter().map(|it| json!(it)).collect();
                assert_labels(&what, &own, &theirs["clusters"], leads(&-distances), *tolerance);
            }
            Predictions::Columns(columns) => {
                assert_near(&what, columns.iter().copied(), &theirs["columns"], *tolerance);
            }
            Predictions::Mixture { .. } => unreachable!("no case is a mixture"),
        }
    }
}

#[tokio::test]
async fn a_file_larger_than_a_message_comes_in_pieces_and_is_the_same_each_time() {
    let rig = Rig::start(&["--server-max-frame-bytes", "65536"]).await;
    let mut random = Random(7);
    let forest = [step("random_forest_regressor n_estimators=20")];
    rig.train("forest", &forest, "number", &table(&rows(&mut random, 200))).await;

    let whole = rig.client.export_model("forest", "onnx").await.unwrap();
    let again = rig.client.export_model("forest@1", "onnx").await.unwrap();

    assert!(whole.content.len() > 2 * 32_768, "{} bytes are no test of pieces", whole.content.len());
    assert_eq!((whole.model.as_str(), whole.version, whole.file_name.as_str()), ("forest", 1, "forest-1.onnx"));
    assert_eq!(whole, again);
}

#[tokio::test]
async fn what_cannot_be_exported_is_named_with_what_can() {
    let rig = Rig::start(&[]).await;
    let mut random = Random(7);
    let table = table(&rows(&mut random, 60));
    rig.train("bayes", &[step("standard_scaler"), step("gaussian_nb")], "text", &table).await;

    let step = rig.client.export_model("bayes", "onnx").await.unwrap_err();
    let format = rig.client.export_model("bayes", "pmml").await.unwrap_err();
    let nobody = rig.client.export_model("nobody", "onnx").await.unwrap_err();

    assert_eq!(
        [&step, &format, &nobody].map(|it| it.code()),
        [Code::FailedPrecondition, Code::InvalidArgument, Code::NotFound]
    );
    let step = step.to_string();
    assert!(step.contains("step gaussian_nb of model \"bayes@1\"") && step.contains("mlp_classifier"), "{step}");
    assert!(format.to_string().contains("format \"pmml\" is not known; there is onnx"), "{format}");
}

#[tokio::test]
async fn the_command_line_writes_the_file() {
    let rig = Rig::start(&[]).await;
    let mut random = Random(7);
    rig.train("line", &[step("linear_regression")], "number", &table(&rows(&mut random, 60))).await;
    let path = rig.folder.path().join("line.onnx");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(harness::binary());
        command.args(arguments).env("MODELWIRE_ADDRESS", &rig.server.address).current_dir(rig.folder.path());
        command.output().unwrap()
    };

    let named = run(&["export", "line@1", "--format", "onnx", "--output", path.to_str().unwrap()]);
    let unnamed = run(&["export", "line", "--json"]);
    let wrong = run(&["export", "line", "--format", "pmml"]);

    let expected = rig.client.export_model("line", "onnx").await.unwrap();
    assert!(named.status.success() && unnamed.status.success(), "{}", String::from_utf8_lossy(&named.stderr));
    assert_eq!(std::fs::read(path).unwrap(), expected.content);
    assert_eq!(std::fs::read(rig.folder.path().join("line-1.onnx")).unwrap(), expected.content);
    let document: Json = serde_json::from_slice(&unnamed.stdout).unwrap();
    assert_eq!((document["sha256"].as_str(), document["version"].as_u64()), (Some(expected.sha256.as_str()), Some(1)));
    assert_eq!(wrong.status.code(), Some(1));
}
