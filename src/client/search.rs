//! The search for hyper-parameters.

use super::{Client, JobStatus, SearchTable};
use crate::error::Result;
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

    /// The table of a search that has ended, best candidate first.
    ///
    /// # Errors
    /// [`Code`](crate::error::Code) `NotFound`, or `FailedPrecondition` if the job is no search or has no table.
    pub async fn search_result(&self, id: &str) -> Result<SearchTable> {
        let answer = self.call(|exchange, context| async move {
            let request = GetSearchResultRequest { context, job_id: Some(id.into()) };
            TrainingClient(&*exchange).get_search_result(request).await
        });
        self.plain(convert::search_result_from(answer.await?))
    }
}
