//! Making a version: its number, its model, its manifest, its alias, and only then the snapshot that serves it.

use super::aliases::{STABLE, assign};
use super::manifest::{MANIFEST, MODEL, Manifest};
use super::snapshot::Version;
use super::{Shared, folder};
use crate::data::Name;
use crate::error::{Error, Result};
use crate::failpoint;
use crate::model::{LoadedModel, Pipeline};
use crate::storage::{StoredFile, seal};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

const RESERVED: &str = "publish:reserved";
const WRITTEN: &str = "publish:model";
const COMMITTED: &str = "publish:manifest";
const NAMED: &str = "publish:alias";
const SHOWN: &str = "publish:snapshot";

/// The failpoints of a publication, each after the step that it is named for.
pub const STEPS: [&str; 5] = [RESERVED, WRITTEN, COMMITTED, NAMED, SHOWN];

/// What becomes a version.
#[derive(Debug)]
pub struct Publication {
    /// Of the model.
    pub name: Name,
    /// As it was [reserved](super::Registry::reserve_version).
    pub version: u64,
    /// Fitted.
    pub pipeline: Pipeline,
    /// Measured on the rows that it was trained on. Those that are not finite are left out: JSON has no word for them.
    pub metrics: BTreeMap<String, f64>,
    /// Rows that it was trained on.
    pub n_samples: u64,
    /// Of everything random.
    pub seed: i64,
    /// The job that trained it.
    pub job_id: String,
    /// "wine@2" if it was trained on a stored data set.
    pub dataset: Option<String>,
    /// SHA-256 of the rows that it was trained on, in hex.
    pub data_sha256: String,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub created_ms: i64,
}

impl Publication {
    fn manifest(&self, bytes: &[u8]) -> Manifest {
        Manifest {
            name: self.name.clone(),
            version: self.version,
            kind: self.pipeline.kind(),
            steps: self.pipeline.steps().to_vec(),
            schema: self.pipeline.schema().clone(),
            metrics: self.metrics.clone().into_iter().filter(|(_, value)| value.is_finite()).collect(),
            n_samples: self.n_samples,
            seed: self.seed,
            job_id: self.job_id.clone(),
            dataset: self.dataset.clone(),
            data_sha256: self.data_sha256.clone(),
            created_ms: self.created_ms,
            files: vec![StoredFile::of(MODEL, bytes)],
        }
    }
}

impl Shared {
    pub(super) async fn publish(&self, publication: Publication) -> Result<Arc<Manifest>> {
        let (manifest, bytes, model) = prepare(publication).await?;
        let (name, version) = (&manifest.name, manifest.version);
        let _changing = self.changes.lock().await;
        let mut versions = self.snapshot.load().versions(name);
        if let Some(there) = versions.get(&version) {
            return same(there, &manifest);
        }

        failpoint::reach(RESERVED);
        self.storage.create(&format!("{}/{MODEL}", folder(name, version)), bytes).await?;
        failpoint::reach(WRITTEN);
        self.storage.create(&format!("{}/{MANIFEST}", folder(name, version)), seal(&*manifest)?).await?;
        failpoint::reach(COMMITTED);
        if self.snapshot.load().aliases(name).iter().all(|alias| alias.name.as_str() != STABLE)
            && let Err(error) = assign(&self.coordination, name, STABLE, Some(version), |_| Ok(())).await
        {
            // The version exists, so it is published; a restart, or set_alias, makes it stable.
            log::error!(model:% = name, version, error:%; "The first version could not be made \"stable\".");
        }
        failpoint::reach(NAMED);
        versions.insert(version, Version::Ready { manifest: Arc::clone(&manifest), model });
        self.show(name, versions).await?;
        failpoint::reach(SHOWN);

        log::info!(model:% = name, version, size_bytes = manifest.files[0].size; "Published model version.");
        Ok(manifest)
    }
}

/// Writes the pipeline as bytes and loads it from them: what is served now is what a restart would serve.
async fn prepare(publication: Publication) -> Result<(Arc<Manifest>, Bytes, Arc<LoadedModel>)> {
    let prepared = tokio::task::spawn_blocking(move || {
        let bytes = Bytes::from(publication.pipeline.to_bytes());
        let manifest = publication.manifest(&bytes);
        let model = LoadedModel::new(publication.name, publication.version, Pipeline::from_bytes(&bytes)?);
        Ok((Arc::new(manifest), bytes, Arc::new(model)))
    });
    prepared.await.map_err(|cause| Error::internal(format!("writing a model ended early: {cause}")))?
}

fn same(there: &Version, manifest: &Manifest) -> Result<Arc<Manifest>> {
    match there {
        Version::Ready { manifest: found, .. } if found.files == manifest.files => Ok(Arc::clone(found)),
        _ => Err(Error::precondition(format!(
            "version {} of model \"{}\" is already there with other content",
            manifest.version, manifest.name
        ))),
    }
}
