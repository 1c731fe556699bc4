//! Batches of learners and what they learned.

use super::models::{labels_from, number, number_from};
use super::parameters::{spec_steps, wire_steps};
use super::table::{column_to, table_from, table_to};
use crate::data::Name;
use crate::error::{Error, Result};
use crate::training::{Batch, Learned, LearnerStatus};
use crate::wire::answers::LearnerAnswer;
use crate::wire::training::{LearnedBatch, Learner, PartialFitRequest, PartialFitResponse};
use thrift::OrderedFloat;

/// What is asked of a learner.
///
/// # Errors
/// [`Error::Name`] for the model; [`Error::InvalidArgument`] if there are no rows, a number is below 0, or a step is not complete.
pub fn batch(request: PartialFitRequest, idempotency_key: Option<String>) -> Result<Batch> {
    let model = Name::parse("model", request.model.unwrap_or_default())?;
    let table = request.table.ok_or_else(|| Error::invalid("the request has no rows; send table"))?;
    Ok(Batch {
        steps: request.steps.filter(|it| !it.is_empty()).map(spec_steps).transpose()?,
        target: request.target,
        features: request.features.filter(|it| !it.is_empty()),
        classes: request.classes.map(labels_from).transpose()?,
        seed: request.seed.map(i64::cast_unsigned),
        publish_every: counted("publish_every", request.publish_every)?,
        keep_versions: counted("keep_versions", request.keep_versions)?,
        move_stable: request.move_stable,
        expected_batch: counted("expected_batch", request.expected_batch)?,
        publish: request.publish.unwrap_or_default(),
        idempotency_key,
        ..Batch::new(model, table_from(table)?)
    })
}

fn counted(what: &str, number: Option<i64>) -> Result<Option<u64>> {
    let whole = |it| u64::try_from(it).map_err(|_| Error::invalid(format!("{what} is {it}; it is 0 or greater")));
    number.map(whole).transpose()
}

/// What was learned from a batch.
pub fn learned(learned: &Learned) -> PartialFitResponse {
    let LearnedBatch { batch, n_samples, loss, version, notes } = learned_batch(learned);
    PartialFitResponse { batch, n_samples, loss, version, notes }
}

fn learned_batch(learned: &Learned) -> LearnedBatch {
    LearnedBatch {
        batch: Some(number(learned.batch)),
        n_samples: Some(number(learned.n_samples)),
        loss: learned.loss.map(OrderedFloat),
        version: learned.version.map(number),
        notes: Some(learned.notes.clone()).filter(|it| !it.is_empty()),
    }
}

/// How a learner is.
pub fn learner(status: &LearnerStatus) -> Learner {
    let schema = &status.schema;
    let target = schema.target.as_ref().map(|it| it.name.clone());
    Learner {
        model: Some(status.model.to_string()),
        steps: Some(wire_steps(&status.steps)),
        classes: schema.classes.as_ref().map(|it| column_to(&it.to_column(target.as_deref().unwrap_or_default()))),
        target,
        features: Some(schema.features.iter().map(|it| it.name.clone()).collect()),
        seed: Some(status.seed.cast_signed()),
        publish_every: Some(number(status.policy.publish_every)),
        keep_versions: Some(number(status.policy.keep_versions)),
        move_stable: Some(status.policy.move_stable),
        batches: Some(number(status.batches)),
        samples: Some(number(status.samples)),
        recent: Some(status.recent.iter().map(learned_batch).collect()),
        last_version: status.last_version.map(number),
    }
}

/// A batch, as a client sends it; the caller fills in the context.
pub fn partial_fit_request(batch: &Batch) -> PartialFitRequest {
    PartialFitRequest {
        context: None,
        model: Some(batch.model.to_string()),
        table: Some(table_to(&batch.table)),
        steps: batch.steps.as_deref().map(wire_steps),
        target: batch.target.clone(),
        features: batch.features.clone(),
        classes: batch.classes.as_ref().map(|it| column_to(&it.to_column("classes"))),
        seed: batch.seed.map(u64::cast_signed),
        publish_every: batch.publish_every.map(number),
        keep_versions: batch.keep_versions.map(number),
        move_stable: batch.move_stable,
        expected_batch: batch.expected_batch.map(number),
        publish: Some(batch.publish).filter(|it| *it),
    }
}

/// What was learned from a batch, as a client received it.
pub fn learned_from(answer: PartialFitResponse) -> Learned {
    let PartialFitResponse { batch, n_samples, loss, version, notes } = answer;
    from_batch(LearnedBatch { batch, n_samples, loss, version, notes })
}

fn from_batch(batch: LearnedBatch) -> Learned {
    Learned {
        batch: number_from(batch.batch),
        n_samples: number_from(batch.n_samples),
        loss: batch.loss.map(OrderedFloat::into_inner),
        version: batch.version.map(|it| number_from(Some(it))),
        notes: batch.notes.unwrap_or_default(),
    }
}

/// A learner as a client received it.
///
/// # Errors
/// [`Error::InvalidArgument`] if there is none, or a step of it is not complete.
pub fn learner_from(learner: Option<Learner>) -> Result<LearnerAnswer> {
    let learner = learner.ok_or_else(|| Error::invalid("there is no learner in it"))?;
    Ok(LearnerAnswer {
        model: learner.model.unwrap_or_default(),
        steps: spec_steps(learner.steps.unwrap_or_default())?,
        target: learner.target,
        features: learner.features.unwrap_or_default(),
        classes: learner.classes.map(labels_from).transpose()?,
        seed: learner.seed.unwrap_or_default(),
        publish_every: number_from(learner.publish_every),
        keep_versions: number_from(learner.keep_versions),
        move_stable: learner.move_stable.unwrap_or_default(),
        batches: number_from(learner.batches),
        samples: number_from(learner.samples),
        recent: learner.recent.unwrap_or_default().into_iter().map(from_batch).collect(),
        last_version: learner.last_version.map(|it| number_from(Some(it))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Column, Labels, Table};
    use crate::model::{StepSpec, Value};

    #[test]
    fn a_batch_survives_the_wire() {
        let table = Table::new(vec![Column::float("x", vec![0.5, 1.5]), Column::text("y", &["no", "yes"])]).unwrap();
        let parameters = [("alpha".to_owned(), Value::Number(0.5))].into();
        let sent = Batch {
            steps: Some(vec![StepSpec { algorithm: "ftrl_classifier".into(), parameters, columns: None }]),
            target: Some("y".into()),
            features: Some(vec!["x".into()]),
            classes: Some(Labels::Text(vec!["no".into(), "yes".into()])),
            seed: Some(u64::MAX),
            publish_every: Some(0),
            keep_versions: Some(3),
            move_stable: Some(false),
            expected_batch: Some(7),
            publish: true,
            ..Batch::new(Name::parse("model", "mail").unwrap(), table)
        };

        let received = batch(partial_fit_request(&sent), None).unwrap();

        assert_eq!(format!("{received:?}"), format!("{sent:?}"));
    }

    #[test]
    fn a_number_below_0_is_refused_by_name() {
        let table = Table::new(vec![Column::float("x", vec![0.5])]).unwrap();
        let asked = partial_fit_request(&Batch::new(Name::parse("model", "mail").unwrap(), table));

        let refused = batch(PartialFitRequest { publish_every: Some(-1), ..asked }, None).unwrap_err();

        assert_eq!(refused.to_string(), "publish_every is -1; it is 0 or greater");
    }
}
