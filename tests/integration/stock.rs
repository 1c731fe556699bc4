//! The blocking clients that the Apache compiler writes, over its own runtime: what a Rust user of plain Thrift has.

use crate::harness::{PATIENCE, TestServer, connect};
use modelwire::data::{Column, Table};
use modelwire::wire::convert;
use modelwire::wire::datasets::DatasetsSyncClient;
use modelwire::wire::health::HealthSyncClient;
use modelwire::wire::inference::{InferenceSyncClient, PredictRequest, PredictResponse, TInferenceSyncClient};
use modelwire::wire::models::ModelsSyncClient;
use modelwire::wire::training::{
    CancelJobRequest, GetJobRequest, Job, TTrainingSyncClient, TrainRequest, TrainingSyncClient, WatchJobRequest,
};
use modelwire::wire::types::{Parameter, Step, Tensor};
use modelwire::wire::{empty, training};
use std::time::Instant;
use thrift::protocol::{
    TBinaryInputProtocol, TBinaryOutputProtocol, TCompactInputProtocol, TCompactOutputProtocol, TInputProtocol,
    TOutputProtocol,
};
use thrift::transport::{
    TBufferedReadTransport, TBufferedWriteTransport, TFramedReadTransport, TFramedWriteTransport, TIoChannel,
    TTcpChannel,
};

/// What replies are read from.
pub type Input = Box<dyn TInputProtocol>;
/// What calls are written to.
pub type Output = Box<dyn TOutputProtocol>;

/// One connection a service.
pub struct Clients {
    pub health: HealthSyncClient<Input, Output>,
    pub inference: InferenceSyncClient<Input, Output>,
    pub models: ModelsSyncClient<Input, Output>,
    pub training: TrainingSyncClient<Input, Output>,
    pub datasets: DatasetsSyncClient<Input, Output>,
}

/// Both ends of a new connection.
pub fn framed_compact(address: &str) -> (Input, Output) {
    let (read, write) = TTcpChannel::with_stream(connect(address)).split().unwrap();
    let input = TCompactInputProtocol::new(TFramedReadTransport::new(read));
    (Box::new(input), Box::new(TCompactOutputProtocol::new(TFramedWriteTransport::new(write))))
}

/// The same in strict binary.
pub fn framed_binary(address: &str) -> (Input, Output) {
    let (read, write) = TTcpChannel::with_stream(connect(address)).split().unwrap();
    let input = TBinaryInputProtocol::new(TFramedReadTransport::new(read), true);
    (Box::new(input), Box::new(TBinaryOutputProtocol::new(TFramedWriteTransport::new(write), true)))
}

/// The same without frames.
pub fn unframed_binary(address: &str) -> (Input, Output) {
    let (read, write) = TTcpChannel::with_stream(connect(address)).split().unwrap();
    let input = TBinaryInputProtocol::new(TBufferedReadTransport::new(read), true);
    (Box::new(input), Box::new(TBinaryOutputProtocol::new(TBufferedWriteTransport::new(write), true)))
}

impl Clients {
    /// Framed compact clients of a server.
    pub fn of(server: &TestServer) -> Self {
        Self::at(&server.address)
    }

    /// Framed compact clients of an address.
    pub fn at(address: &str) -> Self {
        let connect = || framed_compact(address);
        let (health, inference, models, training, datasets) = (connect(), connect(), connect(), connect(), connect());
        Self {
            health: HealthSyncClient::new(health.0, health.1),
            inference: InferenceSyncClient::new(inference.0, inference.1),
            models: ModelsSyncClient::new(models.0, models.1),
            training: TrainingSyncClient::new(training.0, training.1),
            datasets: DatasetsSyncClient::new(datasets.0, datasets.1),
        }
    }

    /// Asks for a linear regression on [`line`].
    pub fn train(&mut self, model: &str) -> thrift::Result<Job> {
        let request = TrainRequest {
            model: Some(model.into()),
            steps: Some(vec![step("standard_scaler"), step("linear_regression")]),
            table: Some(convert::table_to(&line())),
            target: Some("y".into()),
            ..empty()
        };
        self.training.train(request).map(|response| response.job.unwrap())
    }

    /// Waits until a job has ended, within [`PATIENCE`].
    pub fn wait(&mut self, id: &str) -> thrift::Result<Job> {
        let (started, mut after_sequence) = (Instant::now(), 0);
        loop {
            let request = WatchJobRequest {
                job_id: Some(id.into()),
                after_sequence: Some(after_sequence),
                wait_ms: Some(5_000),
                ..empty()
            };
            let response = self.training.watch_job(request)?;
            let job = response.job.unwrap();
            if !["QUEUED", "RUNNING"].contains(&job.state_name.as_deref().unwrap()) {
                return Ok(job);
            }
            assert!(started.elapsed() < PATIENCE, "the job did not end: {job:?}");
            after_sequence = response.events.unwrap().last().map_or(after_sequence, |event| event.sequence.unwrap());
        }
    }

