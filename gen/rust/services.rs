// Written by idl/codegen. Do not edit: change idl/ and run `make gen`.
#![cfg_attr(rustfmt, rustfmt_skip)]

use crate::wire::direct::{Direct, Kind, Sink, Source};
use crate::wire::runtime::{self, Arguments, Begun, Call, CallError, Channel, Method, Reply, Resource, Resources, Role};
use crate::wire::{datasets, health, inference, models, search, training, types};
use std::future::Future;

/// SHA-256 of the IDL files, in hex.
pub const IDL_SHA256: &str = "95530272795eba3dcfb60054f51d0a05359d611688ae5920128d9a86224808fc";

/// Every method, in the order of the files' names, then as declared; `Method::id` is its place here.
pub static METHODS: &[Method] = &[
    Method { id: 0, service: "Datasets", name: "create_dataset", oneway: false, idempotent: false, role: Role::Trainer, audited: false },
    Method { id: 1, service: "Datasets", name: "append_rows", oneway: false, idempotent: true, role: Role::Trainer, audited: false },
    Method { id: 2, service: "Datasets", name: "commit_dataset", oneway: false, idempotent: true, role: Role::Trainer, audited: true },
    Method { id: 3, service: "Datasets", name: "describe_dataset", oneway: false, idempotent: true, role: Role::Reader, audited: false },
    Method { id: 4, service: "Datasets", name: "list_datasets", oneway: false, idempotent: true, role: Role::Reader, audited: false },
    Method { id: 5, service: "Datasets", name: "delete_dataset", oneway: false, idempotent: false, role: Role::Admin, audited: true },
    Method { id: 6, service: "Health", name: "hello", oneway: false, idempotent: true, role: Role::Public, audited: false },
    Method { id: 7, service: "Health", name: "status", oneway: false, idempotent: true, role: Role::Public, audited: false },
    Method { id: 8, service: "Health", name: "describe", oneway: false, idempotent: true, role: Role::Reader, audited: false },
    Method { id: 9, service: "Health", name: "echo", oneway: false, idempotent: true, role: Role::Reader, audited: false },
    Method { id: 10, service: "Inference", name: "predict", oneway: false, idempotent: true, role: Role::Predictor, audited: false },
    Method { id: 11, service: "Inference", name: "predict_many", oneway: false, idempotent: true, role: Role::Predictor, audited: false },
    Method { id: 12, service: "Inference", name: "explain", oneway: false, idempotent: true, role: Role::Predictor, audited: false },
    Method { id: 13, service: "Models", name: "list_models", oneway: false, idempotent: true, role: Role::Reader, audited: false },
    Method { id: 14, service: "Models", name: "describe_model", oneway: false, idempotent: true, role: Role::Reader, audited: false },
    Method { id: 15, service: "Models", name: "get_training_result", oneway: false, idempotent: true, role: Role::Reader, audited: false },
    Method { id: 16, service: "Models", name: "export_model", oneway: false, idempotent: true, role: Role::Trainer, audited: true },
    Method { id: 17, service: "Models", name: "load_model", oneway: false, idempotent: true, role: Role::Trainer, audited: true },
    Method { id: 18, service: "Models", name: "unload_model", oneway: false, idempotent: true, role: Role::Trainer, audited: true },
    Method { id: 19, service: "Models", name: "set_alias", oneway: false, idempotent: false, role: Role::Trainer, audited: true },
    Method { id: 20, service: "Models", name: "delete_version", oneway: false, idempotent: false, role: Role::Admin, audited: true },
    Method { id: 21, service: "Training", name: "train", oneway: false, idempotent: false, role: Role::Trainer, audited: true },
    Method { id: 22, service: "Training", name: "search", oneway: false, idempotent: false, role: Role::Trainer, audited: true },
    Method { id: 23, service: "Training", name: "get_search_result", oneway: false, idempotent: true, role: Role::Reader, audited: false },
    Method { id: 24, service: "Training", name: "evaluate", oneway: false, idempotent: true, role: Role::Reader, audited: false },
    Method { id: 25, service: "Training", name: "permutation_importance", oneway: false, idempotent: true, role: Role::Reader, audited: false },
    Method { id: 26, service: "Training", name: "get_job", oneway: false, idempotent: true, role: Role::Reader, audited: false },
    Method { id: 27, service: "Training", name: "watch_job", oneway: false, idempotent: true, role: Role::Reader, audited: false },
    Method { id: 28, service: "Training", name: "list_jobs", oneway: false, idempotent: true, role: Role::Reader, audited: false },
    Method { id: 29, service: "Training", name: "cancel_job", oneway: false, idempotent: true, role: Role::Trainer, audited: true },
    Method { id: 30, service: "Training", name: "partial_fit", oneway: false, idempotent: false, role: Role::Trainer, audited: true },
    Method { id: 31, service: "Training", name: "get_learner", oneway: false, idempotent: true, role: Role::Reader, audited: false },
    Method { id: 32, service: "Training", name: "delete_learner", oneway: false, idempotent: false, role: Role::Trainer, audited: true },
];

/// Stored tables, in versions.
pub trait Datasets: Send + Sync {
    /// Starts a new version of a data set. Throws INVALID_ARGUMENT (name), OVERLOADED (too many open uploads).
    fn create_dataset(
        &self,
        call: &Call,
        request: datasets::CreateDatasetRequest,
    ) -> impl Future<Output = Result<datasets::CreateDatasetResponse, types::ServiceError>> + Send;

    /// Appends rows; what is answered is on disk. Throws NOT_FOUND (upload), INVALID_ARGUMENT (column, type, checksum),
    /// FAILED_PRECONDITION (an offset that is not where the last piece ended; already committed).
    fn append_rows(
        &self,
        call: &Call,
        request: datasets::AppendRowsRequest,
    ) -> impl Future<Output = Result<datasets::AppendRowsResponse, types::ServiceError>> + Send;

    /// Makes the rows a version that never changes. Committing again answers the same version. Throws NOT_FOUND (upload),
    /// FAILED_PRECONDITION (no rows, or another number of rows).
    fn commit_dataset(
        &self,
        call: &Call,
        request: datasets::CommitDatasetRequest,
    ) -> impl Future<Output = Result<datasets::CommitDatasetResponse, types::ServiceError>> + Send;

    /// Answers schema and statistics of a version. Throws NOT_FOUND, INVALID_ARGUMENT (reference).
    fn describe_dataset(
        &self,
        call: &Call,
        request: datasets::DescribeDatasetRequest,
    ) -> impl Future<Output = Result<datasets::DescribeDatasetResponse, types::ServiceError>> + Send;

    /// Answers the data sets, a page at a time. Throws INVALID_ARGUMENT (limit).
    fn list_datasets(
        &self,
        call: &Call,
        request: datasets::ListDatasetsRequest,
    ) -> impl Future<Output = Result<datasets::ListDatasetsResponse, types::ServiceError>> + Send;

    /// Deletes a version, or all versions of a name. Throws NOT_FOUND.
    fn delete_dataset(
        &self,
        call: &Call,
        request: datasets::DeleteDatasetRequest,
    ) -> impl Future<Output = Result<datasets::DeleteDatasetResponse, types::ServiceError>> + Send;
}

