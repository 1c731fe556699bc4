//! Taking a version out of memory: no new call gets it, those that have it are answered, and then it is freed.

use super::Shared;
use super::aside::aside;
use super::policy::{Wish, keep};
use super::reading::read_manifest;
use super::snapshot::{Resident, Version};
use crate::data::Name;
use crate::error::{Error, Result};
use crate::failpoint;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

const KEPT: &str = "unload:kept";
const SHOWN: &str = "unload:shown";

/// The failpoints of an unload, each after the step that it is named for.
pub const STEPS: [&str; 2] = [KEPT, SHOWN];

/// How often it is looked whether the last call has left a model that is on its way out.
const LOOK_EVERY: Duration = Duration::from_millis(5);

impl Shared {
    pub(super) async fn unload_model(&self, name: &Name, version: u64) -> Result<()> {
        let _changing = self.settled(name, version).await;
        let mut versions = self.snapshot.load().versions(name);
        let missing = || Error::ModelNotFound { reference: format!("{name}@{version}") };
        let there = versions.get(&version).ok_or_else(missing)?;
        self.check_unnamed(name, version, |_| false)?;
        let manifest = match there.manifest() {
            Some(manifest) => Some(Arc::clone(manifest)),
            // What is damaged but for its manifest can be unloaded, and then nobody waits for it any more.
            None => read_manifest(&self.storage, name, version).await.ok().map(Arc::new),
        };

        keep(&self.coordination, name, version, Some(Wish::Unloaded)).await?;
        failpoint::reach(KEPT);
        if let Some(manifest) = manifest {
            versions.insert(version, Version::Unloaded { manifest, missing: None });
        }
        self.show(name, versions).await?;
        failpoint::reach(SHOWN);
        log::info!(model:% = name, version; "Unloaded model version.");
        Ok(())
    }

    /// Frees a model that is not shown any more, once the last call has left it.
    pub(super) fn retire(&self, resident: Arc<Resident>) {
        self.keep_until_done(async move {
            let mut look = tokio::time::interval(LOOK_EVERY);
            // Nobody else can get hold of it: who could is counted.
            while Arc::strong_count(&resident) > 1 || Arc::strong_count(&resident.model) > 1 {
                look.tick().await;
            }
            free(resident).await;
        });
    }

    /// Frees what nobody else has, not where it stands: that takes milliseconds for a large model.
    pub(super) fn discard(&self, model: impl Send + 'static) {
        self.keep_until_done(free(model));
    }

    fn keep_until_done(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut retiring = self.retiring.lock().unwrap_or_else(PoisonError::into_inner);
        while retiring.try_join_next().is_some() {}
        retiring.spawn(work);
    }
}

async fn free(model: impl Send + 'static) {
    let freed = aside(move || {
        drop(model);
        Ok(())
    });
    if let Err(error) = freed.await {
        log::error!(error:%; "Freeing a model went wrong.");
    }
}
