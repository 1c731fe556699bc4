//! From what was learned to a version: published, named `stable`, and old ones deleted.

use super::accept::{PUBLISHED, RECORDED};
use super::record::Record;
use super::table::Place;
use super::{Current, Shared, journal};
use crate::data::{Name, Reference, Selector};
use crate::error::{Code, Error, Result};
use crate::failpoint;
use crate::model::Pipeline;
use crate::registry::Publication;
use crate::training::job::now_ms;
use log::{error, warn};
use ndarray::Array2;

/// The alias that follows a learner.
const STABLE: &str = "stable";

impl Shared {
    /// Publishes the version that a crash, or an error of the disk, came in between.
    pub(super) async fn finish(&self, place: &Place, current: &Current) -> Result<()> {
        let pending = place.entry().record().and_then(|it| it.publishing);
        let (Some(version), Some(learner)) = (pending, current) else { return Ok(()) };
        let learner = learner.clone();
        let seed = learner.seed();
        let pipeline = self.compute(move || learner.pipeline()).await?;
        let no_rows = Array2::zeros((0, pipeline.schema().features.len()));
        self.publish(place, version, pipeline, no_rows, seed).await;
        Ok(())
    }

    /// Publishes what is learned. The batch counts whatever comes of it: what goes wrong is tried again before the next one.
    pub(super) async fn publish(&self, place: &Place, version: u64, pipeline: Pipeline, rows: Array2<f64>, seed: u64) {
        let name = place.name();
        let Some(record) = place.entry().record() else { return };
        if let Err(error) = self.try_publish(place, record, version, pipeline, rows, seed).await {
            error!(model:% = name, version, error:%; "A version of a learner could not be published; it is tried again before the next batch.");
            if let Ok(mut learned) = self.last(place) {
                let note = format!(
                    "version {version} could not be published: {error}; it is tried again before the next batch"
                );
                learned.notes.push(note);
                place.entry().show_batch(learned);
            }
        }
    }

    async fn try_publish(
        &self,
        place: &Place,
        record: Record,
        version: u64,
        pipeline: Pipeline,
        golden_rows: Array2<f64>,
        seed: u64,
    ) -> Result<()> {
        let (name, parts) = (place.name(), &self.parts);
        let loss = self.last(place)?.loss;
        let publication = Publication {
            name: name.clone(),
            version,
            pipeline,
            metrics: loss.map(|loss| ("batch_loss".to_owned(), loss)).into_iter().collect(),
            n_samples: record.samples,
            seed: seed.cast_signed(),
            job_id: format!("batch {}", record.batches),
            dataset: None,
            data_sha256: record.data_sha256.clone(),
            golden_rows,
            created_ms: now_ms(),
        };
        parts.registry.publish(publication).await?;
        failpoint::reach(PUBLISHED);
        let stayed = if record.policy.move_stable { self.move_stable(name, version).await } else { None };
        let note = stayed.or_else(|| self.not_served(name, version));
        let versions = [&record.versions[..], &[version]].concat();
        let versions = self.prune(name, versions, record.policy.keep_versions).await;
        let published_batch = record.batches;
        let record = Record { publishing: None, published_batch, last_version: Some(version), versions, ..record };
        let kept = journal::batch(&parts.coordination, name, record.batches).await?;
        let mut kept = kept.ok_or_else(|| Error::internal("the batch of a version is not kept"))?;
        kept.learned.version = Some(version);
        kept.learned.notes.extend(note);
        journal::learn(&parts.coordination, name, &record, &kept).await?;
        failpoint::reach(RECORDED);
        place.entry().update(record);
        place.entry().show_batch(kept.learned);
        Ok(())
    }

    /// Why a version that is there cannot be asked, if so.
    fn not_served(&self, name: &Name, version: u64) -> Option<String> {
        let reference = Reference { name: name.clone(), selector: Selector::Version(version) };
        let error = self.parts.registry.resolve(&reference).err()?;
        Some(format!("version {version} is published and not served: {error}"))
    }

    /// Points `stable` at a version, which is loaded if it is not; what kept it from that, if something did.
    async fn move_stable(&self, name: &Name, version: u64) -> Option<String> {
        let registry = &self.parts.registry;
        let moved = async {
            let stable = Name::parse("alias", STABLE)?;
            match registry.set_alias(name, &stable, Some(version), None).await {
                Err(error) if error.code() == Code::FailedPrecondition => {
                    registry.load_model(name, version, None).await?;
                    registry.set_alias(name, &stable, Some(version), None).await
                }
                done => done,
            }
        };
        let error = moved.await.err()?;
        warn!(model:% = name, version, error:%; "\"stable\" could not follow a learner.");
        Some(format!(
            "the alias stable stays where it was and did not go to version {version}: {error}; the next version that is published takes \
             it, or \"modelwire models alias\" moves it by hand"
        ))
    }

    /// Deletes versions beyond the newest `keep` that no alias names; those that are left.
    async fn prune(&self, name: &Name, versions: Vec<u64>, keep: u64) -> Vec<u64> {
        let excess = versions.len().saturating_sub(usize::try_from(keep).unwrap_or(usize::MAX));
        let mut left = vec![];
        for version in &versions[..excess] {
            match self.parts.registry.delete_version(name, *version).await {
                Ok(()) => {}
                Err(error) if error.code() == Code::NotFound => {}
                Err(error) => {
                    if error.code() != Code::FailedPrecondition {
                        warn!(model:% = name, version = *version, error:%; "An old version of a learner could not be deleted.");
                    }
                    left.push(*version);
                }
            }
        }
        left.extend(&versions[excess..]);
        left
    }
}
