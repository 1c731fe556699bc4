//! Models, their versions and aliases.

use super::parameters::wire_steps;
use super::table::{column_to, schema_to};
use crate::data::Name;
use crate::model::Schema;
use crate::registry::{self, Manifest};
use crate::wire::models::{Alias, ModelSchema, ModelSummary, ModelVersion};
use std::collections::BTreeMap;
use thrift::OrderedFloat;

/// A version number or count as it travels.
pub(super) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Metrics as they travel.
pub(super) fn metrics(metrics: &BTreeMap<String, f64>) -> BTreeMap<String, OrderedFloat<f64>> {
    metrics.iter().map(|(name, value)| (name.clone(), OrderedFloat(*value))).collect()
}

/// An alias as it is now.
pub fn alias(alias: &registry::Alias) -> Alias {
    Alias {
        name: Some(alias.name.to_string()),
        version: Some(number(alias.version)),
        generation: Some(number(alias.generation)),
    }
}

/// A model with its versions.
pub fn model_summary(model: &registry::ModelSummary) -> ModelSummary {
    ModelSummary {
        name: Some(model.name.to_string()),
        versions: Some(model.versions.iter().copied().map(number).collect()),
        aliases: Some(model.aliases.iter().map(alias).collect()),
    }
}

/// What a version is.
pub fn model_version(manifest: &Manifest, aliases: &[Name]) -> ModelVersion {
    let file = manifest.model_file();
    ModelVersion {
        name: Some(manifest.name.to_string()),
        version: Some(number(manifest.version)),
        kind: Some(manifest.kind.name().into()),
        steps: Some(wire_steps(&manifest.steps)),
        schema: Some(schema(&manifest.schema)),
        metrics: Some(metrics(&manifest.metrics)),
        n_samples: Some(number(manifest.n_samples)),
        seed: Some(manifest.seed),
        job_id: Some(manifest.job_id.clone()),
        dataset: manifest.dataset.clone(),
        data_sha256: Some(manifest.data_sha256.clone()),
        sha256: file.map(|file| file.sha256.clone()),
        size_bytes: file.map(|file| number(file.size)),
        created_ms: Some(manifest.created_ms),
        aliases: Some(aliases.iter().map(Name::to_string).collect()),
    }
}

fn schema(schema: &Schema) -> ModelSchema {
    ModelSchema {
        features: Some(schema.features.iter().map(schema_to).collect()),
        target: schema.target.as_ref().map(schema_to),
        classes: schema.classes.as_ref().map(|classes| column_to(&classes.to_column("classes"))),
    }
}