/// Who is there, what can it do, how is it.
pub trait Health: Send + Sync {
    /// Greets. Throws INVALID_ARGUMENT (a name of more than 256 characters).
    fn hello(
        &self,
        call: &Call,
        request: health::HelloRequest,
    ) -> impl Future<Output = Result<health::HelloResponse, types::ServiceError>> + Send;

    /// Answers whether the server and each model are live and ready. Throws nothing of its own.
    fn status(
        &self,
        call: &Call,
        request: health::StatusRequest,
    ) -> impl Future<Output = Result<health::StatusResponse, types::ServiceError>> + Send;

    /// Answers version, limits, methods, and the algorithms with their hyper-parameters. Throws nothing of its own.
    fn describe(
        &self,
        call: &Call,
        request: health::DescribeRequest,
    ) -> impl Future<Output = Result<health::DescribeResponse, types::ServiceError>> + Send;

    /// Sends the payload back: for measuring latency and bandwidth. Throws INVALID_ARGUMENT (reply_bytes).
    fn echo<'a>(
        &'a self,
        call: &Call,
        request: health::EchoRequest,
    ) -> Begun<'a, Result<health::EchoResponse, types::ServiceError>>;
}

/// Predictions.
pub trait Inference: Send + Sync {
    /// Answers one prediction for each row. Throws NOT_FOUND (model, version or alias), INVALID_ARGUMENT (shape, column, type,
    /// missing value or NaN, or a row whose answer is not finite, named; more rows than the queue or a reply holds),
    /// FAILED_PRECONDITION (the version is unloaded; the model is transductive: `get_training_result` reads what it has), OVERLOADED,
    /// DEADLINE_EXCEEDED.
    fn predict<'a>(
        &'a self,
        call: &Call,
        request: inference::PredictRequest,
    ) -> Begun<'a, Result<inference::PredictResponse, types::ServiceError>>;

    /// Answers each item as `predict` would alone, to the bit: one that is wrong, denied or late is an error of its own and
    /// changes no other. Deadline, token and priority are those of the call. Throws INVALID_ARGUMENT (more than 1,000 items, or
    /// answers that together are more than a reply holds; nothing was run), DEADLINE_EXCEEDED.
    fn predict_many<'a>(
        &'a self,
        call: &Call,
        request: inference::PredictManyRequest,
    ) -> Begun<'a, Result<inference::PredictManyResponse, types::ServiceError>>;

    /// Answers what each column adds to the answers of `predict`: of linear models each column times its coefficient, of trees and
    /// forests Shapley values (TreeSHAP, path-dependent). Throws as `predict`, and FAILED_PRECONDITION for other models, whose answers
    /// are no such sums.
    fn explain(
        &self,
        call: &Call,
        request: inference::ExplainRequest,
    ) -> impl Future<Output = Result<inference::ExplainResponse, types::ServiceError>> + Send;
}

/// Models, their versions and aliases.
pub trait Models: Send + Sync {
    /// Answers the models with their versions and aliases, a page at a time. Throws INVALID_ARGUMENT (limit).
    fn list_models(
        &self,
        call: &Call,
        request: models::ListModelsRequest,
    ) -> impl Future<Output = Result<models::ListModelsResponse, types::ServiceError>> + Send;

    /// Answers what a version takes, how it was made and how well it fits. Throws NOT_FOUND, INVALID_ARGUMENT (reference).
    fn describe_model(
        &self,
        call: &Call,
        request: models::DescribeModelRequest,
    ) -> impl Future<Output = Result<models::DescribeModelResponse, types::ServiceError>> + Send;

    /// Answers what a transductive model (such as dbscan) made of the rows that it was trained on, in their order. Throws NOT_FOUND,
    /// INVALID_ARGUMENT (reference, from_row, limit), FAILED_PRECONDITION (the model is not transductive: it answers `predict`; or it
    /// is not loaded), UNAVAILABLE (it is being loaded, or damaged).
    fn get_training_result(
        &self,
        call: &Call,
        request: models::GetTrainingResultRequest,
    ) -> impl Future<Output = Result<models::GetTrainingResultResponse, types::ServiceError>> + Send;

    /// Answers a version as a file that other programs compute predictions with, in pieces where it is large. Throws NOT_FOUND,
    /// INVALID_ARGUMENT (reference, format, from_byte), FAILED_PRECONDITION (a step cannot be written in this format, and which can;
    /// it is not loaded; or writing it takes more memory than the server gives to messages), OVERLOADED (so much is not free now),
    /// UNAVAILABLE (it is being loaded, or damaged).
    fn export_model(
        &self,
        call: &Call,
        request: models::ExportModelRequest,
    ) -> impl Future<Output = Result<models::ExportModelResponse, types::ServiceError>> + Send;

    /// Reads a version from disk, verifies it and serves it once it answers its stored rows as it did when it was trained; a
    /// restart loads it again. Loading what is loaded changes nothing. Throws NOT_FOUND, INVALID_ARGUMENT (replacement),
    /// FAILED_PRECONDITION (no room in the server's budget, and then nothing was read; damaged, with the reason).
    fn load_model(
        &self,
        call: &Call,
        request: models::LoadModelRequest,
    ) -> impl Future<Output = Result<models::LoadModelResponse, types::ServiceError>> + Send;

    /// Stops serving a version, which stays on disk, and stays unloaded after a restart. Calls that have begun are answered, and
    /// then its memory is freed. Unloading what is not loaded changes nothing. Throws NOT_FOUND, FAILED_PRECONDITION (an alias
    /// names it).
    fn unload_model(
        &self,
        call: &Call,
        request: models::UnloadModelRequest,
    ) -> impl Future<Output = Result<models::UnloadModelResponse, types::ServiceError>> + Send;

    /// Points an alias at a version, if the alias is still as the caller has seen it. Throws NOT_FOUND (model or version),
    /// INVALID_ARGUMENT (name), FAILED_PRECONDITION (another generation; removing `stable`; a version that is not loaded).
    fn set_alias(
        &self,
        call: &Call,
        request: models::SetAliasRequest,
    ) -> impl Future<Output = Result<models::SetAliasResponse, types::ServiceError>> + Send;

    /// Deletes a version for good. Throws NOT_FOUND, FAILED_PRECONDITION (an alias names it; `stable` goes with the last
    /// version of a model).
    fn delete_version(
        &self,
        call: &Call,
        request: models::DeleteVersionRequest,
    ) -> impl Future<Output = Result<models::DeleteVersionResponse, types::ServiceError>> + Send;
}

/// Training as jobs.
pub trait Training: Send + Sync {
    /// Stores what is needed to train and answers a job at once; the job outlives a restart of the server. Throws
    /// INVALID_ARGUMENT (name, step, hyper-parameter, column, value, named), NOT_FOUND (data set), OVERLOADED (too many jobs wait).
    fn train(
        &self,
        call: &Call,
        request: training::TrainRequest,
    ) -> impl Future<Output = Result<training::TrainResponse, types::ServiceError>> + Send;

