//! Jobs as `coordination` keeps them: one entry a job, and one for each idempotency key.

use super::job::Job;
use crate::coordination::{Compare, Coordination, Entry, Transaction, Write};
use crate::error::{Error, Result};
use crate::model::search::Searched;

const JOBS: &str = "jobs/by_id/";
const NEXT: &str = "jobs/next";

/// A number that no job has.
pub(super) async fn next_number(coordination: &Coordination) -> Result<u64> {
    coordination.next_number(NEXT, 1).await
}

/// Every job that is kept, oldest first.
pub(super) async fn all(coordination: &Coordination) -> Result<Vec<Job>> {
    let parse = |(key, entry): (String, Entry)| {
        serde_json::from_slice(&entry.value)
            .map_err(|cause| Error::Damaged { path: format!("state.redb, {key}"), why: cause.to_string() })
    };
    let mut jobs = coordination.range(JOBS).await?.into_iter().map(parse).collect::<Result<Vec<Job>>>()?;
    jobs.sort_by_key(Job::number);
    Ok(jobs)
}

/// The id of the job that this idempotency key belongs to.
pub(super) async fn job_of_key(coordination: &Coordination, key_sha256: &str) -> Result<Option<String>> {
    let entry = coordination.get(&by_key(key_sha256)).await?;
    Ok(entry.map(|entry| String::from_utf8_lossy(&entry.value).into_owned()))
}

/// Takes down a new job, together with its idempotency key.
pub(super) async fn accept(coordination: &Coordination, job: &Job) -> Result<()> {
    let mut compares = vec![Compare::unchanged(by_id(&job.id), None)];
    let mut writes = vec![put(job)?];
    if let Some(key) = &job.key_sha256 {
        compares.push(Compare::unchanged(by_key(key), None));
        writes.push(Write::put(by_key(key), job.id.clone()));
    }
    match coordination.transact(compares, writes).await? {
        Transaction::Committed(_) => Ok(()),
        Transaction::Refused => Err(Error::internal(format!("job {} or its key is there already", job.id))),
    }
}

/// Takes down how a job is now.
pub(super) async fn update(coordination: &Coordination, job: &Job) -> Result<()> {
    coordination.transact(vec![], vec![put(job)?]).await.map(|_| ())
}

/// Takes down that a running job shall be cancelled. It stands apart from the job, which its run writes.
pub(super) async fn cancel(coordination: &Coordination, id: &str) -> Result<()> {
    coordination.transact(vec![], vec![Write::put(to_cancel(id), "")]).await.map(|_| ())
}

/// Whether it was taken down that this job shall be cancelled.
pub(super) async fn is_to_cancel(coordination: &Coordination, id: &str) -> Result<bool> {
    Ok(coordination.get(&to_cancel(id)).await?.is_some())
}

/// Forgets a job and all that is kept with it.
pub(super) async fn forget(coordination: &Coordination, job: &Job) -> Result<()> {
    let key = job.key_sha256.as_deref().map(|key| Write::delete(by_key(key)));
    let own = [by_id(&job.id), to_cancel(&job.id), searched(&job.id)].map(Write::delete);
    let writes = own.into_iter().chain(key).collect();
    coordination.transact(vec![], writes).await.map(|_| ())
}

/// Takes down what a search found.
pub(super) async fn keep_search_result(coordination: &Coordination, id: &str, found: &Searched) -> Result<()> {
    let value = serde_json::to_vec(found).map_err(|cause| Error::internal(cause.to_string()))?;
    coordination.transact(vec![], vec![Write::put(searched(id), value)]).await.map(|_| ())
}

/// What a search found, if it came so far.
pub(super) async fn search_result(coordination: &Coordination, id: &str) -> Result<Option<Searched>> {
    let Some(entry) = coordination.get(&searched(id)).await? else { return Ok(None) };
    let damaged = |cause: serde_json::Error| Error::Damaged {
        path: format!("state.redb, {}", searched(id)),
        why: cause.to_string(),
    };
    serde_json::from_slice(&entry.value).map(Some).map_err(damaged)
}

fn put(job: &Job) -> Result<Write> {
    let value = serde_json::to_vec(job).map_err(|cause| Error::internal(cause.to_string()))?;
    Ok(Write::put(by_id(&job.id), value))
}

fn by_id(id: &str) -> String {
    format!("{JOBS}{id}")
}

fn searched(id: &str) -> String {
    format!("jobs/searched/{id}")
}

fn to_cancel(id: &str) -> String {
    format!("jobs/to_cancel/{id}")
}

fn by_key(key_sha256: &str) -> String {
    format!("jobs/by_key/{key_sha256}")
}
