//! What columns add to answers.

use super::models::{labels_from, number, number_from};
use super::table::column_to;
use super::tensor::{cube_from, cube_to, vector_from, vector_to};
use crate::error::{Error, Result};
use crate::model::{Explanation, LoadedModel, Scale};
use crate::wire::answers::Explained;
use crate::wire::inference::ExplainResponse;
use std::sync::Arc;

/// An explanation as it travels.
pub fn explanation(explanation: &Explanation, model: &LoadedModel, generation: Option<u64>) -> ExplainResponse {
    let schema = model.pipeline.schema();
    ExplainResponse {
        model: Some(model.name.to_string()),
        version: Some(number(model.version)),
        generation: generation.map(number),
        scale: Some(explanation.scale.name().to_owned()),
        base_values: Some(vector_to(explanation.base_values.view())),
        contributions: Some(cube_to(explanation.contributions.view())),
        features: Some(model.pipeline.columns()),
        classes: schema.classes.as_ref().map(|classes| column_to(&classes.to_column("classes"))),
        outputs: schema.outputs.clone(),
    }
}

/// An explanation as a client received it.
///
/// # Errors
/// [`Error::InvalidArgument`] if its parts do not fit each other.
pub fn explanation_from(answer: ExplainResponse) -> Result<Explained> {
    let ExplainResponse { model, version, generation, scale, base_values, contributions, features, .. } = answer;
    let scale = scale.as_deref().and_then(Scale::parse).ok_or_else(|| Error::invalid("the scale is not known"))?;
    let base_values = vector_from(base_values.unwrap_or_default())?;
    let contributions = cube_from(contributions.unwrap_or_default())?;
    let classes = answer.classes.map(labels_from).transpose()?.map(Arc::new);
    let (features, outputs) = (features.unwrap_or_default(), answer.outputs);
    let n_outputs = outputs.as_ref().map_or(1, Vec::len);
    let n_answers = classes.as_ref().map_or(n_outputs, |classes| classes.len());
    let (_, answers, columns) = contributions.dim();
    if (answers, columns, base_values.len()) != (n_answers, features.len(), n_answers) {
        return Err(Error::invalid("base values, contributions, features and classes do not fit each other"));
    }
    Ok(Explained {
        model: model.unwrap_or_default(),
        version: number_from(version),
        generation: generation.map(|it| number_from(Some(it))),
        explanation: Explanation { scale, base_values, contributions },
        features,
        classes,
        outputs,
    })
}