    /// Tries hyper-parameters by cross-validation: answers a job at once, as `train` does, whose table `get_search_result` answers
    /// when it has ended, and which publishes the best pipeline if asked to. A candidate that cannot be fitted ends nothing. Throws
    /// INVALID_ARGUMENT (as `train`; too many fits, what is searched, folds, scoring, named), NOT_FOUND (data set), OVERLOADED (too
    /// many jobs wait).
    fn search(
        &self,
        call: &Call,
        request: search::SearchRequest,
    ) -> impl Future<Output = Result<training::SearchResponse, types::ServiceError>> + Send;

    /// Answers the table of a search, 1000 candidates at a time. Throws NOT_FOUND, FAILED_PRECONDITION (the job is no search, or has no
    /// table: it has not ended, was cancelled, or failed before it had measured all candidates), INVALID_ARGUMENT (from_candidate, limit).
    fn get_search_result(
        &self,
        call: &Call,
        request: search::GetSearchResultRequest,
    ) -> impl Future<Output = Result<search::GetSearchResultResponse, types::ServiceError>> + Send;

    /// Answers what a model is worth on rows whose targets are known: metrics with scikit-learn's values. Throws NOT_FOUND (model,
    /// data set), INVALID_ARGUMENT (column, row, value, named), FAILED_PRECONDITION (the version is not loaded), OVERLOADED,
    /// DEADLINE_EXCEEDED.
    fn evaluate(
        &self,
        call: &Call,
        request: training::EvaluateRequest,
    ) -> impl Future<Output = Result<training::EvaluateResponse, types::ServiceError>> + Send;

    /// Answers by how much a score of a model falls when the values of one column are shuffled among the rows: of each column the
    /// model takes, several times. Throws NOT_FOUND (model, data set), INVALID_ARGUMENT (column, row, value, scoring, n_repeats,
    /// named), FAILED_PRECONDITION (the version is not loaded), OVERLOADED, DEADLINE_EXCEEDED (every shuffle predicts all rows).
    fn permutation_importance(
        &self,
        call: &Call,
        request: training::PermutationImportanceRequest,
    ) -> impl Future<Output = Result<training::PermutationImportanceResponse, types::ServiceError>> + Send;

    /// Answers a job as it is now. Throws NOT_FOUND.
    fn get_job(
        &self,
        call: &Call,
        request: training::GetJobRequest,
    ) -> impl Future<Output = Result<training::GetJobResponse, types::ServiceError>> + Send;

    /// Answers the events of a job after a sequence number, waiting for one if there is none. Throws NOT_FOUND, INVALID_ARGUMENT (wait_ms).
    fn watch_job(
        &self,
        call: &Call,
        request: training::WatchJobRequest,
    ) -> impl Future<Output = Result<training::WatchJobResponse, types::ServiceError>> + Send;

    /// Answers the jobs, newest first, a page at a time. Throws INVALID_ARGUMENT (limit).
    fn list_jobs(
        &self,
        call: &Call,
        request: training::ListJobsRequest,
    ) -> impl Future<Output = Result<training::ListJobsResponse, types::ServiceError>> + Send;

    /// Cancels a job that waits or runs; one that has ended is answered as it is. Throws NOT_FOUND.
    fn cancel_job(
        &self,
        call: &Call,
        request: training::CancelJobRequest,
    ) -> impl Future<Output = Result<training::CancelJobResponse, types::ServiceError>> + Send;

    /// Learns from a batch of rows, one call after the other, and answers when that is durable. `predict` goes by versions as ever:
    /// `publish_every` and `publish` make them; a version that is not published when the call has to be answered is so afterwards, and
    /// `notes` say it. A repeated idempotency key answers what the first answered, of the last 1000 batches; with other rows it is
    /// INVALID_ARGUMENT.
    /// After any error nothing was learned. Throws INVALID_ARGUMENT (name, step, hyper-parameter, column, value, class, or what is
    /// said otherwise than before), NOT_FOUND (no learner, and no steps), FAILED_PRECONDITION (expected_batch, or not all classes seen),
    /// OVERLOADED (too many learners, or calls that wait), DEADLINE_EXCEEDED.
    fn partial_fit(
        &self,
        call: &Call,
        request: training::PartialFitRequest,
    ) -> impl Future<Output = Result<training::PartialFitResponse, types::ServiceError>> + Send;

    /// Answers how a learner is. Throws NOT_FOUND.
    fn get_learner(
        &self,
        call: &Call,
        request: training::GetLearnerRequest,
    ) -> impl Future<Output = Result<training::GetLearnerResponse, types::ServiceError>> + Send;

    /// Deletes a learner; the versions that it published stay. Throws NOT_FOUND.
    fn delete_learner(
        &self,
        call: &Call,
        request: training::DeleteLearnerRequest,
    ) -> impl Future<Output = Result<training::DeleteLearnerResponse, types::ServiceError>> + Send;
}

/// One value that serves everything.
pub trait Services: Datasets + Health + Inference + Models + Training {}

impl<T: Datasets + Health + Inference + Models + Training> Services for T {}

/// The method of this name, called bare (`None`) or as one of a service.
pub fn find(service: Option<&str>, name: &str) -> Option<&'static Method> {
    let id = match name {
        "create_dataset" => 0,
        "append_rows" => 1,
        "commit_dataset" => 2,
        "describe_dataset" => 3,
        "list_datasets" => 4,
        "delete_dataset" => 5,
        "hello" => 6,
        "status" => 7,
        "describe" => 8,
        "echo" => 9,
        "predict" => 10,
        "predict_many" => 11,
        "explain" => 12,
        "list_models" => 13,
        "describe_model" => 14,
        "get_training_result" => 15,
        "export_model" => 16,
        "load_model" => 17,
        "unload_model" => 18,
        "set_alias" => 19,
        "delete_version" => 20,
        "train" => 21,
        "search" => 22,
        "get_search_result" => 23,
        "evaluate" => 24,
        "permutation_importance" => 25,
        "get_job" => 26,
        "watch_job" => 27,
        "list_jobs" => 28,
        "cancel_job" => 29,
        "partial_fit" => 30,
        "get_learner" => 31,
        "delete_learner" => 32,
        _ => return None,
    };
    METHODS.get(id).filter(|method| service.is_none_or(|service| service == method.service))
}

