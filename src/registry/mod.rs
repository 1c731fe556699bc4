//! Models in versions, and the aliases that name them.
//!
//! A version is a folder `models/<name>/<version>` with `model.bin` and, written last, `manifest.json`: it exists
//! from the moment its manifest does and never changes. Aliases are small state that is compared and swapped.
//! Requests see both through one immutable [snapshot](Registry::resolve), without a lock; changes come one after
//! another and each shows a new snapshot, made of what was committed.
//!
//! A version is on disk whether it is [loaded](Registry::load_model) or not. Reading, verifying and freeing models happens on
//! threads of their own: no call waits for it, though they share the processors.

mod manifest;
mod snapshot;

mod aliases;
mod deletion;
mod publication;
mod recovery;

mod aside;
mod golden;
mod loading;
mod options;
mod policy;
mod reading;
mod room;
mod unloading;

pub use aliases::Alias;
pub use deletion::STEPS as DELETION_STEPS;
pub use loading::STEPS as LOADING_STEPS;
pub use manifest::Manifest;
pub use options::{Options, Parts, Replacement};
pub use policy::Policy;
pub use publication::{Publication, STEPS as PUBLICATION_STEPS};
pub use snapshot::{Description, LoadState, ModelSummary, Resolved, VersionStatus};
pub use unloading::STEPS as UNLOADING_STEPS;

use crate::coordination::{Coordination, uninterrupted};
use crate::data::{Name, Page, Reference};
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::model::LoadedModel;
use crate::storage::Storage;
use arc_swap::{ArcSwap, Guard};
use loading::Asked;
use policy::{wanted, wishes};
use room::Room;
use snapshot::{Snapshot, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

/// All models of a server. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Registry {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    storage: Arc<Storage>,
    coordination: Arc<Coordination>,
    options: Options,
    room: Room,
    snapshot: ArcSwap<Snapshot>,
    /// Held by whoever changes something, from the first look to the new snapshot; not while a model is read.
    changes: Mutex<()>,
    /// Held while a model is read: one at a time, so that what it takes beside its room is bounded.
    loading: Mutex<()>,
    /// Who waits for the last calls of models that are on their way out.
    retiring: std::sync::Mutex<JoinSet<()>>,
}

/// All models as they were at one moment. What has been replaced since stays in memory as long as this does: it is not kept
/// over a wait.
pub struct View(Guard<Arc<Snapshot>>);

impl View {
    /// As [`Registry::resolve`], at that moment.
    ///
    /// # Errors
    /// Likewise.
    pub fn resolve(&self, reference: &Reference) -> Result<Resolved<&Arc<LoadedModel>>> {
        self.0.resolve(reference)
    }
}

