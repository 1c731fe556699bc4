//! The memory that models may take, and what each of them takes of it.

use super::manifest::Manifest;
use crate::data::Name;
use crate::error::{Error, Result};
use crate::telemetry::Telemetry;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is counted in: a permit counts for so many bytes, because permits are asked for as a u32.
const UNIT: u64 = 1024;

/// The memory of all models, up to `registry.max_model_bytes`.
#[derive(Debug)]
pub(super) struct Room {
    units: Arc<Semaphore>,
    limit: u64,
    told: Arc<Told>,
}

impl Room {
    pub(super) fn of(max_model_bytes: u64, telemetry: Arc<Telemetry>) -> Self {
        let limit = (max_model_bytes / UNIT).min(Semaphore::MAX_PERMITS as u64);
        let told = Arc::new(Told { telemetry, present: Mutex::default() });
        Self { units: Arc::new(Semaphore::new(limit as usize)), limit, told }
    }

    /// Whether these models fit together.
    pub(super) fn fits<'a>(&self, manifests: impl Iterator<Item = &'a Manifest>) -> bool {
        manifests.map(|manifest| u64::from(units(manifest))).sum::<u64>() <= self.limit
    }

    /// Takes the room of a model, if it is free at once.
    pub(super) fn try_take(&self, manifest: &Manifest) -> Option<Taken> {
        let permit = Arc::clone(&self.units).try_acquire_many_owned(units(manifest)).ok()?;
        Some(self.taken(manifest, permit))
    }

    /// Takes the room of a model once those that are on their way out have left it. The caller has seen that it
    /// [fits](Room::fits) with those that stay.
    ///
    /// # Errors
    /// [`Error::Internal`]: nobody takes the room itself away.
    pub(super) async fn take(&self, manifest: &Manifest) -> Result<Taken> {
        let permit = Arc::clone(&self.units).acquire_many_owned(units(manifest)).await;
        permit.map(|permit| self.taken(manifest, permit)).map_err(|cause| Error::internal(cause.to_string()))
    }

    /// Why a model is not loaded that does not fit.
    pub(super) fn refusal(&self, manifest: &Manifest) -> String {
        format!(
            "version {} of model \"{}\" takes {} bytes, for which there is no room in the {} of registry.max_model_bytes; \
             unload another version or raise it",
            manifest.version,
            manifest.name,
            manifest.model_bytes(),
            self.limit.saturating_mul(UNIT)
        )
    }

    /// The version is deleted: what it takes is not told any more once nothing of it is left.
    pub(super) fn forget(&self, name: &Name, version: u64) {
        self.told.forget(name, version);
    }

    fn taken(&self, manifest: &Manifest, permit: OwnedSemaphorePermit) -> Taken {
        let bytes = i64::try_from(manifest.model_bytes()).unwrap_or(i64::MAX);
        let version = (manifest.name.clone(), manifest.version);
        self.told.enter(&version, bytes);
        Taken { _permit: permit, bytes, version, told: Arc::clone(&self.told) }
    }
}

/// The room of one model, which is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Taken {
    _permit: OwnedSemaphorePermit,
    bytes: i64,
    version: (Name, u64),
    told: Arc<Told>,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.told.leave(&self.version, self.bytes);
    }
}

/// What versions take, for whoever watches the server. One may be there more than once: loaded again while it leaves.
#[derive(Debug)]
struct Told {
    telemetry: Arc<Telemetry>,
    present: Mutex<BTreeMap<(Name, u64), Presence>>,
}

#[derive(Debug, Default)]
struct Presence {
    times: usize,
    deleted: bool,
}

impl Told {
    fn enter(&self, version: &(Name, u64), bytes: i64) {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        present.entry(version.clone()).or_default().times += 1;
        self.telemetry.model_bytes(version.0.as_str(), version.1, bytes);
    }

    fn leave(&self, version: &(Name, u64), bytes: i64) {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        self.telemetry.model_bytes(version.0.as_str(), version.1, -bytes);
        let Some(presence) = present.get_mut(version) else { return };
        presence.times -= 1;
        if presence.times == 0 && present.remove(version).is_some_and(|last| last.deleted) {
            self.telemetry.forget_model(version.0.as_str(), version.1);
        }
    }

    fn forget(&self, name: &Name, version: u64) {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        match present.get_mut(&(name.clone(), version)) {
            Some(presence) => presence.deleted = true,
            None => self.telemetry.forget_model(name.as_str(), version),
        }
    }
}

fn units(manifest: &Manifest) -> u32 {
    u32::try_from(manifest.model_bytes().div_ceil(UNIT)).unwrap_or(u32::MAX)
}
