//! The search for hyper-parameters.

use super::{Client, JobStatus, SearchTable};
use crate::error::{Error, Result};
use crate::training::SearchJob;
use crate::wire::convert;
use crate::wire::search::{GetSearchResultRequest, SearchRequest};
use crate::wire::services::TrainingClient;
use crate::wire::types::RequestContext;

impl Client {
    /// Starts a search for hyper-parameters and answers its job at once; [`Client::wait`] tells when it has ended.
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) as [`Client::train`]; `InvalidArgument` also for what is searched, the number of fits, folds or
    /// scoring, named.
    pub async fn search(&self, asked: &SearchJob) -> Result<JobStatus> {
        let answer = self.call(|exchange, context| async move {
            let key = asked.job.idempotency_key.clone();
            let context = context.map(|it| RequestContext { idempotency_key: key, ..it });
            TrainingClient(&*exchange).search(SearchRequest { context, ..convert::search_request(asked) }).await
        });
        self.plain(convert::job_from(answer.await?.job))
    }

    /// The table of a search that has ended, best candidate first. A large one comes in several calls.
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `NotFound`, or `FailedPrecondition` if the job is no search or has no table.
    pub async fn search_result(&self, id: &str) -> Result<SearchTable> {
        let (mut table, mut next) = self.candidates(id, 0).await?;
        while let Some(from) = next {
            let so_far = table.candidates.len() as u64;
            let (page, then) = self.candidates(id, so_far).await?;
            if from != so_far || page.candidates.is_empty() {
                let what =
                    format!("after {so_far} candidates the table goes on at {from} with {}", page.candidates.len());
                return self.plain(Err(Error::invalid(what)));
            }
            table.candidates.extend(page.candidates);
            next = then;
        }
        Ok(table)
    }

    async fn candidates(&self, id: &str, from: u64) -> Result<(SearchTable, Option<u64>)> {
        let answer = self.call(|exchange, context| async move {
            let (job_id, from_candidate) = (Some(id.into()), i64::try_from(from).ok());
            let request = GetSearchResultRequest { context, job_id, from_candidate, limit: None };
            TrainingClient(&*exchange).get_search_result(request).await
        });
        self.plain(convert::search_result_from(answer.await?))
    }
}
