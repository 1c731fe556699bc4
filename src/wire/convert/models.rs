//! Models, their versions and aliases.

use super::parameters::{spec_steps, wire_steps};
use super::table::{column_from, column_to, schema_from, schema_to};
use crate::data::{ColumnSchema, Labels, Name, Values};
use crate::error::{Error, Result};
use crate::model::Schema;
use crate::registry::{self, Description, LoadState};
use crate::wire::answers;
use crate::wire::models::{Alias, ModelSchema, ModelSummary, ModelVersion};
use crate::wire::types;
use std::collections::BTreeMap;
use std::sync::Arc;
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
        states: Some(model.states.iter().map(|state| state.name().into()).collect()),
        aliases: Some(model.aliases.iter().map(alias).collect()),
    }
}

/// What a version is.
pub fn model_version(description: &Description) -> ModelVersion {
    let Description { manifest, state, aliases } = description;
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
        state: Some(state.name().into()),
    }
}

fn schema(schema: &Schema) -> ModelSchema {
    ModelSchema {
        features: Some(schema.features.iter().map(schema_to).collect()),
        target: schema.target.as_ref().map(schema_to),
        classes: schema.classes.as_ref().map(|classes| column_to(&classes.to_column("classes"))),
        outputs: schema.outputs.clone(),
        targets: (!schema.targets.is_empty()).then(|| schema.targets.iter().map(schema_to).collect()),
    }
}

/// A version number or count as it came.
pub(super) fn number_from(number: Option<i64>) -> u64 {
    number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
}

/// A name as it came; `what` says in an error what it should name.
pub(super) fn name_from(what: &'static str, name: Option<String>) -> Result<Name> {
    Name::parse(what, name.unwrap_or_default())
}

/// How a version is; `None` where a server does not say, or says what is not known here.
pub(super) fn load_state_from(state: Option<String>) -> Option<LoadState> {
    LoadState::ALL.into_iter().find(|known| Some(known.name()) == state.as_deref())
}

/// Metrics as they came.
pub(super) fn metrics_from(metrics: Option<BTreeMap<String, OrderedFloat<f64>>>) -> BTreeMap<String, f64> {
    metrics.unwrap_or_default().into_iter().map(|(name, value)| (name, value.into_inner())).collect()
}

/// An alias as it was when the server answered.
///
/// # Errors
/// [`Error::Name`] if its name is none.
pub fn alias_from(alias: Alias) -> Result<registry::Alias> {
    Ok(registry::Alias {
        name: name_from("alias", alias.name)?,
        version: number_from(alias.version),
        generation: number_from(alias.generation),
    })
}

/// A model with its versions.
///
/// # Errors
/// [`Error::Name`] if a name is none.
pub fn model_summary_from(model: ModelSummary) -> Result<registry::ModelSummary> {
    let versions: Vec<u64> = model.versions.unwrap_or_default().into_iter().map(|it| number_from(Some(it))).collect();
    let mut states = model.states.unwrap_or_default().into_iter();
    Ok(registry::ModelSummary {
        name: name_from("model", model.name)?,
        states: versions.iter().map(|_| load_state_from(states.next()).unwrap_or(LoadState::Loaded)).collect(),
        versions,
        aliases: model.aliases.unwrap_or_default().into_iter().map(alias_from).collect::<Result<_>>()?,
    })
}

/// What a version is.
///
/// # Errors
/// [`Error::InvalidArgument`] if there is none, or a step, a column or a class is of a kind that is not known here.
pub fn model_version_from(model: Option<ModelVersion>) -> Result<answers::ModelVersion> {
    let model = model.ok_or_else(|| Error::invalid("there is no model in it"))?;
    Ok(answers::ModelVersion {
        name: model.name.unwrap_or_default(),
        version: number_from(model.version),
        kind: model.kind.unwrap_or_default(),
        steps: spec_steps(model.steps.unwrap_or_default())?,
        schema: model_schema_from(model.schema.unwrap_or_else(crate::wire::empty))?,
        metrics: metrics_from(model.metrics),
        n_samples: number_from(model.n_samples),
        seed: model.seed.unwrap_or_default(),
        job_id: model.job_id.unwrap_or_default(),
        dataset: model.dataset,
        data_sha256: model.data_sha256.unwrap_or_default(),
        sha256: model.sha256.unwrap_or_default(),
        size_bytes: number_from(model.size_bytes),
        created_ms: model.created_ms.unwrap_or_default(),
        aliases: model.aliases.unwrap_or_default(),
        state: model.state.unwrap_or_else(|| LoadState::Loaded.name().into()),
    })
}

fn model_schema_from(schema: ModelSchema) -> Result<Schema> {
    Ok(Schema {
        features: columns_from(schema.features)?,
        target: schema.target.map(known_schema).transpose()?,
        classes: schema.classes.map(labels_from).transpose()?.map(Arc::new),
        outputs: schema.outputs,
        targets: columns_from(schema.targets)?,
    })
}

/// Names and types of columns, in order.
pub(super) fn columns_from(columns: Option<Vec<types::ColumnSchema>>) -> Result<Vec<ColumnSchema>> {
    columns.unwrap_or_default().into_iter().map(known_schema).collect()
}

/// Name and type of a column whose type has to be known.
pub(super) fn known_schema(schema: types::ColumnSchema) -> Result<ColumnSchema> {
    let (name, type_name) = (schema.name.clone().unwrap_or_default(), schema.type_name.clone().unwrap_or_default());
    schema_from(schema)
        .ok_or_else(|| Error::invalid(format!("column {name:?} has the type {type_name:?}, which is not known here")))
}

/// Labels of classes, of which none is missing.
pub(super) fn labels_from(column: types::Column) -> Result<Labels> {
    let column = column_from(column)?;
    if let Some(row) = column.first_missing() {
        return Err(Error::invalid(format!("label {row} of {:?} is missing", column.name)));
    }
    match column.values {
        Values::Integer(labels) => Ok(Labels::Integer(labels.values().to_vec())),
        Values::Boolean(labels) => Ok(Labels::Boolean(labels.values().iter().collect())),
        Values::Text(labels) => Ok(Labels::Text(labels.iter().map(|it| it.unwrap_or_default().to_owned()).collect())),
        Values::Float(_) => Err(Error::invalid("labels are real numbers; they are whole, true or false, or text")),
    }
}
