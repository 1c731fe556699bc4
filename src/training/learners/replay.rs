//! After a restart: the snapshot, and the batches since, learned again.

use super::record::{KeptBatch, Record};
use super::table::{LEARN, Missing};
use super::{Current, Shared, folder, journal};
use crate::data::Name;
use crate::datasets;
use crate::error::{Error, Result};
use crate::model::Learner;
use log::warn;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Shared {
    /// Publishes what was to be published, and deletes files that do not count.
    pub(super) async fn recover(&self) -> Result<()> {
        let names = self.table.names();
        for name in &names {
            let place = self.table.enter(name, Missing::IsRefused(LEARN))?;
            let mut current = None;
            let Some(record) = place.entry().record() else { continue };
            let batches = journal::batches(&self.parts.coordination, name).await?;
            self.sweep(name, &record, &batches).await;
            if record.publishing.is_none() {
                continue; // It is read when the next batch comes.
            }
            let finished = async {
                self.load(name, &record, &mut current).await?;
                self.finish(&place, &current).await
            };
            if let Err(error) = finished.await {
                warn!(model:% = name, error:%; "What a learner was to publish is not; it is tried again with the next batch.");
            }
            self.parked.park(name, current);
        }
        let files = self.parts.storage.list("learners").await?;
        let folders: BTreeSet<&str> = files.iter().filter_map(|(path, _)| path.split('/').nth(1)).collect();
        for orphan in folders.into_iter().filter(|it| names.iter().all(|name| name.as_str() != *it)) {
            self.parts.storage.delete_folder(&format!("learners/{orphan}")).await?;
        }
        Ok(())
    }

    /// Brings what was learned into memory, if it is not there.
    pub(super) async fn load(&self, name: &Name, record: &Record, current: &mut Current) -> Result<()> {
        if current.is_some() {
            return Ok(());
        }
        let folder = folder(name);
        let bytes = self.parts.storage.read_listed(&folder, &record.snapshot).await?;
        let mut learner = self.compute(move || Learner::from_bytes(&bytes)).await?;
        let batches = journal::batches(&self.parts.coordination, name).await?;
        for KeptBatch { learned, file, .. } in batches.iter().filter(|it| it.learned.batch > record.snapshot_batch) {
            let file = file.as_ref().ok_or_else(|| damaged(name, format!("batch {} has no rows", learned.batch)))?;
            let rows = self.parts.storage.read_listed(&folder, file).await?;
            let threads = self.parts.limits.threads_per_batch;
            learner = self
                .compute(move || Ok(learner.partial_fit(&datasets::decode(rows)?, threads, &quiet)?.learner))
                .await?;
        }
        if learner.batches() != record.batches {
            return Err(damaged(name, format!("{} of {} batches are there", learner.batches(), record.batches)));
        }
        *current = Some(Arc::new(learner));
        Ok(())
    }

    /// Deletes the files of a learner that do not count: what a crash or a snapshot left behind.
    pub(super) async fn sweep(&self, name: &Name, record: &Record, batches: &[KeptBatch]) {
        let folder = folder(name);
        let log = batches.iter().filter(|it| it.learned.batch > record.snapshot_batch);
        let counting = log.filter_map(|it| it.file.as_ref()).chain([&record.snapshot]);
        let counting: BTreeSet<String> = counting.map(|it| format!("{folder}/{}", it.path)).collect();
        let swept = async {
            for (path, _) in self.parts.storage.list(&folder).await? {
                if !counting.contains(&path) {
                    self.parts.storage.delete(&path).await?;
                }
            }
            Result::Ok(())
        };
        if let Err(error) = swept.await {
            warn!(model:% = name, error:%; "Left files of a learner behind; the next snapshot deletes them.");
        }
    }

    /// Deletes all files of a learner that is not there any more.
    pub(super) async fn delete_files(&self, name: &Name) {
        if let Err(error) = self.parts.storage.delete_folder(&folder(name)).await {
            warn!(model:% = name, error:%; "Left files of a deleted learner behind; the next start deletes them.");
        }
    }
}

/// What was accepted is learned again whoever waits.
fn quiet(_: &str, _: f64) -> Result<()> {
    Ok(())
}

fn damaged(name: &Name, why: String) -> Error {
    Error::Damaged { path: folder(name), why }
}