/// Decodes the arguments, holds what they name against the caller, calls the method, encodes what it answers.
pub fn dispatch<'a, S: Services>(services: &'a S, method: &Method, call: &Call, arguments: Arguments) -> Begun<'a, Reply> {
    match method.id {
        0 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.create_dataset(&call, request)).await }) }
        1 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.append_rows(&call, request)).await }) }
        2 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.commit_dataset(&call, request)).await }) }
        3 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.describe_dataset(&call, request)).await }) }
        4 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.list_datasets(&call, request)).await }) }
        5 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.delete_dataset(&call, request)).await }) }
        6 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.hello(&call, request)).await }) }
        7 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.status(&call, request)).await }) }
        8 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.describe(&call, request)).await }) }
        9 => runtime::begin(call, arguments, |call, request| services.echo(call, request)),
        10 => runtime::begin(call, arguments, |call, request| services.predict(call, request)),
        11 => runtime::begin(call, arguments, |call, request| services.predict_many(call, request)),
        12 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.explain(&call, request)).await }) }
        13 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.list_models(&call, request)).await }) }
        14 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.describe_model(&call, request)).await }) }
        15 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.get_training_result(&call, request)).await }) }
        16 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.export_model(&call, request)).await }) }
        17 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.load_model(&call, request)).await }) }
        18 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.unload_model(&call, request)).await }) }
        19 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.set_alias(&call, request)).await }) }
        20 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.delete_version(&call, request)).await }) }
        21 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.train(&call, request)).await }) }
        22 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.search(&call, request)).await }) }
        23 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.get_search_result(&call, request)).await }) }
        24 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.evaluate(&call, request)).await }) }
        25 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.permutation_importance(&call, request)).await }) }
        26 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.get_job(&call, request)).await }) }
        27 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.watch_job(&call, request)).await }) }
        28 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.list_jobs(&call, request)).await }) }
        29 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.cancel_job(&call, request)).await }) }
        30 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.partial_fit(&call, request)).await }) }
        31 => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.get_learner(&call, request)).await }) }
        // 32: METHODS has no other id.
        _ => { let call = call.clone(); Begun::waits(async move { runtime::answer(&call, arguments, |request| services.delete_learner(&call, request)).await }) }
    }
}

impl Resources for datasets::CreateDatasetRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.name.as_deref().map(Resource::Dataset)].into_iter().flatten()
    }
}

impl Resources for datasets::AppendRowsRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.upload_id.as_deref().map(Resource::Upload)].into_iter().flatten()
    }
}

impl Resources for datasets::CommitDatasetRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.upload_id.as_deref().map(Resource::Upload)].into_iter().flatten()
    }
}

impl Resources for datasets::DescribeDatasetRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.dataset.as_deref().map(Resource::Dataset)].into_iter().flatten()
    }
}

impl Resources for datasets::ListDatasetsRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        std::iter::empty()
    }
}

impl Resources for datasets::DeleteDatasetRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.name.as_deref().map(Resource::Dataset), self.version.map(Resource::Version)].into_iter().flatten()
    }
}

impl Resources for health::HelloRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        std::iter::empty()
    }
}

impl Resources for health::StatusRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        std::iter::empty()
    }
}

impl Resources for health::DescribeRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        std::iter::empty()
    }
}

impl Resources for health::EchoRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        std::iter::empty()
    }
}

impl Resources for inference::PredictRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.model.as_deref().map(Resource::Model)].into_iter().flatten()
    }
}

impl Resources for inference::PredictManyRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        std::iter::empty()
    }
}

impl Resources for inference::ExplainRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.model.as_deref().map(Resource::Model)].into_iter().flatten()
    }
}

impl Resources for models::ListModelsRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        std::iter::empty()
    }
}

impl Resources for models::DescribeModelRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.model.as_deref().map(Resource::Model)].into_iter().flatten()
    }
}

impl Resources for models::GetTrainingResultRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.model.as_deref().map(Resource::Model)].into_iter().flatten()
    }
}

impl Resources for models::ExportModelRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.model.as_deref().map(Resource::Model)].into_iter().flatten()
    }
}

impl Resources for models::SetAliasRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.model.as_deref().map(Resource::Model), self.alias_name.as_deref().map(Resource::Alias), self.version.map(Resource::Version)].into_iter().flatten()
    }
}

impl Resources for models::LoadModelRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.model.as_deref().map(Resource::Model), self.version.map(Resource::Version)].into_iter().flatten()
    }
}

impl Resources for models::UnloadModelRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.model.as_deref().map(Resource::Model), self.version.map(Resource::Version)].into_iter().flatten()
    }
}

impl Resources for models::DeleteVersionRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.model.as_deref().map(Resource::Model), self.version.map(Resource::Version)].into_iter().flatten()
    }
}

impl Resources for search::SearchRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.model.as_deref().map(Resource::Model), self.dataset.as_deref().map(Resource::Dataset)].into_iter().flatten()
    }
}

impl Resources for search::GetSearchResultRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.job_id.as_deref().map(Resource::Job)].into_iter().flatten()
    }
}

impl Resources for training::TrainRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.model.as_deref().map(Resource::Model), self.dataset.as_deref().map(Resource::Dataset)].into_iter().flatten()
    }
}

impl Resources for training::GetJobRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.job_id.as_deref().map(Resource::Job)].into_iter().flatten()
    }
}

impl Resources for training::WatchJobRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.job_id.as_deref().map(Resource::Job)].into_iter().flatten()
    }
}

impl Resources for training::ListJobsRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        std::iter::empty()
    }
}

impl Resources for training::CancelJobRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.job_id.as_deref().map(Resource::Job)].into_iter().flatten()
    }
}

impl Resources for training::EvaluateRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.model.as_deref().map(Resource::Model), self.dataset.as_deref().map(Resource::Dataset)].into_iter().flatten()
    }
}

impl Resources for training::PermutationImportanceRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.model.as_deref().map(Resource::Model), self.dataset.as_deref().map(Resource::Dataset)].into_iter().flatten()
    }
}

impl Resources for training::PartialFitRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.model.as_deref().map(Resource::Model)].into_iter().flatten()
    }
}

impl Resources for training::GetLearnerRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.model.as_deref().map(Resource::Model)].into_iter().flatten()
    }
}

impl Resources for training::DeleteLearnerRequest {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.model.as_deref().map(Resource::Model)].into_iter().flatten()
    }
}

impl Resources for inference::PredictItem {
    fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        [self.model.as_deref().map(Resource::Model)].into_iter().flatten()
    }
}

impl Direct for health::EchoRequest {
    fn empty() -> Self {
        Self { context: None, payload: None, reply_bytes: None }
    }

    fn fields<S: Source>(&mut self, source: &mut S) -> Option<()> {
        while let Some(field) = source.field()? {
            match field {
                (Kind::Struct, 1) => self.context.insert(types::RequestContext::empty()).read(source)?,
                (Kind::Text, 2) => self.payload = Some(source.bytes()?),
                (Kind::I64, 3) => self.reply_bytes = Some(source.i64()?),
                _ => return None,
            }
        }
        Some(())
    }

    fn write<S: Sink>(&self, sink: &mut S) {
        let outer = sink.enter();
        if let Some(value) = &self.context {
            sink.field(Kind::Struct, 1);
            value.write(sink);
        }
        if let Some(value) = &self.payload {
            sink.field(Kind::Text, 2);
            sink.bytes(value);
        }
        if let Some(value) = &self.reply_bytes {
            sink.field(Kind::I64, 3);
            sink.i64(*value);
        }
        sink.leave(outer);
    }
}

impl Direct for health::EchoResponse {
    fn empty() -> Self {
        Self { payload: None }
    }

    fn fields<S: Source>(&mut self, source: &mut S) -> Option<()> {
        while let Some(field) = source.field()? {
            match field {
                (Kind::Text, 1) => self.payload = Some(source.bytes()?),
                _ => return None,
            }
        }
        Some(())
    }

