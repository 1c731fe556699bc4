//! Stored tables, in versions.
//!
//! Rows come in pieces, as an upload, and become a version when it is committed: Parquet files `part-<n>.parquet` in
//! `datasets/<name>/<version>` and, written last, `manifest.json`. A version never changes, and neither its files nor
//! its [hash](rows_sha256) depend on the pieces in which its rows came.

mod canonical;
mod catalog;
mod commit;
mod concat;
mod conform;
mod manifest;
mod parquet_file;
mod parts;
mod statistics;
mod sweep;
mod uploads;

pub use canonical::rows_sha256;
pub use commit::STEPS as COMMIT_STEPS;
pub use manifest::Dataset;
pub use parquet_file::{decode, encode};
pub use statistics::ColumnStatistics;

use crate::coordination::{Coordination, uninterrupted};
use crate::data::{Name, Page, Reference, Table};
use crate::error::{Error, Result};
use crate::storage::Storage;
use arc_swap::ArcSwap;
use catalog::Catalog;
use manifest::{MANIFEST, Manifest, folder};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How much may be uploaded.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Uploads that are open at once.
    pub max_open_uploads: usize,
    /// Bytes of one upload: 8 for a number, 1 for a truth value, 4 and its UTF-8 for a text.
    pub max_upload_bytes: u64,
    /// Pieces of one upload.
    pub max_upload_pieces: u64,
    /// An upload is given up when its last rows came longer ago; one without rows, when it was created.
    pub upload_lifetime: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_open_uploads: 64,
            max_upload_bytes: 1024 * 1024 * 1024,
            max_upload_pieces: 65_536,
            upload_lifetime: Duration::from_secs(24 * 60 * 60),
        }
    }
}

/// All data sets of a server. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Datasets {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    storage: Arc<Storage>,
    coordination: Arc<Coordination>,
    limits: Limits,
    catalog: ArcSwap<Catalog>,
    /// Held by whoever commits or deletes, from the first look to the new catalog.
    changes: Mutex<()>,
    /// Held by whoever creates an upload, so that they are counted right.
    creations: Mutex<()>,
}

