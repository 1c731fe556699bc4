//! What the arithmetic of each model costs: 1 to 8,192 rows of 16 columns, from a matrix to its predictions.
//!
//! `cargo bench --bench kernels`; a machine that others use makes times of two runs incomparable, ratios within a run hold.

#![allow(clippy::unwrap_used, missing_docs)] // A panic is how a benchmark fails.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use modelwire::data::{Column, Features, Table};
use modelwire::model::{Pipeline, Spec, StepSpec, Value, fit};
use ndarray::{Array2, Axis};
use std::collections::BTreeMap;
use std::hint::black_box;

const WIDTH: usize = 16;
const SIZES: [usize; 4] = [1, 64, 1000, 8192];

/// Numbers between -10 and 10 without a pattern that a model could learn.
fn noise(row: usize, column: usize) -> f64 {
    let mixed = ((row * WIDTH + column) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23);
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
    let rows = 0..500;
    let mut columns: Vec<Column> = (0..WIDTH)
        .map(|column| Column::float(format!("x{column}"), rows.clone().map(|row| noise(row, column)).collect()))
        .collect();
    let target = (n_classes > 0).then(|| "y".to_owned());
    if target.is_some() {
        columns.push(Column::integer("y", rows.map(|row| (row * row) as i64 % 11 % n_classes).collect()));
    }
    let spec = Spec { steps: steps.to_vec(), target, features: None, seed: 7 };
    fit(&spec, &Table::new(columns).unwrap(), &|_: &str, _| Ok(())).unwrap().pipeline
}

fn models() -> Vec<(&'static str, Pipeline)> {
    let clusters = |n: i64| step("k_means", &[("n_clusters", Value::Integer(n)), ("n_init", Value::Integer(1))]);
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
    let rows = Array2::from_shape_fn((8192, WIDTH), |(row, column)| noise(row + 1000, column));
    for (name, pipeline) in models() {
        let mut group = criterion.benchmark_group(name);
        for n_rows in SIZES {
            let features = rows.slice_axis(Axis(0), (..n_rows).into());
            group.throughput(Throughput::Elements(n_rows as u64));
            group.bench_with_input(BenchmarkId::from_parameter(n_rows), &features, |bencher, features| {
                bencher.iter(|| pipeline.predict(black_box(features.view())));
            });
        }
        group.finish();
    }
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
