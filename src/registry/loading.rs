//! Bringing a version into memory while calls are answered: marked, read, and only then shown.

use super::manifest::Manifest;
use super::policy::{Wish, keep};
use super::reading::{damaged, read, read_manifest, unservable};
use super::snapshot::{Resident, Version};
use super::{Replacement, Shared};
use crate::data::Name;
use crate::error::{Error, Result};
use crate::failpoint;
use std::sync::Arc;
use tokio::sync::{MutexGuard, watch};

const MARKED: &str = "load:marked";
const READ: &str = "load:read";
const KEPT: &str = "load:kept";
const SHOWN: &str = "load:shown";

/// The failpoints of a load, each after the step that it is named for.
pub const STEPS: [&str; 4] = [MARKED, READ, KEPT, SHOWN];

/// Who wants a version loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A user, whose wish outlives a restart.
    ByUser,
    /// The settings, which are read again at a restart.
    ByPolicy,
}

/// What a version is for who wants to load it.
enum Mark {
    /// Loaded already.
    Loaded(Arc<Manifest>),
    /// Marked as being loaded until the sender is dropped.
    Loading(Arc<Manifest>, watch::Sender<()>),
}

impl Shared {
    /// Loads a version; the bytes that it takes.
    pub(super) async fn load_model(
        self: &Arc<Self>,
        name: &Name,
        version: u64,
        replacement: Option<Replacement>,
        asked: Asked,
    ) -> Result<u64> {
        let (manifest, _over) = match self.mark(name, version, replacement, asked).await? {
            Mark::Loaded(manifest) => return Ok(manifest.model_bytes()),
            Mark::Loading(manifest, over) => (manifest, over),
        };
        failpoint::reach(MARKED);
        let resident = self.bring(&manifest).await;
        failpoint::reach(READ);
        self.enter_loaded(name, version, resident, asked).await?;
        failpoint::reach(SHOWN);
        log::info!(model:% = name, version; "Loaded model version.");
        Ok(manifest.model_bytes())
    }

    /// Holds back other changes, once nobody loads this version any more.
    pub(super) async fn settled(&self, name: &Name, version: u64) -> MutexGuard<'_, ()> {
        loop {
            let changing = self.changes.lock().await;
            let there = self.snapshot.load().version(name, version);
            let Some(Version::Loading { mut over, .. }) = there else { return changing };
            if over.has_changed().is_err() {
                return changing; // Who has left without an end will not come back: it is as good as unloaded.
            }
            drop(changing);
            let _ = over.changed().await; // It only ever closes.
        }
    }

    /// Marks a version as being loaded, once it is known that there is room.
    async fn mark(&self, name: &Name, version: u64, replacement: Option<Replacement>, asked: Asked) -> Result<Mark> {
        let _changing = self.settled(name, version).await;
        let mut versions = self.snapshot.load().versions(name);
        let missing = || Error::ModelNotFound { reference: format!("{name}@{version}") };
        let there = versions.get(&version).ok_or_else(missing)?;
        if let Version::Loaded(resident) = there {
            let manifest = Arc::clone(&resident.manifest);
            self.keep_loaded(name, version, asked).await?;
            return Ok(Mark::Loaded(manifest));
        }
        let manifest = match there.manifest() {
            Some(manifest) => Arc::clone(manifest),
            None => Arc::new(
                read_manifest(&self.storage, name, version).await.map_err(|it| unservable(name, version, &it))?,
            ),
        };
        for dropped in self.make_room(name, &manifest, replacement.unwrap_or(self.options.replacement))? {
            keep(&self.coordination, name, dropped.version, Some(Wish::Unloaded)).await?;
            log::info!(model:% = name, version = dropped.version; "Unloaded model version to make room.");
            versions.insert(dropped.version, Version::Unloaded { manifest: dropped, missing: None });
        }
        let (over, is_over) = watch::channel(());
        versions.insert(version, Version::Loading { manifest: Arc::clone(&manifest), over: is_over });
        self.show(name, versions).await?;
        Ok(Mark::Loading(manifest, over))
    }

    /// The versions that have to be unloaded so that there is room for another one. Nothing is read before this is known.
    fn make_room(&self, name: &Name, wanted: &Manifest, replacement: Replacement) -> Result<Vec<Arc<Manifest>>> {
        let snapshot = self.snapshot.load();
        let aliases = snapshot.aliases(name);
        let is_named = |version: u64| aliases.iter().any(|alias| alias.version == version);
        let others = snapshot.versions(name).into_iter().filter(|(version, _)| !is_named(*version));
        let others = others.filter_map(|(_, version)| Some(Arc::clone(&version.resident()?.manifest)));
        let mut droppable = others.take_while(|_| replacement == Replacement::DropFirst);
        let mut dropped: Vec<Arc<Manifest>> = vec![];
        let goes = |it: &Manifest, dropped: &[Arc<Manifest>]| {
            it.name == *name && (it.version == wanted.version || dropped.iter().any(|gone| gone.version == it.version))
        };
        loop {
            let stay = snapshot.held().filter(|it| !goes(it, &dropped));
            if self.room.fits(stay.chain([wanted])) {
                return Ok(dropped);
            }
            let next = droppable.next().ok_or_else(|| Error::precondition(self.room.refusal(wanted)))?;
            dropped.push(next);
        }
    }

    /// Waits for the room of a version, one version at a time, and makes it a model.
    async fn bring(&self, manifest: &Arc<Manifest>) -> Result<Arc<Resident>> {
        let _turn = self.loading.lock().await;
        let taken = self.room.take(manifest).await?;
        read(&self.storage, manifest, taken).await
    }

    /// Shows how the load of a version went.
    async fn enter_loaded(
        &self,
        name: &Name,
        version: u64,
        resident: Result<Arc<Resident>>,
        asked: Asked,
    ) -> Result<()> {
        let _changing = self.changes.lock().await;
        let kept = match &resident {
            Ok(_) => self.keep_loaded(name, version, asked).await,
            Err(error) => Err(unservable(name, version, error)),
        };
        failpoint::reach(KEPT);
        let entered = match resident {
            Ok(resident) => Version::Loaded(resident),
            Err(error) => damaged(name, version, &error),
        };
        let mut versions = self.snapshot.load().versions(name);
        versions.insert(version, entered);
        self.show(name, versions).await?;
        kept
    }

    async fn keep_loaded(&self, name: &Name, version: u64, asked: Asked) -> Result<()> {
        match asked {
            Asked::ByUser => keep(&self.coordination, name, version, Some(Wish::Loaded)).await,
            Asked::ByPolicy => Ok(()),
        }
    }
}
