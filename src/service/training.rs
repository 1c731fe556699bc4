//! Training jobs, and training batch by batch.

use super::guard::{Declared, declare};
use super::{Service, page_limit};
use crate::data::Name;
use crate::error::{Error, Result};
use crate::training::Job;
use crate::wire::runtime::{Call, Resource};
use crate::wire::search::{GetSearchResultRequest, GetSearchResultResponse, SearchRequest};
use crate::wire::services::Training;
use crate::wire::training::{
    CancelJobRequest, CancelJobResponse, DeleteLearnerRequest, DeleteLearnerResponse, EvaluateRequest,
    EvaluateResponse, GetJobRequest, GetJobResponse, GetLearnerRequest, GetLearnerResponse, ListJobsRequest,
    ListJobsResponse, PartialFitRequest, PartialFitResponse, PermutationImportanceRequest,
    PermutationImportanceResponse, SearchResponse, TrainRequest, TrainResponse, WatchJobRequest, WatchJobResponse,
};
use crate::wire::{aside, convert};
use std::time::{Duration, Instant};

/// Longest long poll; a client polls again.
const MAX_WAIT_MS: i64 = 30_000;
/// The reply leaves this much before the deadline of its call.
const REPLY_MARGIN: Duration = Duration::from_millis(100);

impl Training for Service {
    async fn train(&self, call: &Call, request: TrainRequest) -> Declared<TrainResponse> {
        declare(call, async {
            let (bytes, key) = (convert::row_bytes(None, request.table.as_ref()), call.idempotency_key.clone());
            let spec = aside(bytes, move || convert::job_spec(request, key)).await??;
            let job = self.parts.jobs.submit(spec).await?;
            call.trail.note(Resource::Job(&job.id));
            Ok(TrainResponse { job: Some(convert::job(&job)) })
        })
        .await
    }

    async fn search(&self, call: &Call, request: SearchRequest) -> Declared<SearchResponse> {
        declare(call, async {
            let (bytes, key) = (convert::row_bytes(None, request.table.as_ref()), call.idempotency_key.clone());
            let asked = aside(bytes, move || convert::search_job(request, key)).await??;
            let job = self.parts.jobs.search(asked).await?;
            call.trail.note(Resource::Job(&job.id));
            Ok(SearchResponse { job: Some(convert::job(&job)) })
        })
        .await
    }

    async fn get_search_result(
        &self,
        call: &Call,
        request: GetSearchResultRequest,
    ) -> Declared<GetSearchResultResponse> {
        declare(call, async {
            let id = request.job_id.unwrap_or_default();
            self.job(call, &id)?;
            let found = self.parts.jobs.search_result(&id).await?;
            convert::search_result(&found, request.from_candidate, page_limit(request.limit)?)
        })
        .await
    }

    async fn evaluate(&self, call: &Call, request: EvaluateRequest) -> Declared<EvaluateResponse> {
        declare(call, self.evaluated(call, request)).await
    }

    async fn permutation_importance(
        &self,
        call: &Call,
        request: PermutationImportanceRequest,
    ) -> Declared<PermutationImportanceResponse> {
        declare(call, self.importances(call, request)).await
    }

    async fn get_job(&self, call: &Call, request: GetJobRequest) -> Declared<GetJobResponse> {
        declare(call, async {
            let job = self.job(call, &request.job_id.unwrap_or_default())?;
            Ok(GetJobResponse { job: Some(convert::job(&job)) })
        })
        .await
    }

    async fn watch_job(&self, call: &Call, request: WatchJobRequest) -> Declared<WatchJobResponse> {
        declare(call, async {
            let wait_ms = request.wait_ms.unwrap_or_default();
            if !(0..=MAX_WAIT_MS).contains(&wait_ms) {
                return Err(Error::invalid(format!("wait_ms is {wait_ms}; it is from 0 to {MAX_WAIT_MS}")));
            }
            let left = call.deadline.saturating_duration_since(Instant::now()).saturating_sub(REPLY_MARGIN);
            let wait = Duration::from_millis(wait_ms.unsigned_abs()).min(left);
            let after = request.after_sequence.unwrap_or_default();
            let after = u64::try_from(after)
                .map_err(|_| Error::invalid(format!("after_sequence is {after}; it is 0 or the number of an event")))?;
            let id = request.job_id.unwrap_or_default();
            self.job(call, &id)?;
            let (events, job) = self.parts.jobs.watch(&id, after, wait).await?;
            let events = events.iter().map(convert::job_event).collect();
            Ok(WatchJobResponse { events: Some(events), job: Some(convert::job(&job)) })
        })
        .await
    }

    async fn list_jobs(&self, call: &Call, request: ListJobsRequest) -> Declared<ListJobsResponse> {
        declare(call, async {
            let shown = |model: &Name| call.caller.identity.covers_model(model.as_str());
            let page = self.parts.jobs.list(request.after.as_deref(), page_limit(request.limit)?, shown)?;
            let jobs = page.entries.iter().map(convert::job).collect();
            Ok(ListJobsResponse { jobs: Some(jobs), next_page: page.next })
        })
        .await
    }

    async fn partial_fit(&self, call: &Call, request: PartialFitRequest) -> Declared<PartialFitResponse> {
        declare(call, async {
            let batch = convert::batch(request, call.idempotency_key.clone())?;
            let answer_by = call.deadline.checked_sub(REPLY_MARGIN);
            Ok(convert::learned(&self.parts.learners.partial_fit_by(batch, answer_by).await?))
        })
        .await
    }

    async fn get_learner(&self, call: &Call, request: GetLearnerRequest) -> Declared<GetLearnerResponse> {
        declare(call, async {
            let model = Name::parse("model", request.model.unwrap_or_default())?;
            Ok(GetLearnerResponse { learner: Some(convert::learner(&self.parts.learners.get(&model)?)) })
        })
        .await
    }

    async fn delete_learner(&self, call: &Call, request: DeleteLearnerRequest) -> Declared<DeleteLearnerResponse> {
        declare(call, async {
            let model = Name::parse("model", request.model.unwrap_or_default())?;
            self.parts.learners.delete(&model).await?;
            Ok(DeleteLearnerResponse {})
        })
        .await
    }

    async fn cancel_job(&self, call: &Call, request: CancelJobRequest) -> Declared<CancelJobResponse> {
        declare(call, async {
            let id = request.job_id.unwrap_or_default();
            self.job(call, &id)?;
            let job = self.parts.jobs.cancel(&id).await?;
            Ok(CancelJobResponse { job: Some(convert::job(&job)) })
        })
        .await
    }
}

impl Service {
    /// A job, if the caller may use the model that it trains.
    fn job(&self, call: &Call, id: &str) -> Result<Job> {
        let job = self.parts.jobs.get(id)?;
        call.check_found(Resource::Job(id), Resource::Model(job.model.as_str()))?;
        Ok(job)
    }
}