    /// A job as it is now.
    pub fn job(&mut self, id: &str) -> thrift::Result<Job> {
        let response = self.training.get_job(GetJobRequest { job_id: Some(id.into()), ..empty() })?;
        Ok(response.job.unwrap())
    }

    /// Cancels a job; state and version that it has then.
    pub fn cancel(&mut self, id: &str) -> (String, Option<i64>) {
        let request = CancelJobRequest { context: None, job_id: Some(id.into()) };
        let job = self.training.cancel_job(request).unwrap().job.unwrap();
        (state(&job).to_owned(), job.version)
    }

    /// Waits until a training thread is in the fit of a job; the number of its last event.
    pub fn wait_for_fit(&mut self, id: &str) -> i64 {
        let mut after_sequence = None;
        loop {
            let watch = WatchJobRequest { job_id: Some(id.into()), after_sequence, wait_ms: Some(5_000), ..empty() };
            let events = self.training.watch_job(watch).unwrap().events.unwrap();
            after_sequence = events.last().expect("it comes to its fit soon").sequence;
            if events.iter().any(|event| event.message.as_deref() == Some("fitting k_means")) {
                return after_sequence.unwrap();
            }
        }
    }

    /// Predicts one row.
    pub fn predict(&mut self, model: &str, matrix: Tensor) -> thrift::Result<PredictResponse> {
        self.inference.predict(PredictRequest { model: Some(model.into()), matrix: Some(matrix), ..empty() })
    }
}

/// A step with its defaults.
pub fn step(algorithm: &str) -> Step {
    Step { algorithm: Some(algorithm.into()), ..empty() }
}

/// A clustering by so many centres, found in a few steps from one start.
pub fn centres(n_clusters: i64, max_iter: i64) -> Step {
    let number = |name: &str, integer| Parameter { name: Some(name.into()), integer: Some(integer), ..empty() };
    let parameters = vec![number("n_clusters", n_clusters), number("n_init", 1), number("max_iter", max_iter)];
    Step { parameters: Some(parameters), ..step("k_means") }
}

/// A model of one step, of rows that are sent along.
pub fn of_rows(model: &str, step: Step, target: Option<&str>, columns: Vec<Column>) -> TrainRequest {
    TrainRequest {
        model: Some(model.into()),
        steps: Some(vec![step]),
        target: target.map(str::to_owned),
        table: Some(convert::table_to(&Table::new(columns).unwrap())),
        ..empty()
    }
}

/// A clustering, which cannot be left before it is done. In the dev profile 4,000 rows in 8 clusters take a second or two,
/// 20,000 in 1,000 hours.
pub fn clustering(n_samples: i32, n_clusters: i64) -> TrainRequest {
    let parameters = Some(vec![Parameter { name: Some("n_clusters".into()), integer: Some(n_clusters), ..empty() }]);
    let x = (0..n_samples).map(|row| f64::from(row * 7919 % 20_011)).collect();
    TrainRequest {
        model: Some("clusters".into()),
        steps: Some(vec![Step { parameters, ..step("k_means") }]),
        table: Some(convert::table_to(&Table::new(vec![Column::float("x", x)]).unwrap())),
        ..empty()
    }
}

/// y = 2 x + 1 on ten rows.
pub fn line() -> Table {
    let x: Vec<f64> = (0..10).map(f64::from).collect();
    let y = x.iter().map(|x| 2.0 * x + 1.0).collect();
    Table::new(vec![Column::float("x", x), Column::float("y", y)]).unwrap()
}

/// A row of one feature.
pub fn row(x: f64) -> Tensor {
    convert::matrix_to(ndarray::array![[x]].view())
}

/// The first predicted value.
pub fn value(response: &PredictResponse) -> f64 {
    convert::matrix_from(response.values.clone().unwrap()).unwrap()[[0, 0]]
}

/// Name of the code of a declared error.
pub fn code<T: std::fmt::Debug>(result: thrift::Result<T>) -> String {
    match result.unwrap_err() {
        thrift::Error::User(error) => {
            let error = error.downcast::<modelwire::wire::types::ServiceError>().unwrap();
            error.code_name.unwrap()
        }
        other => panic!("no declared error: {other:?}"),
    }
}

/// The state of a job by name.
pub fn state(job: &training::Job) -> &str {
    job.state_name.as_deref().unwrap()
}
