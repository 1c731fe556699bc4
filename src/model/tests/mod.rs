//! What the files of this module have to do together, on the data sets of `tests/fixtures`.

pub(super) mod checkpoints;
mod embedding_oracles;
mod evaluations;
mod every_algorithm;
mod explanations;
mod glm_and_neighbour_oracles;
mod held_out;
mod importances;
mod laws;
mod metric_oracles;
mod model_bin;
mod network_oracles;
mod online;
pub(super) mod oracles;
mod precision;
mod several_targets;
mod specs;
mod svm_oracles;
mod target_oracles;
mod transductive_oracles;
mod transformer_oracles;
mod transformers;
mod tree_oracles;
mod weights;

use super::{Fitted, Pipeline, Rows, Spec, StepSpec, Targets, Training, Value, fit};
use crate::data::{Column, Features, Table};
use crate::error::Result;
use ndarray::{Array2, ArrayD, ArrayView2};
use std::collections::BTreeMap;
use std::path::PathBuf;

pub(super) fn fixture(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)
}

/// A table of `data/`: integer columns where all values are, else float, else text.
pub(super) fn table(name: &str) -> Table {
    let mut reader = csv::Reader::from_path(fixture(&format!("data/{name}.csv"))).unwrap();
    let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = reader.records().collect::<std::result::Result<_, _>>().unwrap();
    let columns = names.iter().enumerate().map(|(position, name)| {
        let values: Vec<&str> = rows.iter().map(|row| &row[position]).collect();
        let integers = values.iter().map(|value| value.parse()).collect::<std::result::Result<_, _>>();
        let floats = values.iter().map(|value| value.parse()).collect::<std::result::Result<_, _>>();
        match (integers, floats) {
            (Ok(integers), _) => Column::integer(name, integers),
            (_, Ok(floats)) => Column::float(name, floats),
            _ => Column::text(name, &values),
        }
    });
    Table::new(columns.collect()).unwrap()
}

pub(super) fn step(algorithm: &str, parameters: &[(&str, Value)]) -> StepSpec {
    let parameters: BTreeMap<String, Value> =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    StepSpec { algorithm: algorithm.into(), parameters, columns: None }
}

/// Without held-out rows, which only what is said of them needs.
pub(super) fn spec(steps: &[StepSpec], target: &str) -> Spec {
    let target = (!target.is_empty()).then(|| target.to_owned());
    Spec { steps: steps.to_vec(), target, seed: 7, validation_fraction: Some(0.0), ..Spec::default() }
}

/// A step, behind a scaler if it does not learn numbers as they come: its steps would lead ever further away.
fn scaled_if_it_must(algorithm: &str) -> Vec<StepSpec> {
    let scaler = (algorithm == "sgd_regressor").then(|| step("standard_scaler", &[]));
    scaler.into_iter().chain([step(algorithm, &[])]).collect()
}

/// Progress that nobody looks at.
pub(super) fn quiet(_: &str, _: f64) -> Result<()> {
    Ok(())
}

pub(super) fn fitted(spec: &Spec, table: &Table) -> Fitted {
    fit(spec, table, &quiet).unwrap()
}

/// The cases of `oracles/<algorithm>.json`.
pub(super) fn oracle_cases(algorithm: &str) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(fixture(&format!("oracles/{algorithm}.json"))).unwrap();
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["cases"].as_array().unwrap().clone()
}

/// Of `oracles/<algorithm>.json`.
pub(super) fn oracle(algorithm: &str, case: &str) -> serde_json::Value {
    oracles::oracle(algorithm, case)
}

/// The columns of a table of `data/` but the last, which is its target.
pub(super) fn table_features(name: &str) -> Array2<f64> {
    let mut reader = csv::Reader::from_path(fixture(&format!("data/{name}.csv"))).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().collect::<std::result::Result<_, _>>().unwrap();
    Array2::from_shape_fn((rows.len(), rows[0].len() - 1), |(row, column)| rows[row][column].parse().unwrap())
}

/// What comes of training on these rows, each of weight 1.
pub(super) fn trained<T>(features: &Array2<f64>, targets: &Targets, act: impl FnOnce(&Training<'_>) -> T) -> T {
    let weights = vec![1.0; features.nrows()];
    let rows = Rows::new(features, targets.view(), &weights);
    act(&Training { rows, seed: 7, threads: 1, progress: &quiet })
}

/// What a step learned.
fn array(pipeline: &Pipeline, name: &str) -> ArrayD<f64> {
    let own = pipeline.transformers.iter().flat_map(|step| step.fitted.arrays());
    own.chain(pipeline.last.arrays().into_iter().flatten()).find(|(it, _)| *it == name).unwrap().1
}

/// The features of a table, without its target.
fn matrix(pipeline: &Pipeline, table: &Table) -> ndarray::Array2<f64> {
    pipeline.schema().select(table).unwrap()
}

/// The features of a table as a caller sends them.
fn features(table: &Table, target: &str) -> Features {
    let columns = table.columns().iter().filter(|column| column.name != target).cloned();
    Features::Table(Table::new(columns.collect()).unwrap())
}

/// One pipeline of each kind, with rows that it takes.
fn one_of_each_kind() -> Vec<(Pipeline, ndarray::Array2<f64>)> {
    let scale = step("standard_scaler", &[]);
    let cases = [
        (spec(&[scale.clone(), step("linear_regression", &[])], "quality"), table("wine")),
        (spec(&[step("linear_regression", &[])], "progression"), table("diabetes")),
        (spec(&[scale.clone(), step("logistic_regression", &[])], "species"), table("iris")),
        (spec(&[scale.clone(), step("logistic_regression", &[])], "species"), table("iris").slice(50, 100)),
        (
            Spec {
                features: Some(vec!["petal_length".into(), "petal_width".into(), "sepal_width".into()]),
                ..spec(&[scale, step("k_means", &[("n_clusters", Value::Integer(3))])], "")
            },
            table("iris"),
        ),
        (
            Spec {
                features: Some(vec!["petal_width".into(), "sepal_width".into()]),
                ..spec(&[step("standard_scaler", &[])], "")
            },
            table("iris"),
        ),
    ];
    let fitted = cases.into_iter().map(|(spec, table)| (fitted(&spec, &table).pipeline, table));
    fitted
        .map(|(pipeline, table)| {
            let rows = matrix(&pipeline, &table);
            (pipeline, rows)
        })
        .collect()
}

/// The numbers of an answer, as bits.
fn bits(pipeline: &Pipeline, rows: ArrayView2<'_, f64>) -> Vec<Vec<u64>> {
    use super::Predictions::{Classes, Clusters, Columns, Mixture, Values};
    let table = match pipeline.predict(rows) {
        Values(values) => values.insert_axis(ndarray::Axis(1)),
        Classes { probabilities, .. } | Mixture { probabilities, .. } => probabilities,
        Clusters { distances, .. } => distances,
        Columns(columns) => columns,
    };
    table.rows().into_iter().map(|row| row.iter().map(|value| value.to_bits()).collect()).collect()
}
