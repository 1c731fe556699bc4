//! What the arithmetic of each model costs, from a matrix to its predictions: 1 to 8,192 rows of 16 columns, and a few rows of
//! many columns.
//!
//! `cargo bench --bench kernels`; a machine that others use makes times of two runs incomparable, ratios within a run hold.

#![allow(clippy::unwrap_used, missing_docs)] // A panic is how a benchmark fails.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use modelwire::data::{Column, Features, Table};
use modelwire::model::{Pipeline, Spec, StepSpec, Value, fit};
use ndarray::Array2;
use std::collections::BTreeMap;
use std::hint::black_box;

const WIDTH: usize = 16;
const SIZES: [usize; 4] = [1, 64, 1000, 8192];
/// Columns of a model that is larger than the caches of a core, and what batches under load have of its rows.
const WIDE: usize = 1024;
const FEW: [usize; 4] = [1, 4, 8, 20];

/// Numbers between -10 and 10 without a pattern that a model could learn.
fn noise(row: usize, column: usize) -> f64 {
    let mixed = ((row * WIDE + column) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23);
    (mixed % 20_001) as f64 / 1000.0 - 10.0
}

fn step(algorithm: &str, parameters: &[(&str, Value)]) -> StepSpec {
    let parameters: BTreeMap<_, _> =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    StepSpec { algorithm: algorithm.into(), parameters, columns: None }
}

/// The same step with predictions in f32.
fn narrow(mut step: StepSpec) -> StepSpec {
    step.parameters.insert("precision".into(), Value::Text("f32".into()));
    step
}

/// Fitted on 500 rows; `n_classes` makes the target one of so many whole numbers.
fn pipeline(steps: &[StepSpec], n_classes: i64) -> Pipeline {
    pipeline_of(WIDTH, steps, n_classes)
}

fn pipeline_of(width: usize, steps: &[StepSpec], n_classes: i64) -> Pipeline {
    let rows = 0..500;
    let mut columns: Vec<Column> = (0..width)
        .map(|column| Column::float(format!("x{column}"), rows.clone().map(|row| noise(row, column)).collect()))
        .collect();
    let target = (n_classes > 0).then(|| "y".to_owned());
    if target.is_some() {
        columns.push(Column::integer("y", rows.map(|row| (row * row) as i64 % 11 % n_classes).collect()));
    }
    let spec = Spec { steps: steps.to_vec(), target, seed: 7, ..Spec::default() };
    fit(&spec, &Table::new(columns).unwrap(), &|_: &str, _| Ok(())).unwrap().pipeline
}

fn clusters(n: i64) -> StepSpec {
    let parameters = [("n_clusters", n), ("n_init", 1), ("max_iter", 10)];
    step("k_means", &parameters.map(|(name, value)| (name, Value::Integer(value))))
}

fn models() -> Vec<(&'static str, Pipeline)> {
    let short = step("logistic_regression", &[("max_iter", Value::Integer(20))]);
    vec![
        ("linear", pipeline(&[step("linear_regression", &[])], 11)),
        ("logistic, 2 classes", pipeline(std::slice::from_ref(&short), 2)),
        ("logistic, 3 classes", pipeline(std::slice::from_ref(&short), 3)),
        ("logistic, 10 classes", pipeline(std::slice::from_ref(&short), 10)),
        ("k-means, 8 centres", pipeline(&[clusters(8)], 0)),
        ("k-means, 100 centres", pipeline(&[clusters(100)], 0)),
        ("linear, f32", pipeline(&[narrow(step("linear_regression", &[]))], 11)),
        ("logistic, 10 classes, f32", pipeline(&[narrow(short.clone())], 10)),
        ("k-means, 100 centres, f32", pipeline(&[narrow(clusters(100))], 0)),
        ("scaler, linear", pipeline(&[step("standard_scaler", &[]), step("linear_regression", &[])], 11)),
    ]
}

fn predict(criterion: &mut Criterion) {
    for (name, pipeline) in models() {
        predict_rows(criterion, name, &pipeline, WIDTH, SIZES);
    }
    let wide = pipeline_of(WIDE, &[clusters(450)], 0);
    predict_rows(criterion, "k-means, 450 centres, 1,024 columns", &wide, WIDE, FEW);
}

fn predict_rows(criterion: &mut Criterion, name: &str, pipeline: &Pipeline, width: usize, sizes: [usize; 4]) {
    let mut group = criterion.benchmark_group(name);
    for n_rows in sizes {
        let features = Array2::from_shape_fn((n_rows, width), |(row, column)| noise(row + 1000, column));
        group.throughput(Throughput::Elements(n_rows as u64));
        group.bench_with_input(BenchmarkId::from_parameter(n_rows), &features, |bencher, features| {
            bencher.iter(|| pipeline.predict(black_box(features.view())));
        });
    }
    group.finish();
}

/// What comes before: the rows of a request, judged by the schema.
fn judge(criterion: &mut Criterion) {
    let pipeline = pipeline(&[step("linear_regression", &[])], 11);
    let mut group = criterion.benchmark_group("schema");
    for n_rows in SIZES {
        let matrix = Array2::from_shape_fn((n_rows, WIDTH), |(row, column)| noise(row, column));
        let features = Features::Matrix(matrix);
        group.throughput(Throughput::Elements(n_rows as u64));
        group.bench_with_input(BenchmarkId::from_parameter(n_rows), &features, |bencher, features| {
            let judged = |features: Features| pipeline.schema().matrix(features.clone()).unwrap();
            bencher.iter_batched(|| features.clone(), judged, BatchSize::SmallInput);
        });
    }
    group.finish();
}

criterion_group!(benches, predict, judge);
criterion_main!(benches);
