//! Fits and predicts what `benches/training/run.py` asks for; it compares the times with scikit-learn's in the same run.
//!
//! `make bench-training` builds and runs both.

#![allow(clippy::unwrap_used, missing_docs)] // A panic is how a benchmark fails.

use modelwire::data::{Column, Table};
use modelwire::model::{Fitted, Predictions, Spec, StepSpec, TrainingResult, fit_on};
use serde::Deserialize;
use serde_json::json;
use std::cell::Cell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A shorter fit is timed the second time.
const SHORT: Duration = Duration::from_secs(1);

/// One fit, as the script writes it.
#[derive(Deserialize)]
struct Case {
    steps: Vec<StepSpec>,
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

/// When the model was there, when it was measured too, and both.
fn fit(case: &Case, spec: &Spec, table: &Table) -> (Duration, Duration, Fitted) {
    let (begun, learned) = (Instant::now(), Cell::new(None));
    let progress = |message: &str, _| {
        if message.starts_with("measuring the model") && learned.get().is_none() {
            learned.set(Some(begun.elapsed()));
        }
        Ok(())
    };
    let fitted = fit_on(case.threads, spec, table, &progress).unwrap();
    (learned.get().unwrap(), begun.elapsed(), fitted)
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
    let targets = case.targets.iter().flat_map(|_| (0..case.n_targets).map(|at| format!("y{at}"))).collect();
    // Scikit-learn's `fit` measures nothing: no rows are held out, and the clock is read before those it has seen are answered.
    let spec = Spec { steps: case.steps.clone(), targets, validation_fraction: Some(0.0), ..Spec::default() };

    let training = table.slice(0, case.n_train);
    let (mut learned, mut measured, mut fitted) = fit(case, &spec, &training);
    // Scikit-learn has fitted before in its process, which shows in a few milliseconds.
    if learned < SHORT {
        drop(fitted);
        (learned, measured, fitted) = fit(case, &spec, &training);
    }

    let answer = |predict_seconds: f64, predictions: Vec<f64>| {
        json!({
            "fit_seconds": learned.as_secs_f64(),
            "metrics_seconds": (measured - learned).as_secs_f64(),
            "predict_seconds": predict_seconds,
            "predictions": predictions,
        })
    };
    match fitted.pipeline.training_result() {
        Some(TrainingResult::Labels(labels)) => return answer(0.0, labels.iter().map(|it| *it as f64).collect()),
        Some(TrainingResult::Embedding(places)) => {
            // What t-SNE minimises, or where rows are.
            let divergence = fitted.metrics.get("kl_divergence").map(|it| vec![*it]);
            return answer(0.0, divergence.unwrap_or_else(|| places.iter().copied().collect()));
        }
        None => {}
    }
    let test = table.slice(case.n_train, table.n_rows() - case.n_train);
    let features = Table::new(test.columns()[..case.n_features].to_vec()).unwrap();
    let matrix = fitted.pipeline.schema().matrix(modelwire::data::Features::Table(features)).unwrap();
    let begun = Instant::now();
    let predicted = fitted.pipeline.predict(matrix.view());
    let predict_seconds = begun.elapsed().as_secs_f64();
    let predictions: Vec<f64> = match predicted {
        Predictions::Values(values) => values.to_vec(),
        Predictions::Classes { labels, .. } => labels.iter().map(|label| *label as f64).collect(),
        Predictions::Clusters { clusters, .. } | Predictions::Mixture { clusters, .. } => {
            clusters.iter().map(|cluster| *cluster as f64).collect()
        }
        Predictions::Columns(columns) => columns.iter().copied().collect(),
    };
    answer(predict_seconds, predictions)
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
