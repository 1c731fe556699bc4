//! The memory that models may take, and what each of them takes of it.

use super::manifest::Manifest;
use crate::data::Name;
use crate::error::{Error, Result};
use crate::telemetry::Telemetry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What is counted in: a permit counts for so many bytes, because permits are asked for as a u32.
const UNIT: u64 = 1024;

/// The memory of all models, up to `registry.max_model_bytes`.
#[derive(Debug)]
pub(super) struct Room {
    units: Arc<Semaphore>,
    limit: u64,
    telemetry: Arc<Telemetry>,
}

impl Room {
    pub(super) fn of(max_model_bytes: u64, telemetry: Arc<Telemetry>) -> Self {
        let limit = (max_model_bytes / UNIT).min(Semaphore::MAX_PERMITS as u64);
        Self { units: Arc::new(Semaphore::new(limit as usize)), limit, telemetry }
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

    fn taken(&self, manifest: &Manifest, permit: OwnedSemaphorePermit) -> Taken {
        let (name, version) = (manifest.name.clone(), manifest.version);
        let bytes = i64::try_from(manifest.model_bytes()).unwrap_or(i64::MAX);
        self.telemetry.model_bytes(name.as_str(), version, bytes);
        Taken {
            _permit: permit,
            bytes,
            name,
            version,
            forgotten: AtomicBool::new(false),
            telemetry: Arc::clone(&self.telemetry),
        }
    }
}

/// The room of one model, which is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Taken {
    _permit: OwnedSemaphorePermit,
    bytes: i64,
    name: Name,
    version: u64,
    forgotten: AtomicBool,
    telemetry: Arc<Telemetry>,
}

impl Taken {
    /// The version is deleted: what it takes is not told any more.
    pub(super) fn forget(&self) {
        self.forgotten.store(true, Ordering::Relaxed);
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if self.forgotten.load(Ordering::Relaxed) {
            self.telemetry.forget_model(self.name.as_str(), self.version);
        } else {
            self.telemetry.model_bytes(self.name.as_str(), self.version, -self.bytes);
        }
    }
}

fn units(manifest: &Manifest) -> u32 {
    u32::try_from(manifest.model_bytes().div_ceil(UNIT)).unwrap_or(u32::MAX)
}
