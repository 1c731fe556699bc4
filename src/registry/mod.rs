//! Models in versions, and the aliases that name them.
//!
//! A version is a folder `models/<name>/<version>` with `model.bin` and, written last, `manifest.json`: it exists
//! from the moment its manifest does and never changes. Aliases are small state that is compared and swapped.
//! Requests see both through one immutable [snapshot](Registry::resolve), without a lock; changes come one after
//! another and each shows a new snapshot, made of what was committed.

mod aliases;
mod deletion;
mod manifest;
mod publication;
mod recovery;
mod snapshot;

pub use aliases::Alias;
pub use deletion::STEPS as DELETION_STEPS;
pub use manifest::Manifest;
pub use publication::{Publication, STEPS as PUBLICATION_STEPS};
pub use snapshot::{Description, ModelSummary, Resolved, VersionStatus};

use crate::coordination::{Coordination, uninterrupted};
use crate::data::{Name, Page, Reference};
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::storage::Storage;
use arc_swap::ArcSwap;
use snapshot::{Snapshot, Version};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// All models of a server. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Registry {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    storage: Arc<Storage>,
    coordination: Arc<Coordination>,
    snapshot: ArcSwap<Snapshot>,
    /// Held by whoever changes something, from the first look to the new snapshot.
    changes: Mutex<()>,
}

impl Registry {
    /// Finds, verifies and loads every version.
    ///
    /// A damaged version is not served and [says why](Registry::statuses); files without a manifest are left alone and
    /// logged. A model whose `stable` names no version, which is what a crash leaves behind, gets it on its lowest one.
    ///
    /// # Errors
    /// [`Error::Storage`] if the data folder cannot be read.
    pub async fn open(storage: Arc<Storage>, coordination: Arc<Coordination>) -> Result<Self> {
        let snapshot = recovery::recover(&storage, &coordination).await?;
        let (snapshot, changes) = (ArcSwap::from_pointee(snapshot), Mutex::new(()));
        Ok(Self { shared: Arc::new(Shared { storage, coordination, snapshot, changes }) })
    }

    /// The model that a reference means now: a bare name its alias `stable`, `latest` its highest version that is
    /// ready.
    ///
    /// # Errors
    /// [`Error::ModelNotFound`] if there is no such model, version or alias; [`Error::Unavailable`] if the version is
    /// damaged.
    pub fn resolve(&self, reference: &Reference) -> Result<Resolved> {
        self.shared.snapshot.load().resolve(reference)
    }

    /// What a version is, and the aliases that name it.
    ///
    /// # Errors
    /// As [`Registry::resolve`].
    pub fn describe(&self, reference: &Reference) -> Result<Description> {
        self.shared.snapshot.load().describe(reference)
    }

    /// The models after a name that are `shown`, with their versions and aliases, at most `limit` of them.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `limit` is not from 1 to 1000.
    pub fn list(&self, after: Option<&str>, limit: usize, shown: impl Fn(&Name) -> bool) -> Result<Page<ModelSummary>> {
        self.shared.snapshot.load().list(after, limit, shown)
    }

    /// How every version is, by name and version.
    pub fn statuses(&self) -> Vec<VersionStatus> {
        self.shared.snapshot.load().statuses()
    }

    /// Sets a version number aside. Numbers count from 1 and none is ever given twice, whatever is deleted or crashes.
    ///
    /// # Errors
    /// [`Error::Storage`] if the state cannot be written.
    pub async fn reserve_version(&self, name: &Name) -> Result<u64> {
        // The state may be older than the files, where somebody brought back a backup of it.
        let highest = self.shared.snapshot.load().versions(name).last_key_value().map_or(0, |(number, _)| *number);
        let counter = format!("models/{name}/next_version");
        self.shared.coordination.next_number(&counter, highest + 1).await
    }

    /// Stores a version, which is served once this returns; the first of a model becomes `stable`.
    ///
    /// Publishing the same again, as a job does that was cut off, changes nothing.
    ///
    /// # Errors
    /// [`Error::FailedPrecondition`] if the version is there with other content or the model is too large for a file,
    /// [`Error::Storage`] if it cannot be written.
    pub async fn publish(&self, publication: Publication) -> Result<Arc<Manifest>> {
        let shared = Arc::clone(&self.shared);
        uninterrupted(async move { shared.publish(publication).await }).await
    }

    /// Points an alias at a version, or removes it (`None`), if it is still as the caller has seen it.
    ///
    /// `expected_generation` is the generation that the caller has seen, 0 for an alias that is not there; `None`
    /// compares nothing. A generation counts how often the alias has been set. It goes on counting when the alias is
    /// removed and set again, and when the model is deleted and comes back: one generation never means two things.
    ///
    /// # Errors
    /// [`Error::Name`] for `latest`; [`Error::ModelNotFound`]; [`Error::FailedPrecondition`] if the generation is
    /// another, the version is damaged, `stable` would be removed, or the model has had too many aliases.
    pub async fn set_alias(
        &self,
        name: &Name,
        alias: &Name,
        version: Option<u64>,
        expected_generation: Option<u64>,
    ) -> Result<Option<Alias>> {
        let (shared, name, alias) = (Arc::clone(&self.shared), name.clone(), alias.clone());
        uninterrupted(async move { shared.set_alias(&name, &alias, version, expected_generation).await }).await
    }

    /// Deletes a version for good. The last version of a model takes `stable` with it.
    ///
    /// # Errors
    /// [`Error::ModelNotFound`]; [`Error::FailedPrecondition`] if an alias names the version.
    pub async fn delete_version(&self, name: &Name, version: u64) -> Result<()> {
        let (shared, name) = (Arc::clone(&self.shared), name.clone());
        uninterrupted(async move { shared.delete_version(&name, version).await }).await
    }
}

impl Shared {
    /// Shows these versions of a model together with its aliases as they were committed. The caller holds `changes`.
    async fn show(&self, name: &Name, versions: BTreeMap<u64, Version>) -> Result<()> {
        let aliases = aliases::stored(&self.coordination, name).await?;
        let mut snapshot = Snapshot::clone(&self.snapshot.load());
        snapshot.put(name.clone(), versions, aliases);
        self.snapshot.store(Arc::new(snapshot));
        Ok(())
    }
}

/// The folder of a version.
fn folder(name: &Name, version: u64) -> String {
    format!("models/{name}/{version}")
}

#[cfg(test)]
mod tests;
