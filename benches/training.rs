//! Fits and predicts what `benches/training/run.py` asks for; it compares the times with scikit-learn's in the same run.
//!
//! `make bench-training` builds and runs both.

#![allow(clippy::unwrap_used, missing_docs)] // A panic is how a benchmark fails.

use modelwire::data::{Column, Table};
use modelwire::model::{Predictions, Spec, StepSpec, Value, fit_on};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

/// One fit, as the script writes it.
#[derive(Deserialize)]
struct Case {
    algorithm: String,
    parameters: BTreeMap<String, Value>,
    /// Doubles, little-endian, row after row.
    rows: PathBuf,
    n_features: usize,
    /// Doubles, `n_targets` for each row; absent for clustering.
    targets: Option<PathBuf>,
    n_targets: usize,
    /// The targets are classes.
    classes: bool,
    /// How many of the first rows are learned from; the others are predicted.
    n_train: usize,
    threads: usize,
}

fn doubles(path: &PathBuf) -> Vec<f64> {
    let bytes = std::fs::read(path).unwrap();
    bytes.as_chunks::<8>().0.iter().map(|value| f64::from_le_bytes(*value)).collect()
}

fn run(case: &Case) -> serde_json::Value {
    let rows = doubles(&case.rows);
    let column = |at: usize| rows.chunks_exact(case.n_features).map(|row| row[at]).collect();
    let mut columns: Vec<Column> = (0..case.n_features).map(|at| Column::float(format!("x{at}"), column(at))).collect();
    if let Some(path) = &case.targets {
        let targets = doubles(path);
        let target = |at: usize| targets.iter().skip(at).step_by(case.n_targets);
        columns.extend((0..case.n_targets).map(|at| match case.classes {
            true => Column::integer(format!("y{at}"), target(at).map(|class| *class as i64).collect()),
            false => Column::float(format!("y{at}"), target(at).copied().collect()),
        }));
    }
    let table = Table::new(columns).unwrap();
    let step = StepSpec { algorithm: case.algorithm.clone(), parameters: case.parameters.clone(), columns: None };
    let targets = case.targets.iter().flat_map(|_| (0..case.n_targets).map(|at| format!("y{at}"))).collect();
    // Scikit-learn's `fit` measures nothing.
    let spec = Spec { steps: vec![step], targets, validation_fraction: Some(0.0), ..Spec::default() };

    let begun = Instant::now();
    let fitted = fit_on(case.threads, &spec, &table.slice(0, case.n_train), &|_: &str, _| Ok(())).unwrap();
    let fit_seconds = begun.elapsed().as_secs_f64();

    let test = table.slice(case.n_train, table.n_rows() - case.n_train);
    let features = Table::new(test.columns()[..case.n_features].to_vec()).unwrap();
    let matrix = fitted.pipeline.schema().matrix(modelwire::data::Features::Table(features)).unwrap();
    let begun = Instant::now();
    let answer = fitted.pipeline.predict(matrix.view());
    let predict_seconds = begun.elapsed().as_secs_f64();
    let predictions: Vec<f64> = match answer {
        Predictions::Values(values) => values.to_vec(),
        Predictions::Classes { labels, .. } => labels.iter().map(|label| *label as f64).collect(),
        Predictions::Clusters { clusters, .. } | Predictions::Mixture { clusters, .. } => {
            clusters.iter().map(|cluster| *cluster as f64).collect()
        }
        Predictions::Columns(columns) => columns.iter().copied().collect(),
    };
    json!({ "fit_seconds": fit_seconds, "predict_seconds": predict_seconds, "metrics": fitted.metrics, "predictions": predictions })
}

fn main() {
    let path = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let Some(path) = path else {
        println!("It is run by benches/training/run.py, with the file of a case.");
        return;
    };
    let case: Case = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    println!("{}", run(&case));
}