impl Datasets {
    /// Finds every version and gives up uploads that are too old; `now_ms` is in milliseconds since 1970.
    ///
    /// # Errors
    /// [`Error::Storage`] if the data folder cannot be read.
    pub async fn open(
        storage: Arc<Storage>,
        coordination: Arc<Coordination>,
        limits: Limits,
        now_ms: i64,
    ) -> Result<Self> {
        let catalog = ArcSwap::from_pointee(catalog::recover(&storage).await?);
        let (changes, creations) = (Mutex::new(()), Mutex::new(()));
        let shared = Shared { storage, coordination, limits, catalog, changes, creations };
        shared.sweep(now_ms).await?;
        shared.remove_leftovers().await?;
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Starts a new version and answers the id of its upload. A repeated key answers the upload that it made first, as
    /// long as that is known: for a day. Where too many are open, the oldest one without rows makes room.
    ///
    /// # Errors
    /// [`Error::TooMany`] if too many uploads with rows are open, [`Error::InvalidArgument`] if the key was used for another
    /// name.
    pub async fn create(&self, name: &Name, idempotency_key: Option<&str>, now_ms: i64) -> Result<String> {
        self.shared.create(name, idempotency_key, now_ms).await
    }

    /// The name of the data set that an upload becomes.
    ///
    /// # Errors
    /// [`Error::UploadNotFound`]
    pub async fn name_of_upload(&self, upload: &str) -> Result<Name> {
        Ok(self.shared.upload(upload).await?.0.name)
    }

    /// Appends rows after the first `offset` ones; once this returns they are on disk. The result is the number of rows
    /// of the upload. The same rows at the same offset again change nothing.
    ///
    /// The first piece fixes names, types and order of the columns; whole numbers are taken for a column of real ones.
    ///
    /// # Errors
    /// [`Error::UploadNotFound`]; [`Error::InvalidArgument`] naming the column that does not fit;
    /// [`Error::FailedPrecondition`] if the rows before are not `offset` ones, the upload is committed or grows too
    /// large.
    pub async fn append(&self, upload: &str, offset: u64, rows: Table, now_ms: i64) -> Result<u64> {
        self.shared.append(upload, offset, rows, now_ms).await
    }

    /// Makes the rows of an upload a version. Committing again answers the same version.
    ///
    /// # Errors
    /// [`Error::UploadNotFound`]; [`Error::FailedPrecondition`] if there are no rows or not `expected_rows`;
    /// [`Error::DatasetNotFound`] if it was committed before and the version is deleted.
    pub async fn commit(&self, upload: &str, expected_rows: Option<u64>, now_ms: i64) -> Result<Dataset> {
        let (shared, upload) = (Arc::clone(&self.shared), upload.to_owned());
        uninterrupted(async move { shared.commit(&upload, expected_rows, now_ms).await }).await
    }

    /// A version and the statistics of its columns, in their order. A bare name is its newest version.
    ///
    /// # Errors
    /// [`Error::DatasetNotFound`]; [`Error::Unavailable`] if its manifest is damaged.
    pub fn describe(&self, reference: &Reference) -> Result<(Dataset, Vec<ColumnStatistics>)> {
        let manifest = self.shared.catalog.load().find(reference)?;
        Ok((manifest.dataset.clone(), manifest.statistics.clone()))
    }

    /// A version and all its rows, verified.
    ///
    /// # Errors
    /// As [`Datasets::describe`]; [`Error::Damaged`] if a file is not what was written.
    pub async fn read(&self, reference: &Reference) -> Result<(Dataset, Table)> {
        let manifest = self.shared.catalog.load().find(reference)?;
        let dataset = manifest.dataset.clone();
        let read = self.shared.read(&manifest).await;
        if read.is_err() {
            // A file that is gone because the version was deleted meanwhile is not damage.
            self.shared.catalog.load().find(&dataset.reference())?;
        }
        Ok((dataset, read?))
    }

    /// The versions of at most `limit` names after a name that are `shown`, by name and version.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `limit` is not from 1 to 1000.
    pub fn list(&self, after: Option<&str>, limit: usize, shown: impl Fn(&Name) -> bool) -> Result<Page<Dataset>> {
        self.shared.catalog.load().list(after, limit, shown)
    }

    /// Deletes a version, or all of a name (`None`), for good. Their numbers are never used again.
    ///
    /// # Errors
    /// [`Error::DatasetNotFound`]
    pub async fn delete(&self, name: &Name, version: Option<u64>) -> Result<()> {
        let (shared, name) = (Arc::clone(&self.shared), name.clone());
        uninterrupted(async move { shared.delete(&name, version).await }).await
    }
}

impl Shared {
    async fn read(&self, manifest: &Manifest) -> Result<Table> {
        let folder = folder(&manifest.dataset.name, manifest.dataset.version);
        let mut files = Vec::new();
        for part in &manifest.parts {
            files.push(self.storage.read_listed(&folder, &part.file).await?);
        }
        blocking(move || {
            let parts = files.into_iter().map(decode).collect::<Result<Vec<_>>>()?;
            concat::concat(&parts)
        })
        .await
    }

    async fn delete(&self, name: &Name, version: Option<u64>) -> Result<()> {
        let _changing = self.changes.lock().await;
        for version in self.catalog.load().versions(name, version)? {
            let folder = folder(name, version);
            // Without a manifest there is no version, whatever else is left of it.
            self.storage.delete(&format!("{folder}/{MANIFEST}")).await?;
            self.show(|catalog| catalog.remove(name, version));
            if let Err(error) = self.storage.delete_folder(&folder).await {
                log::warn!(dataset:% = name, version, error:%; "Left files of a deleted version behind.");
            }
        }
        Ok(())
    }

    /// Changes the catalog that requests see. The caller holds `changes`.
    fn show(&self, change: impl FnOnce(&mut Catalog)) {
        let mut catalog = Catalog::clone(&self.catalog.load());
        change(&mut catalog);
        self.catalog.store(Arc::new(catalog));
    }
}

/// Runs what takes long off the threads that serve.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|cause| Error::internal(format!("work on rows ended early: {cause}")))?
}

#[cfg(test)]
mod tests;
