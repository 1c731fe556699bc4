//! Accepting a job: checked, counted, stored, and only then shown.

use super::job::{Job, JobSpec, Rows, now_ms};
use super::jobs::{Parts, Shared};
use super::search::{Publish, Sought};
use super::{journal, run};
use crate::coordination::uninterrupted;
use crate::data::{ColumnSchema, Reference, Selector};
use crate::datasets;
use crate::error::{Error, Result};
use crate::failpoint;
use crate::model::search::Ahead;
use crate::storage::sha256;
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// Jobs that are checked at once; others wait for a place.
pub(super) const CHECKED_AT_ONCE: usize = 2;

/// The rows of a job that suit what it does.
struct Checked {
    /// `name@version` of a data set.
    dataset: Option<String>,
    /// Those that were sent along.
    rows: Option<Bytes>,
}

impl Shared {
    /// Accepts what trains one pipeline, or what `search` searches with it.
    pub(super) async fn submit(self: &Arc<Self>, spec: JobSpec, search: Option<Arc<Sought>>) -> Result<Job> {
        let key_sha256 = spec.idempotency_key.as_ref().map(|key| sha256(key.as_bytes()));
        // A first look: until the lock is held a job may come or go.
        match self.repeated(key_sha256.as_deref()).await {
            Ok(Some(first)) => return same(first, &spec, search.as_deref()),
            _ if key_sha256.is_none() => self.table().check_room(self.parts.limits.max_queued_jobs)?,
            _ => {}
        }
        // Who leaves until here takes the rows along.
        let (checked, shared) = (self.checked(&spec, search.clone()).await?, Arc::clone(self));
        uninterrupted(async move { shared.accept(spec, search, key_sha256, checked).await }).await
    }

    async fn accept(
        &self,
        spec: JobSpec,
        search: Option<Arc<Sought>>,
        key_sha256: Option<String>,
        Checked { dataset, rows }: Checked,
    ) -> Result<Job> {
        let Parts { coordination, storage, limits, .. } = &self.parts;
        let _changing = self.changes.lock().await;
        if let Some(first) = self.repeated(key_sha256.as_deref()).await? {
            return same(first, &spec, search.as_deref());
        }
        self.table().check_room(limits.max_queued_jobs)?;
        let number = journal::next_number(coordination).await?;
        let job = Job { dataset, key_sha256, search, ..Job::new(number, spec, now_ms()) };
        if let Some(rows) = rows {
            storage.create(&job.rows_path(), rows).await?;
        }
        failpoint::reach(run::STORED);
        journal::accept(coordination, &job).await?;
        failpoint::reach(run::ACCEPTED);
        self.table().add(job.clone());
        self.wake.notify_one();
        Ok(job)
    }

    /// The job that this idempotency key belongs to.
    async fn repeated(&self, key_sha256: Option<&str>) -> Result<Option<Job>> {
        let Some(key) = key_sha256 else { return Ok(None) };
        let first = journal::job_of_key(&self.parts.coordination, key).await?;
        first.map(|id| self.table().get(&id).cloned()).transpose()
    }

    /// Checks the pipeline against the rows, and encodes those that were sent along. A search has candidates by the thousand, and tables
    /// are large: nobody who is accepted meanwhile waits for it.
    async fn checked(&self, spec: &JobSpec, search: Option<Arc<Sought>>) -> Result<Checked> {
        let place = Arc::clone(&self.checks).acquire_owned().await;
        let place = place.map_err(|_| Error::internal("the places of checks are closed"))?;
        let (pipeline, bounds) = (spec.pipeline.clone(), self.parts.limits.job);
        let check = move |columns: &[ColumnSchema], n_rows: usize| match &search {
            None => pipeline.check(columns),
            Some(sought) => {
                let publishes = sought.publish == Publish::Best;
                sought.spec.check_on(&pipeline, columns, &Ahead { n_rows, publishes, bounds })
            }
        };
        match &spec.rows {
            Rows::Dataset(reference) => {
                let reference = Reference::parse("data set", reference)?;
                let (dataset, _) = self.parts.datasets.describe(&reference)?;
                let version = Reference { selector: Selector::Version(dataset.version), ..reference };
                let n_rows = usize::try_from(dataset.n_rows).unwrap_or(usize::MAX);
                beside(place, move || check(&dataset.columns, n_rows)).await?;
                Ok(Checked { dataset: Some(version.to_string()), rows: None })
            }
            Rows::Inline(table) if table.n_rows() == 0 => {
                Err(Error::invalid("the table has no rows to learn from; send one at least"))
            }
            Rows::Inline(table) => {
                let table = table.clone();
                let encoded = move || {
                    check(&table.schema(), table.n_rows())?;
                    datasets::encode(&table)
                };
                Ok(Checked { dataset: None, rows: Some(beside(place, encoded).await?) })
            }
        }
    }
}

/// The first job of a key, if it is what was asked for again. Rows that were sent along are not compared.
fn same(first: Job, spec: &JobSpec, search: Option<&Sought>) -> Result<Job> {
    if first.model == spec.model && first.pipeline == spec.pipeline && first.search.as_deref() == search {
        return Ok(first);
    }
    Err(Error::invalid(format!(
        "the idempotency_key was used for job {}, which trains another pipeline or model ({:?}); use a key for one request only",
        first.id,
        first.model.as_str()
    )))
}

/// Off the threads that serve; the place is taken until the work is done, also where nobody waits for it any more.
async fn beside<T: Send + 'static>(
    place: OwnedSemaphorePermit,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let placed = move || {
        let _place = place;
        work()
    };
    let done = tokio::task::spawn_blocking(placed).await;
    done.map_err(|cause| Error::internal(format!("checking a job ended early: {cause}")))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use tokio::sync::Semaphore;

    #[tokio::test]
    async fn a_job_is_checked_beside_the_threads_that_serve() {
        let place = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();

        let checked = beside(place, || Ok(thread::current().id())).await.unwrap();

        assert_ne!(checked, thread::current().id());
    }
}
