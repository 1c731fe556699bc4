//! Training jobs.

use super::{Client, JobStatus, Watched};
use crate::data::Page;
use crate::error::{Code, Result};
use crate::training::JobSpec;
use crate::wire::convert;
use crate::wire::services::TrainingClient;
use crate::wire::training::{CancelJobRequest, GetJobRequest, ListJobsRequest, TrainRequest, WatchJobRequest};
use crate::wire::types::RequestContext;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long [`Client::wait`] lets the server wait for news at a time.
const POLL: Duration = Duration::from_secs(20);
/// How long it waits for a server that is away, and how long between two looks.
const LONGEST_ABSENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(200);

impl Client {
    /// Starts a job and answers it at once; it outlives this client and a restart of the server.
    ///
    /// # Errors
    /// [`Code`] `InvalidArgument` for a step, hyper-parameter, column or value, named, `NotFound` for
    /// the data set, `Overloaded` if too many jobs wait.
    pub async fn train(&self, spec: &JobSpec) -> Result<JobStatus> {
        let answer = self.call(|exchange, context| async move {
            let key = spec.idempotency_key.clone();
            let context = context.map(|it| RequestContext { idempotency_key: key, ..it });
            TrainingClient(&*exchange).train(TrainRequest { context, ..convert::train_request(spec) }).await
        });
        self.plain(convert::job_from(answer.await?.job))
    }

    /// A job as it is now.
    ///
    /// # Errors
    /// [`Code`] `NotFound`.
    pub async fn get_job(&self, id: &str) -> Result<JobStatus> {
        let answer = self.call(|exchange, context| async move {
            TrainingClient(&*exchange).get_job(GetJobRequest { context, job_id: Some(id.into()) }).await
        });
        self.plain(convert::job_from(answer.await?.job))
    }

    /// What happened to a job after the event `after` (0: all that is known), as soon as something has, or after `wait`.
    ///
    /// It takes a connection of its own, which other calls do not wait for. The server waits at most 30 s.
    ///
    /// # Errors
    /// [`Code`] `NotFound`, or `InvalidArgument` for a longer wait.
    pub async fn watch_job(&self, id: &str, after: u64, wait: Duration) -> Result<Watched> {
        let answer = self.call_aside(wait + self.options.call_timeout, |exchange, context| async move {
            let request = WatchJobRequest {
                context,
                job_id: Some(id.into()),
                after_sequence: i64::try_from(after).ok(),
                wait_ms: i64::try_from(wait.as_millis()).ok(),
            };
            TrainingClient(&*exchange).watch_job(request).await
        });
        self.plain(convert::watched_from(answer.await?))
    }

    /// Waits until a job has ended, well or not, and answers it; `seen` is shown what happens to it meanwhile. A server that is
    /// away for less than half a minute, as one that restarts is, is waited for, too.
    ///
    /// # Errors
    /// [`Code`] `NotFound`.
    pub async fn wait(&self, id: &str, mut seen: impl FnMut(&Watched)) -> Result<JobStatus> {
        let (mut after, mut away) = (0, None);
        loop {
            let watched = match self.watch_job(id, after, POLL).await {
                Ok(watched) => watched,
                Err(error) => {
                    let since = *away.get_or_insert_with(Instant::now);
                    let may_be_back =
                        matches!(error.code(), Code::Unavailable | Code::Overloaded | Code::DeadlineExceeded);
                    if !may_be_back || since.elapsed() > LONGEST_ABSENCE {
                        return Err(error);
                    }
                    sleep(LOOK_EVERY).await;
                    continue;
                }
            };
            away = None;
            seen(&watched);
            if watched.job.state.has_ended() {
                return Ok(watched.job);
            }
            after = watched.events.last().map_or(after, |event| event.sequence);
        }
    }

    /// A page of the jobs, newest first, that are older than the job `after`.
    ///
    /// # Errors
    /// Only those of every call.
    pub async fn list_jobs(&self, after: Option<&str>) -> Result<Page<JobStatus>> {
        let answer = self.call(|exchange, context| async move {
            let request = ListJobsRequest { context, after: after.map(Into::into), limit: None };
            TrainingClient(&*exchange).list_jobs(request).await
        });
        let answer = answer.await?;
        let jobs = answer.jobs.unwrap_or_default().into_iter().map(|job| convert::job_from(Some(job)));
        Ok(Page { entries: self.plain(jobs.collect())?, next: answer.next_page })
    }

    /// Cancels a job that waits or runs; one that has ended is answered as it is.
    ///
    /// # Errors
    /// [`Code`] `NotFound`.
    pub async fn cancel_job(&self, id: &str) -> Result<JobStatus> {
        let answer = self.call(|exchange, context| async move {
            TrainingClient(&*exchange).cancel_job(CancelJobRequest { context, job_id: Some(id.into()) }).await
        });
        self.plain(convert::job_from(answer.await?.job))
    }
}