    fn write<S: Sink>(&self, sink: &mut S) {
        let outer = sink.enter();
        if let Some(value) = &self.payload {
            sink.field(Kind::Text, 1);
            sink.bytes(value);
        }
        sink.leave(outer);
    }
}

impl Direct for inference::PredictRequest {
    fn empty() -> Self {
        Self { context: None, model: None, matrix: None, table: None }
    }

    fn fields<S: Source>(&mut self, source: &mut S) -> Option<()> {
        while let Some(field) = source.field()? {
            match field {
                (Kind::Struct, 1) => self.context.insert(types::RequestContext::empty()).read(source)?,
                (Kind::Text, 2) => self.model = Some(source.text()?),
                (Kind::Struct, 3) => self.matrix.insert(types::Tensor::empty()).read(source)?,
                (Kind::Struct, 4) => self.table.insert(types::Table::empty()).read(source)?,
                _ => return None,
            }
        }
        Some(())
    }

    fn write<S: Sink>(&self, sink: &mut S) {
        let outer = sink.enter();
        if let Some(value) = &self.context {
            sink.field(Kind::Struct, 1);
            value.write(sink);
        }
        if let Some(value) = &self.model {
            sink.field(Kind::Text, 2);
            sink.text(value);
        }
        if let Some(value) = &self.matrix {
            sink.field(Kind::Struct, 3);
            value.write(sink);
        }
        if let Some(value) = &self.table {
            sink.field(Kind::Struct, 4);
            value.write(sink);
        }
        sink.leave(outer);
    }
}

impl Direct for inference::PredictResponse {
    fn empty() -> Self {
        Self { model: None, version: None, generation: None, values: None, labels: None, probabilities: None, classes: None, clusters: None, distances: None, transformed: None }
    }

    fn fields<S: Source>(&mut self, source: &mut S) -> Option<()> {
        while let Some(field) = source.field()? {
            match field {
                (Kind::Text, 1) => self.model = Some(source.text()?),
                (Kind::I64, 2) => self.version = Some(source.i64()?),
                (Kind::I64, 3) => self.generation = Some(source.i64()?),
                (Kind::Struct, 4) => self.values.insert(types::Tensor::empty()).read(source)?,
                (Kind::Struct, 5) => self.labels.insert(types::Column::empty()).read(source)?,
                (Kind::Struct, 6) => self.probabilities.insert(types::Tensor::empty()).read(source)?,
                (Kind::Struct, 7) => self.classes.insert(types::Column::empty()).read(source)?,
                (Kind::Struct, 8) => self.clusters.insert(types::Tensor::empty()).read(source)?,
                (Kind::Struct, 9) => self.distances.insert(types::Tensor::empty()).read(source)?,
                (Kind::Struct, 10) => self.transformed.insert(types::Tensor::empty()).read(source)?,
                _ => return None,
            }
        }
        Some(())
    }

    fn write<S: Sink>(&self, sink: &mut S) {
        let outer = sink.enter();
        if let Some(value) = &self.model {
            sink.field(Kind::Text, 1);
            sink.text(value);
        }
        if let Some(value) = &self.version {
            sink.field(Kind::I64, 2);
            sink.i64(*value);
        }
        if let Some(value) = &self.generation {
            sink.field(Kind::I64, 3);
            sink.i64(*value);
        }
        if let Some(value) = &self.values {
            sink.field(Kind::Struct, 4);
            value.write(sink);
        }
        if let Some(value) = &self.labels {
            sink.field(Kind::Struct, 5);
            value.write(sink);
        }
        if let Some(value) = &self.probabilities {
            sink.field(Kind::Struct, 6);
            value.write(sink);
        }
        if let Some(value) = &self.classes {
            sink.field(Kind::Struct, 7);
            value.write(sink);
        }
        if let Some(value) = &self.clusters {
            sink.field(Kind::Struct, 8);
            value.write(sink);
        }
        if let Some(value) = &self.distances {
            sink.field(Kind::Struct, 9);
            value.write(sink);
        }
        if let Some(value) = &self.transformed {
            sink.field(Kind::Struct, 10);
            value.write(sink);
        }
        sink.leave(outer);
    }
}

impl Direct for inference::PredictItem {
    fn empty() -> Self {
        Self { model: None, matrix: None, table: None, min_generation: None }
    }

    fn fields<S: Source>(&mut self, source: &mut S) -> Option<()> {
        while let Some(field) = source.field()? {
            match field {
                (Kind::Text, 1) => self.model = Some(source.text()?),
                (Kind::Struct, 2) => self.matrix.insert(types::Tensor::empty()).read(source)?,
                (Kind::Struct, 3) => self.table.insert(types::Table::empty()).read(source)?,
                (Kind::I64, 4) => self.min_generation = Some(source.i64()?),
                _ => return None,
            }
        }
        Some(())
    }

    fn write<S: Sink>(&self, sink: &mut S) {
        let outer = sink.enter();
        if let Some(value) = &self.model {
            sink.field(Kind::Text, 1);
            sink.text(value);
        }
        if let Some(value) = &self.matrix {
            sink.field(Kind::Struct, 2);
            value.write(sink);
        }
        if let Some(value) = &self.table {
            sink.field(Kind::Struct, 3);
            value.write(sink);
        }
        if let Some(value) = &self.min_generation {
            sink.field(Kind::I64, 4);
            sink.i64(*value);
        }
        sink.leave(outer);
    }
}

impl Direct for inference::PredictManyRequest {
    fn empty() -> Self {
        Self { context: None, items: None }
    }

    fn fields<S: Source>(&mut self, source: &mut S) -> Option<()> {
        while let Some(field) = source.field()? {
            match field {
                (Kind::Struct, 1) => self.context.insert(types::RequestContext::empty()).read(source)?,
                (Kind::List, 2) => self.items = Some(source.list(Kind::Struct, |source| Some(inference::PredictItem::one(source)?))?),
                _ => return None,
            }
        }
        Some(())
    }

    fn write<S: Sink>(&self, sink: &mut S) {
        let outer = sink.enter();
        if let Some(value) = &self.context {
            sink.field(Kind::Struct, 1);
            value.write(sink);
        }
        if let Some(value) = &self.items {
            sink.field(Kind::List, 2);
            sink.list(Kind::Struct, value, |sink, it| it.write(sink));
        }
        sink.leave(outer);
    }
}

impl Direct for inference::PredictOutcome {
    fn empty() -> Self {
        Self { response: None, error: None }
    }

    fn fields<S: Source>(&mut self, source: &mut S) -> Option<()> {
        while let Some(field) = source.field()? {
            match field {
                (Kind::Struct, 1) => self.response.insert(inference::PredictResponse::empty()).read(source)?,
                (Kind::Struct, 2) => self.error.insert(types::ServiceError::empty()).read(source)?,
                _ => return None,
            }
        }
        Some(())
    }

    fn write<S: Sink>(&self, sink: &mut S) {
        let outer = sink.enter();
        if let Some(value) = &self.response {
            sink.field(Kind::Struct, 1);
            value.write(sink);
        }
        if let Some(value) = &self.error {
            sink.field(Kind::Struct, 2);
            value.write(sink);
        }
        sink.leave(outer);
    }
}

