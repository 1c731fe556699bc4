//! What batching adds to the arithmetic of a model: where it stands, on the compute threads, for many callers, for many rows.
//!
//! `cargo bench --bench batching`

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)] // A panic is how a benchmark fails.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use futures_util::FutureExt;
use futures_util::future::join_all;
use modelwire::batching::{Batcher, Options, Work};
use modelwire::data::{Column, Features, Name, Table};
use modelwire::model::{LoadedModel, Spec, StepSpec, fit};
use modelwire::pool::Pool;
use modelwire::telemetry::Telemetry;
use ndarray::Array2;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

/// A row of so many columns is too large to be computed where it stands.
const WIDE: usize = 10_000;

fn model(algorithm: &str, n_columns: usize, target: Option<&str>) -> Arc<LoadedModel> {
    let values = |column: usize| (0..40).map(|row| ((row * 7 + column * 3) % 11) as f64).collect();
    let mut columns: Vec<_> =
        (0..n_columns).map(|number| Column::float(format!("x{number}"), values(number))).collect();
    columns.extend(target.map(|name| Column::float(name, values(5))));
    let steps = vec![StepSpec { algorithm: algorithm.into(), ..StepSpec::default() }];
    let spec = Spec { steps, target: target.map(str::to_owned), ..Spec::default() };
    let pipeline = fit(&spec, &Table::new(columns).unwrap(), &|_: &str, _| Ok(())).unwrap().pipeline;
    Arc::new(LoadedModel::new(Name::parse("model", "bench").unwrap(), 1, pipeline))
}

fn work(model: &Arc<LoadedModel>, n_rows: usize, n_columns: usize) -> Work {
    let features = Features::Matrix(Array2::from_shape_fn((n_rows, n_columns), |(row, column)| (row + column) as f64));
    Work {
        model: Arc::clone(model),
        features,
        deadline: Instant::now() + Duration::from_secs(60),
        priority: 0,
        caller: 0,
    }
}

fn batcher() -> (Batcher, Runtime) {
    let engine = Telemetry::default().engine;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let pool = Pool::start("compute", threads, 1024, engine.pool.clone()).unwrap();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    (Batcher::new(Arc::new(pool), Options::default(), engine), runtime)
}

fn one_row(criterion: &mut Criterion) {
    let (batcher, runtime) = batcher();
    let (line, wide) = (model("linear_regression", 16, Some("y")), model("k_means", WIDE, None));
    for _ in 0..100 {
        runtime.block_on(batcher.submit(work(&line, 1, 16))).unwrap(); // It is measured now.
    }
    let mut group = criterion.benchmark_group("one row");
    group.bench_function("arithmetic alone", |bencher| {
        let alone = |work: Work| line.pipeline.predict(line.matrix(work.features).unwrap().view());
        bencher.iter_batched(|| work(&line, 1, 16), alone, BatchSize::SmallInput);
    });
    group.bench_function("where it stands", |bencher| {
        let here = |work| batcher.submit(work).now_or_never();
        bencher.iter_batched(|| work(&line, 1, 16), here, BatchSize::SmallInput);
    });
    group.bench_function("10,000 columns, arithmetic alone", |bencher| {
        let alone = |work: Work| wide.pipeline.predict(wide.matrix(work.features).unwrap().view());
        bencher.iter_batched(|| work(&wide, 1, WIDE), alone, BatchSize::SmallInput);
    });
    group.bench_function("10,000 columns, on the compute threads", |bencher| {
        let pooled = |work| runtime.block_on(batcher.submit(work)).unwrap();
        bencher.iter_batched(|| work(&wide, 1, WIDE), pooled, BatchSize::SmallInput);
    });
    group.finish();
}

fn many(criterion: &mut Criterion) {
    let (batcher, runtime) = batcher();
    let (line, wide) = (model("linear_regression", 16, Some("y")), model("k_means", WIDE, None));
    let mut group = criterion.benchmark_group("many");
    group.bench_function("64 callers of one row of 10,000 columns", |bencher| {
        let all = |all: Vec<Work>| runtime.block_on(join_all(all.into_iter().map(|work| batcher.submit(work))));
        bencher.iter_batched(|| (0..64).map(|_| work(&wide, 1, WIDE)).collect(), all, BatchSize::LargeInput);
    });
    group.bench_function("8192 rows, arithmetic alone", |bencher| {
        let alone = |work: Work| line.pipeline.predict(line.matrix(work.features).unwrap().view());
        bencher.iter_batched(|| work(&line, 8192, 16), alone, BatchSize::LargeInput);
    });
    group.bench_function("8192 rows, shared out", |bencher| {
        let shared = |work| runtime.block_on(batcher.submit(work)).unwrap();
        bencher.iter_batched(|| work(&line, 8192, 16), shared, BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, one_row, many);
criterion_main!(benches);
