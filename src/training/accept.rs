//! Accepting a job: checked, counted, stored, and only then shown.

use super::job::{Job, JobSpec, Rows, now_ms};
use super::jobs::{Parts, Shared};
use super::search::Sought;
use super::{journal, run};
use crate::data::{ColumnSchema, Reference, Selector, Table};
use crate::datasets;
use crate::error::{Error, Result};
use crate::failpoint;
use crate::storage::sha256;
use bytes::Bytes;
use std::sync::Arc;

impl Shared {
    /// Accepts what trains one pipeline, or what `search` searches with it.
    pub(super) async fn submit(&self, spec: JobSpec, search: Option<Arc<Sought>>) -> Result<Job> {
        let Parts { coordination, storage, limits, .. } = &self.parts;
        let key_sha256 = spec.idempotency_key.as_ref().map(|key| sha256(key.as_bytes()));
        let _changing = self.changes.lock().await;
        if let Some(first) = self.repeated(key_sha256.as_deref()).await? {
            return same(first, &spec, search.as_deref());
        }
        self.table().check_room(limits.max_queued_jobs)?;
        let (dataset, rows) = self.rows(&spec, search.as_deref()).await?;
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

    /// Checks the pipeline against the rows: `name@version` of a data set, or the encoded rows that were sent along.
    async fn rows(&self, spec: &JobSpec, search: Option<&Sought>) -> Result<(Option<String>, Option<Bytes>)> {
        match &spec.rows {
            Rows::Dataset(reference) => {
                let reference = Reference::parse("data set", reference)?;
                let (dataset, _) = self.parts.datasets.describe(&reference)?;
                check(spec, search, &dataset.columns)?;
                let version = Reference { selector: Selector::Version(dataset.version), ..reference };
                Ok((Some(version.to_string()), None))
            }
            Rows::Inline(table) if table.n_rows() == 0 => {
                Err(Error::invalid("the table has no rows to learn from; send one at least"))
            }
            Rows::Inline(table) => {
                check(spec, search, &table.schema())?;
                Ok((None, Some(encoded(table.clone()).await?)))
            }
        }
    }
}

fn check(spec: &JobSpec, search: Option<&Sought>, columns: &[ColumnSchema]) -> Result<()> {
    match search {
        Some(sought) => sought.spec.check(&spec.pipeline, columns),
        None => spec.pipeline.check(columns),
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

/// Off the threads that serve.
async fn encoded(table: Table) -> Result<Bytes> {
    let done = tokio::task::spawn_blocking(move || datasets::encode(&table)).await;
    done.map_err(|cause| Error::internal(format!("encoding rows ended early: {cause}")))?
}