impl Registry {
    /// Finds every version and loads those that the options, users or aliases want loaded.
    ///
    /// A damaged version is not served and [says why](Registry::statuses), as does one for which there is no room; files
    /// without a manifest are left alone and logged. A model whose `stable` names no version, which is what a crash leaves
    /// behind, gets it on its lowest one.
    ///
    /// # Errors
    /// [`Error::Storage`] if the data folder cannot be read.
    pub async fn open(parts: Parts) -> Result<Self> {
        let Parts { storage, coordination, options, telemetry } = parts;
        let shared = Shared {
            storage,
            coordination,
            room: Room::of(options.max_model_bytes, telemetry),
            options,
            snapshot: ArcSwap::default(),
            changes: Mutex::default(),
            loading: Mutex::default(),
            retiring: std::sync::Mutex::default(),
        };
        shared.snapshot.store(Arc::new(shared.recover().await?));
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The model that a reference means now: a bare name its alias `stable`, `latest` its highest version that is
    /// loaded.
    ///
    /// # Errors
    /// [`Error::ModelNotFound`] if there is no such model, version or alias; [`Error::FailedPrecondition`] if the version
    /// is not loaded; [`Error::Unavailable`] if it is being loaded or is damaged.
    pub fn resolve(&self, reference: &Reference) -> Result<Resolved> {
        self.view().resolve(reference).map(Resolved::kept)
    }

    /// All models as they are now, to look at: what is asked for through it is lent by it.
    pub fn view(&self) -> View {
        View(self.shared.snapshot.load())
    }

    /// What a version is, and the aliases that name it.
    ///
    /// # Errors
    /// [`Error::ModelNotFound`] if there is no such model, version or alias; [`Error::Unavailable`] if it is damaged.
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

    /// Stores a version; the first of a model becomes `stable`. Once this returns it is served, unless the policy of the
    /// model does not want that or there is no room for it.
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
    /// another, the version is not loaded, `stable` would be removed, or the model has had too many aliases.
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

    /// Serves a version, now and after a restart; the bytes that it takes. Calls of other models do not wait for it, and
    /// loading what is loaded changes nothing.
    ///
    /// It is read, verified and tried out with its stored rows on a thread of its own before it is shown.
    ///
    /// # Errors
    /// [`Error::ModelNotFound`]; [`Error::FailedPrecondition`] if there is no room, and then nothing was read, or if the
    /// version is damaged.
    pub async fn load_model(&self, name: &Name, version: u64, replacement: Option<Replacement>) -> Result<u64> {
        let (shared, name) = (Arc::clone(&self.shared), name.clone());
        uninterrupted(async move { shared.load_model(&name, version, replacement, Asked::ByUser).await }).await
    }

    /// Serves a version no more, now and after a restart. Calls that have it are answered; then, on a thread of its own, it
    /// is freed. Unloading what is not loaded changes nothing.
    ///
    /// # Errors
    /// [`Error::ModelNotFound`]; [`Error::FailedPrecondition`] if an alias names the version.
    pub async fn unload_model(&self, name: &Name, version: u64) -> Result<()> {
        let (shared, name) = (Arc::clone(&self.shared), name.clone());
        uninterrupted(async move { shared.unload_model(&name, version).await }).await
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
    fn policy(&self, name: &Name) -> &Policy {
        self.options.policies.get(name).unwrap_or(&self.options.policy)
    }

    /// Whether a version that comes to those which are loaded shall be loaded too.
    async fn wants(&self, name: &Name, version: u64) -> Result<bool> {
        let loaded = loaded(&self.snapshot.load().versions(name)).chain([version]).collect();
        Ok(self.wanted(name, &loaded).await?.contains(&version))
    }

    async fn wanted(&self, name: &Name, candidates: &BTreeSet<u64>) -> Result<BTreeSet<u64>> {
        let aliases = aliases::stored(&self.coordination, name).await?;
        let named = aliases.values().filter_map(|alias| alias.version).collect();
        Ok(wanted(self.policy(name), candidates, &named, &wishes(&self.coordination, name).await?))
    }

    /// Shows these versions of a model together with its aliases as they were committed; those that need not be loaded any
    /// more are not. The caller holds `changes`.
    async fn show(&self, name: &Name, mut versions: BTreeMap<u64, Version>) -> Result<()> {
        let aliases = aliases::stored(&self.coordination, name).await?;
        let wanted = self.wanted(name, &loaded(&versions).collect()).await?;
        for (_, version) in versions.iter_mut().filter(|(number, _)| !wanted.contains(number)) {
            if let Some(manifest) = version.resident().map(|resident| Arc::clone(&resident.manifest)) {
                *version = Version::Unloaded { manifest, missing: None };
            }
        }
        let before = self.snapshot.load_full();
        let stays = |number: &u64| versions.get(number).is_some_and(|version| version.resident().is_some());
        let leaving = before.versions(name).into_iter().filter(|(number, _)| !stays(number));
        let leaving: Vec<_> = leaving.filter_map(|(_, version)| version.resident().cloned()).collect();
        let mut snapshot = Snapshot::clone(&before);
        snapshot.put(name.clone(), versions, aliases);
        self.snapshot.store(Arc::new(snapshot));
        leaving.into_iter().for_each(|resident| self.retire(resident));
        Ok(())
    }
}

/// The numbers of those that are loaded.
fn loaded(versions: &BTreeMap<u64, Version>) -> impl Iterator<Item = u64> {
    versions.iter().filter(|(_, version)| version.resident().is_some()).map(|(number, _)| *number)
}

/// The folder of a version.
fn folder(name: &Name, version: u64) -> String {
    format!("models/{name}/{version}")
}

#[cfg(test)]
mod tests;