impl Direct for inference::PredictManyResponse {
    fn empty() -> Self {
        Self { outcomes: None }
    }

    fn fields<S: Source>(&mut self, source: &mut S) -> Option<()> {
        while let Some(field) = source.field()? {
            match field {
                (Kind::List, 1) => self.outcomes = Some(source.list(Kind::Struct, |source| Some(inference::PredictOutcome::one(source)?))?),
                _ => return None,
            }
        }
        Some(())
    }

    fn write<S: Sink>(&self, sink: &mut S) {
        let outer = sink.enter();
        if let Some(value) = &self.outcomes {
            sink.field(Kind::List, 1);
            sink.list(Kind::Struct, value, |sink, it| it.write(sink));
        }
        sink.leave(outer);
    }
}

impl Direct for types::RequestContext {
    fn empty() -> Self {
        Self { deadline_ms: None, request_id: None, traceparent: None, token: None, priority: None, idempotency_key: None, min_generation: None }
    }

    fn fields<S: Source>(&mut self, source: &mut S) -> Option<()> {
        while let Some(field) = source.field()? {
            match field {
                (Kind::I64, 1) => self.deadline_ms = Some(source.i64()?),
                (Kind::Text, 2) => self.request_id = Some(source.text()?),
                (Kind::Text, 3) => self.traceparent = Some(source.text()?),
                (Kind::Text, 4) => self.token = Some(source.text()?),
                (Kind::I32, 5) => self.priority = Some(source.i32()?),
                (Kind::Text, 6) => self.idempotency_key = Some(source.text()?),
                (Kind::I64, 7) => self.min_generation = Some(source.i64()?),
                _ => return None,
            }
        }
        Some(())
    }

    fn write<S: Sink>(&self, sink: &mut S) {
        let outer = sink.enter();
        if let Some(value) = &self.deadline_ms {
            sink.field(Kind::I64, 1);
            sink.i64(*value);
        }
        if let Some(value) = &self.request_id {
            sink.field(Kind::Text, 2);
            sink.text(value);
        }
        if let Some(value) = &self.traceparent {
            sink.field(Kind::Text, 3);
            sink.text(value);
        }
        if let Some(value) = &self.token {
            sink.field(Kind::Text, 4);
            sink.text(value);
        }
        if let Some(value) = &self.priority {
            sink.field(Kind::I32, 5);
            sink.i32(*value);
        }
        if let Some(value) = &self.idempotency_key {
            sink.field(Kind::Text, 6);
            sink.text(value);
        }
        if let Some(value) = &self.min_generation {
            sink.field(Kind::I64, 7);
            sink.i64(*value);
        }
        sink.leave(outer);
    }
}

impl Direct for types::ServiceError {
    fn empty() -> Self {
        Self { code: None, code_name: None, message: None, hint: None, executed: None, retry_after_ms: None, request_id: None }
    }

    fn fields<S: Source>(&mut self, source: &mut S) -> Option<()> {
        while let Some(field) = source.field()? {
            match field {
                (Kind::I32, 1) => self.code = Some(source.i32()?),
                (Kind::Text, 2) => self.code_name = Some(source.text()?),
                (Kind::Text, 3) => self.message = Some(source.text()?),
                (Kind::Text, 4) => self.hint = Some(source.text()?),
                (Kind::Bool, 5) => self.executed = Some(source.bool()?),
                (Kind::I64, 6) => self.retry_after_ms = Some(source.i64()?),
                (Kind::Text, 7) => self.request_id = Some(source.text()?),
                _ => return None,
            }
        }
        Some(())
    }

    fn write<S: Sink>(&self, sink: &mut S) {
        let outer = sink.enter();
        if let Some(value) = &self.code {
            sink.field(Kind::I32, 1);
            sink.i32(*value);
        }
        if let Some(value) = &self.code_name {
            sink.field(Kind::Text, 2);
            sink.text(value);
        }
        if let Some(value) = &self.message {
            sink.field(Kind::Text, 3);
            sink.text(value);
        }
        if let Some(value) = &self.hint {
            sink.field(Kind::Text, 4);
            sink.text(value);
        }
        if let Some(value) = self.executed {
            sink.flag(5, value);
        }
        if let Some(value) = &self.retry_after_ms {
            sink.field(Kind::I64, 6);
            sink.i64(*value);
        }
        if let Some(value) = &self.request_id {
            sink.field(Kind::Text, 7);
            sink.text(value);
        }
        sink.leave(outer);
    }
}

impl Direct for types::Tensor {
    fn empty() -> Self {
        Self { dtype: None, shape: None, data: None }
    }

    fn fields<S: Source>(&mut self, source: &mut S) -> Option<()> {
        while let Some(field) = source.field()? {
            match field {
                (Kind::I32, 1) => self.dtype = Some(types::DType::from(source.i32()?)),
                (Kind::List, 2) => self.shape = Some(source.list(Kind::I64, |source| Some(source.i64()?))?),
                (Kind::Text, 3) => self.data = Some(source.bytes()?),
                _ => return None,
            }
        }
        Some(())
    }

    fn write<S: Sink>(&self, sink: &mut S) {
        let outer = sink.enter();
        if let Some(value) = &self.dtype {
            sink.field(Kind::I32, 1);
            sink.i32(value.0);
        }
        if let Some(value) = &self.shape {
            sink.field(Kind::List, 2);
            sink.list(Kind::I64, value, |sink, it| sink.i64(*it));
        }
        if let Some(value) = &self.data {
            sink.field(Kind::Text, 3);
            sink.bytes(value);
        }
        sink.leave(outer);
    }
}

impl Direct for types::Column {
    fn empty() -> Self {
        Self { name: None, type_: None, type_name: None, tensor: None, text_data: None, text_offsets: None, missing: None }
    }

    fn fields<S: Source>(&mut self, source: &mut S) -> Option<()> {
        while let Some(field) = source.field()? {
            match field {
                (Kind::Text, 1) => self.name = Some(source.text()?),
                (Kind::I32, 2) => self.type_ = Some(source.i32()?),
                (Kind::Text, 3) => self.type_name = Some(source.text()?),
                (Kind::Struct, 4) => self.tensor.insert(types::Tensor::empty()).read(source)?,
                (Kind::Text, 5) => self.text_data = Some(source.bytes()?),
                (Kind::Text, 6) => self.text_offsets = Some(source.bytes()?),
                (Kind::Text, 7) => self.missing = Some(source.bytes()?),
                _ => return None,
            }
        }
        Some(())
    }

    fn write<S: Sink>(&self, sink: &mut S) {
        let outer = sink.enter();
        if let Some(value) = &self.name {
            sink.field(Kind::Text, 1);
            sink.text(value);
        }
        if let Some(value) = &self.type_ {
            sink.field(Kind::I32, 2);
            sink.i32(*value);
        }
        if let Some(value) = &self.type_name {
            sink.field(Kind::Text, 3);
            sink.text(value);
        }
        if let Some(value) = &self.tensor {
            sink.field(Kind::Struct, 4);
            value.write(sink);
        }
        if let Some(value) = &self.text_data {
            sink.field(Kind::Text, 5);
            sink.bytes(value);
        }
        if let Some(value) = &self.text_offsets {
            sink.field(Kind::Text, 6);
            sink.bytes(value);
        }
        if let Some(value) = &self.missing {
            sink.field(Kind::Text, 7);
            sink.bytes(value);
        }
        sink.leave(outer);
    }
}

