//! Making a version: its number, its model, its manifest, its alias, and only then the snapshot that serves it.

use super::aliases::{STABLE, assign};
use super::aside::aside;
use super::golden::{self, GOLDEN};
use super::loading::Asked;
use super::manifest::{MANIFEST, MODEL, Manifest};
use super::snapshot::{Resident, Version};
use super::{Shared, folder};
use crate::data::Name;
use crate::error::{Error, Result};
use crate::failpoint;
use crate::model::{LoadedModel, Pipeline};
use crate::storage::{StoredFile, seal};
use bytes::Bytes;
use ndarray::Array2;
use std::collections::BTreeMap;
use std::sync::Arc;

const RESERVED: &str = "publish:reserved";
const WRITTEN: &str = "publish:model";
const RECORDED: &str = "publish:golden";
const COMMITTED: &str = "publish:manifest";
const NAMED: &str = "publish:alias";
const SHOWN: &str = "publish:snapshot";

/// The failpoints of a publication, each after the step that it is named for.
pub const STEPS: [&str; 6] = [RESERVED, WRITTEN, RECORDED, COMMITTED, NAMED, SHOWN];

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
    /// Rows that the version has to answer as it does now whenever it is loaded: `(n_samples, n_features)`, as
    /// [`Pipeline::predict`] takes them; none are fine.
    pub golden_rows: Array2<f64>,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub created_ms: i64,
}

impl Publication {
    fn manifest(&self, bytes: &[u8], golden: Option<&[u8]>) -> Manifest {
        let model = StoredFile::of(MODEL, bytes);
        let golden = golden.map(|golden| StoredFile::of(GOLDEN, golden));
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
            files: [model].into_iter().chain(golden).collect(),
        }
    }
}

/// A version and its files, not yet written.
struct Prepared {
    manifest: Arc<Manifest>,
    bytes: Bytes,
    golden: Option<Bytes>,
    model: LoadedModel,
}

impl Shared {
    pub(super) async fn publish(self: &Arc<Self>, publication: Publication) -> Result<Arc<Manifest>> {
        let Prepared { manifest, bytes, golden, model } = prepare(publication).await?;
        let (name, version) = (&manifest.name, manifest.version);
        let changing = self.settled(name, version).await;
        let mut versions = self.snapshot.load().versions(name);
        if let Some(there) = versions.get(&version) {
            return same(there, &manifest);
        }
        self.write(&manifest, bytes, golden).await?;
        if self.snapshot.load().aliases(name).iter().all(|alias| alias.name.as_str() != STABLE)
            && let Err(error) = assign(&self.coordination, name, STABLE, Some(version), |_| Ok(())).await
        {
            // The version exists, so it is published; a restart, or set_alias, makes it stable.
            log::error!(model:% = name, version, error:%; "The first version could not be made \"stable\".");
        }
        failpoint::reach(NAMED);
        let entered = self.enter(&manifest, model).await?;
        let waits = matches!(entered, Version::Unloaded { missing: Some(_), .. });
        versions.insert(version, entered);
        self.show(name, versions).await?;
        failpoint::reach(SHOWN);
        drop(changing);

        log::info!(model:% = name, version, size_bytes = manifest.model_bytes(); "Published model version.");
        if waits && let Err(error) = self.load_model(name, version, None, Asked::ByPolicy).await {
            log::warn!(model:% = name, version, error:%; "A published model version is not served.");
            self.give_up(name, version).await?;
        }
        Ok(manifest)
    }

    /// Nobody waits for a version for which there was no room when it was published, unless an alias names it: it must
    /// neither take the server out of service nor be read at the next start.
    async fn give_up(&self, name: &Name, version: u64) -> Result<()> {
        match self.check_unnamed(name, version, |_| false) {
            Ok(()) => self.unload_model(name, version).await,
            Err(_) => Ok(()),
        }
    }

    /// Writes the files of a version, the manifest last.
    async fn write(&self, manifest: &Manifest, bytes: Bytes, golden: Option<Bytes>) -> Result<()> {
        let folder = folder(&manifest.name, manifest.version);
        failpoint::reach(RESERVED);
        self.storage.create(&format!("{folder}/{MODEL}"), bytes).await?;
        failpoint::reach(WRITTEN);
        if let Some(golden) = golden {
            self.storage.create(&format!("{folder}/{GOLDEN}"), golden).await?;
        }
        failpoint::reach(RECORDED);
        self.storage.create(&format!("{folder}/{MANIFEST}"), seal(manifest)?).await?;
        failpoint::reach(COMMITTED);
        Ok(())
    }

    /// How a version that was just written is shown: loaded, if it shall be and there is room at once.
    async fn enter(&self, manifest: &Arc<Manifest>, model: LoadedModel) -> Result<Version> {
        let (name, version) = (&manifest.name, manifest.version);
        let manifest = Arc::clone(manifest);
        if !self.wants(name, version).await? {
            self.discard(model);
            return Ok(Version::Unloaded { manifest, missing: None });
        }
        // What is being loaded has been promised its room, and may not have taken it yet.
        let fits = self.room.fits(self.snapshot.load().held().chain([manifest.as_ref()]));
        Ok(match fits.then(|| self.room.try_take(&manifest)).flatten() {
            Some(taken) => Version::Loaded(Arc::new(Resident { manifest, model: Arc::new(model), _taken: taken })),
            None => {
                self.discard(model);
                Version::Unloaded { missing: Some(self.room.refusal(&manifest)), manifest }
            }
        })
    }
}

/// Writes the pipeline as bytes and loads it from them: what is served now is what a restart would serve.
async fn prepare(publication: Publication) -> Result<Prepared> {
    aside(move || {
        let bytes = Bytes::from(publication.pipeline.to_bytes());
        let pipeline = Pipeline::from_bytes(&bytes)?;
        let golden = golden::record(&pipeline, &publication.golden_rows).map(Bytes::from);
        let manifest = Arc::new(publication.manifest(&bytes, golden.as_deref()));
        let model = LoadedModel::new(publication.name, publication.version, pipeline);
        Ok(Prepared { manifest, bytes, golden, model })
    })
    .await
}

/// The golden rows do not tell versions apart: those of another build may be rounded otherwise, or be missing.
fn same(there: &Version, manifest: &Manifest) -> Result<Arc<Manifest>> {
    match there.manifest() {
        Some(found) if found.model_file() == manifest.model_file() => Ok(Arc::clone(found)),
        _ => Err(Error::precondition(format!(
            "version {} of model \"{}\" is already there with other content",
            manifest.version, manifest.name
        ))),
    }
}