impl Direct for types::Table {
    fn empty() -> Self {
        Self { columns: None }
    }

    fn fields<S: Source>(&mut self, source: &mut S) -> Option<()> {
        while let Some(field) = source.field()? {
            match field {
                (Kind::List, 1) => self.columns = Some(source.list(Kind::Struct, |source| Some(types::Column::one(source)?))?),
                _ => return None,
            }
        }
        Some(())
    }

    fn write<S: Sink>(&self, sink: &mut S) {
        let outer = sink.enter();
        if let Some(value) = &self.columns {
            sink.field(Kind::List, 1);
            sink.list(Kind::Struct, value, |sink, it| it.write(sink));
        }
        sink.leave(outer);
    }
}

/// Calls the methods of `Datasets` over a channel.
pub struct DatasetsClient<'a, C>(pub &'a C);

impl<C: Channel> DatasetsClient<'_, C> {
    /// Starts a new version of a data set. Throws INVALID_ARGUMENT (name), OVERLOADED (too many open uploads).
    pub async fn create_dataset(
        &self,
        request: datasets::CreateDatasetRequest,
    ) -> Result<datasets::CreateDatasetResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[0], request).await
    }

    /// Appends rows; what is answered is on disk. Throws NOT_FOUND (upload), INVALID_ARGUMENT (column, type, checksum),
    /// FAILED_PRECONDITION (an offset that is not where the last piece ended; already committed).
    pub async fn append_rows(
        &self,
        request: datasets::AppendRowsRequest,
    ) -> Result<datasets::AppendRowsResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[1], request).await
    }

    /// Makes the rows a version that never changes. Committing again answers the same version. Throws NOT_FOUND (upload),
    /// FAILED_PRECONDITION (no rows, or another number of rows).
    pub async fn commit_dataset(
        &self,
        request: datasets::CommitDatasetRequest,
    ) -> Result<datasets::CommitDatasetResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[2], request).await
    }

    /// Answers schema and statistics of a version. Throws NOT_FOUND, INVALID_ARGUMENT (reference).
    pub async fn describe_dataset(
        &self,
        request: datasets::DescribeDatasetRequest,
    ) -> Result<datasets::DescribeDatasetResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[3], request).await
    }

    /// Answers the data sets, a page at a time. Throws INVALID_ARGUMENT (limit).
    pub async fn list_datasets(
        &self,
        request: datasets::ListDatasetsRequest,
    ) -> Result<datasets::ListDatasetsResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[4], request).await
    }

    /// Deletes a version, or all versions of a name. Throws NOT_FOUND.
    pub async fn delete_dataset(
        &self,
        request: datasets::DeleteDatasetRequest,
    ) -> Result<datasets::DeleteDatasetResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[5], request).await
    }
}

/// Calls the methods of `Health` over a channel.
pub struct HealthClient<'a, C>(pub &'a C);

impl<C: Channel> HealthClient<'_, C> {
    /// Greets. Throws INVALID_ARGUMENT (a name of more than 256 characters).
    pub async fn hello(
        &self,
        request: health::HelloRequest,
    ) -> Result<health::HelloResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[6], request).await
    }

    /// Answers whether the server and each model are live and ready. Throws nothing of its own.
    pub async fn status(
        &self,
        request: health::StatusRequest,
    ) -> Result<health::StatusResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[7], request).await
    }

    /// Answers version, limits, methods, and the algorithms with their hyper-parameters. Throws nothing of its own.
    pub async fn describe(
        &self,
        request: health::DescribeRequest,
    ) -> Result<health::DescribeResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[8], request).await
    }

    /// Sends the payload back: for measuring latency and bandwidth. Throws INVALID_ARGUMENT (reply_bytes).
    pub async fn echo(
        &self,
        request: health::EchoRequest,
    ) -> Result<health::EchoResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[9], request).await
    }
}

/// Calls the methods of `Inference` over a channel.
pub struct InferenceClient<'a, C>(pub &'a C);

impl<C: Channel> InferenceClient<'_, C> {
    /// Answers one prediction for each row. Throws NOT_FOUND (model, version or alias), INVALID_ARGUMENT (shape, column, type,
    /// missing value or NaN, or a row whose answer is not finite, named; more rows than the queue or a reply holds),
    /// FAILED_PRECONDITION (the version is unloaded; the model is transductive: `get_training_result` reads what it has), OVERLOADED,
    /// DEADLINE_EXCEEDED.
    pub async fn predict(
        &self,
        request: inference::PredictRequest,
    ) -> Result<inference::PredictResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[10], request).await
    }

    /// Answers each item as `predict` would alone, to the bit: one that is wrong, denied or late is an error of its own and
    /// changes no other. Deadline, token and priority are those of the call. Throws INVALID_ARGUMENT (more than 1,000 items, or
    /// answers that together are more than a reply holds; nothing was run), DEADLINE_EXCEEDED.
    pub async fn predict_many(
        &self,
        request: inference::PredictManyRequest,
    ) -> Result<inference::PredictManyResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[11], request).await
    }

    /// Answers what each column adds to the answers of `predict`: of linear models each column times its coefficient, of trees and
    /// forests Shapley values (TreeSHAP, path-dependent). Throws as `predict`, and FAILED_PRECONDITION for other models, whose answers
    /// are no such sums.
    pub async fn explain(
        &self,
        request: inference::ExplainRequest,
    ) -> Result<inference::ExplainResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[12], request).await
    }
}

/// Calls the methods of `Models` over a channel.
pub struct ModelsClient<'a, C>(pub &'a C);

impl<C: Channel> ModelsClient<'_, C> {
    /// Answers the models with their versions and aliases, a page at a time. Throws INVALID_ARGUMENT (limit).
    pub async fn list_models(
        &self,
        request: models::ListModelsRequest,
    ) -> Result<models::ListModelsResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[13], request).await
    }

    /// Answers what a version takes, how it was made and how well it fits. Throws NOT_FOUND, INVALID_ARGUMENT (reference).
    pub async fn describe_model(
        &self,
        request: models::DescribeModelRequest,
    ) -> Result<models::DescribeModelResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[14], request).await
    }

    /// Answers what a transductive model (such as dbscan) made of the rows that it was trained on, in their order. Throws NOT_FOUND,
    /// INVALID_ARGUMENT (reference, from_row, limit), FAILED_PRECONDITION (the model is not transductive: it answers `predict`; or it
    /// is not loaded), UNAVAILABLE (it is being loaded, or damaged).
    pub async fn get_training_result(
        &self,
        request: models::GetTrainingResultRequest,
    ) -> Result<models::GetTrainingResultResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[15], request).await
    }

    /// Answers a version as a file that other programs compute predictions with, in pieces where it is large. Throws NOT_FOUND,
    /// INVALID_ARGUMENT (reference, format, from_byte), FAILED_PRECONDITION (a step cannot be written in this format, and which can;
    /// it is not loaded; or writing it takes more memory than the server gives to messages), OVERLOADED (so much is not free now),
    /// UNAVAILABLE (it is being loaded, or damaged).
    pub async fn export_model(
        &self,
        request: models::ExportModelRequest,
    ) -> Result<models::ExportModelResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[16], request).await
    }

    /// Reads a version from disk, verifies it and serves it once it answers its stored rows as it did when it was trained; a
    /// restart loads it again. Loading what is loaded changes nothing. Throws NOT_FOUND, INVALID_ARGUMENT (replacement),
    /// FAILED_PRECONDITION (no room in the server's budget, and then nothing was read; damaged, with the reason).
    pub async fn load_model(
        &self,
        request: models::LoadModelRequest,
    ) -> Result<models::LoadModelResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[17], request).await
    }

    /// Stops serving a version, which stays on disk, and stays unloaded after a restart. Calls that have begun are answered, and
    /// then its memory is freed. Unloading what is not loaded changes nothing. Throws NOT_FOUND, FAILED_PRECONDITION (an alias
    /// names it).
    pub async fn unload_model(
        &self,
        request: models::UnloadModelRequest,
    ) -> Result<models::UnloadModelResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[18], request).await
    }

    /// Points an alias at a version, if the alias is still as the caller has seen it. Throws NOT_FOUND (model or version),
    /// INVALID_ARGUMENT (name), FAILED_PRECONDITION (another generation; removing `stable`; a version that is not loaded).
    pub async fn set_alias(
        &self,
        request: models::SetAliasRequest,
    ) -> Result<models::SetAliasResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[19], request).await
    }

    /// Deletes a version for good. Throws NOT_FOUND, FAILED_PRECONDITION (an alias names it; `stable` goes with the last
    /// version of a model).
    pub async fn delete_version(
        &self,
        request: models::DeleteVersionRequest,
    ) -> Result<models::DeleteVersionResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[20], request).await
    }
}

/// Calls the methods of `Training` over a channel.
pub struct TrainingClient<'a, C>(pub &'a C);

impl<C: Channel> TrainingClient<'_, C> {
    /// Stores what is needed to train and answers a job at once; the job outlives a restart of the server. Throws
    /// INVALID_ARGUMENT (name, step, hyper-parameter, column, value, named), NOT_FOUND (data set), OVERLOADED (too many jobs wait).
    pub async fn train(
        &self,
        request: training::TrainRequest,
    ) -> Result<training::TrainResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[21], request).await
    }

    /// Tries hyper-parameters by cross-validation: answers a job at once, as `train` does, whose table `get_search_result` answers
    /// when it has ended, and which publishes the best pipeline if asked to. A candidate that cannot be fitted ends nothing. Throws
    /// INVALID_ARGUMENT (as `train`; too many fits, what is searched, folds, scoring, named), NOT_FOUND (data set), OVERLOADED (too
    /// many jobs wait).
    pub async fn search(
        &self,
        request: search::SearchRequest,
    ) -> Result<training::SearchResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[22], request).await
    }

    /// Answers the table of a search, 1000 candidates at a time. Throws NOT_FOUND, FAILED_PRECONDITION (the job is no search, or has no
    /// table: it has not ended, was cancelled, or failed before it had measured all candidates), INVALID_ARGUMENT (from_candidate, limit).
    pub async fn get_search_result(
        &self,
        request: search::GetSearchResultRequest,
    ) -> Result<search::GetSearchResultResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[23], request).await
    }

    /// Answers what a model is worth on rows whose targets are known: metrics with scikit-learn's values. Throws NOT_FOUND (model,
    /// data set), INVALID_ARGUMENT (column, row, value, named), FAILED_PRECONDITION (the version is not loaded), OVERLOADED,
    /// DEADLINE_EXCEEDED.
    pub async fn evaluate(
        &self,
        request: training::EvaluateRequest,
    ) -> Result<training::EvaluateResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[24], request).await
    }

    /// Answers by how much a score of a model falls when the values of one column are shuffled among the rows: of each column the
    /// model takes, several times. Throws NOT_FOUND (model, data set), INVALID_ARGUMENT (column, row, value, scoring, n_repeats,
    /// named), FAILED_PRECONDITION (the version is not loaded), OVERLOADED, DEADLINE_EXCEEDED (every shuffle predicts all rows).
    pub async fn permutation_importance(
        &self,
        request: training::PermutationImportanceRequest,
    ) -> Result<training::PermutationImportanceResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[25], request).await
    }

    /// Answers a job as it is now. Throws NOT_FOUND.
    pub async fn get_job(
        &self,
        request: training::GetJobRequest,
    ) -> Result<training::GetJobResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[26], request).await
    }

    /// Answers the events of a job after a sequence number, waiting for one if there is none. Throws NOT_FOUND, INVALID_ARGUMENT (wait_ms).
    pub async fn watch_job(
        &self,
        request: training::WatchJobRequest,
    ) -> Result<training::WatchJobResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[27], request).await
    }

    /// Answers the jobs, newest first, a page at a time. Throws INVALID_ARGUMENT (limit).
    pub async fn list_jobs(
        &self,
        request: training::ListJobsRequest,
    ) -> Result<training::ListJobsResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[28], request).await
    }

    /// Cancels a job that waits or runs; one that has ended is answered as it is. Throws NOT_FOUND.
    pub async fn cancel_job(
        &self,
        request: training::CancelJobRequest,
    ) -> Result<training::CancelJobResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[29], request).await
    }

    /// Learns from a batch of rows, one call after the other, and answers when that is durable. `predict` goes by versions as ever:
    /// `publish_every` and `publish` make them; a version that is not published when the call has to be answered is so afterwards, and
    /// `notes` say it. A repeated idempotency key answers what the first answered, of the last 1000 batches; with other rows it is
    /// INVALID_ARGUMENT.
    /// After any error nothing was learned. Throws INVALID_ARGUMENT (name, step, hyper-parameter, column, value, class, or what is
    /// said otherwise than before), NOT_FOUND (no learner, and no steps), FAILED_PRECONDITION (expected_batch, or not all classes seen),
    /// OVERLOADED (too many learners, or calls that wait), DEADLINE_EXCEEDED.
    pub async fn partial_fit(
        &self,
        request: training::PartialFitRequest,
    ) -> Result<training::PartialFitResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[30], request).await
    }

    /// Answers how a learner is. Throws NOT_FOUND.
    pub async fn get_learner(
        &self,
        request: training::GetLearnerRequest,
    ) -> Result<training::GetLearnerResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[31], request).await
    }

    /// Deletes a learner; the versions that it published stay. Throws NOT_FOUND.
    pub async fn delete_learner(
        &self,
        request: training::DeleteLearnerRequest,
    ) -> Result<training::DeleteLearnerResponse, CallError<types::ServiceError>> {
        runtime::call(self.0, &METHODS[32], request).await
    }
}
