//! What a call asks of a learner, and whether that is the learner that there is.

use crate::data::{Labels, Name, Table};
use crate::error::{Error, Result};
use crate::model::{Learner, Schema, Spec, StepSpec, Value};

/// Columns that are named in a sentence.
const SHOWN: usize = 10;

/// Rows to learn from. What is stated of the learner makes it, with its first batch, and has to be the same afterwards.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The model that learns.
    pub model: Name,
    /// The rows.
    pub table: Table,
    /// The algorithm, perhaps behind transformers that learn batch by batch too.
    pub steps: Option<Vec<StepSpec>>,
    /// The column to predict.
    pub target: Option<String>,
    /// The columns to learn from; all but the target, if nobody says.
    pub features: Option<Vec<String>>,
    /// The classes that there will be; those of the first batch, if nobody says.
    pub classes: Option<Labels>,
    /// Of everything random; 0, if nobody says.
    pub seed: Option<u64>,
    /// Of [`Policy`](super::Policy); stated again it holds from now on.
    pub publish_every: Option<u64>,
    /// Of [`Policy`](super::Policy); stated again it holds from now on.
    pub keep_versions: Option<u64>,
    /// Of [`Policy`](super::Policy); stated again it holds from now on.
    pub move_stable: Option<bool>,
    /// The number that this batch should get.
    pub expected_batch: Option<u64>,
    /// Publish a version after this batch, whatever the policy says.
    pub publish: bool,
    /// A repeated key is answered as the first.
    pub idempotency_key: Option<String>,
}

impl Batch {
    /// A batch that states nothing of the learner.
    pub fn new(model: Name, table: Table) -> Self {
        Self {
            model,
            table,
            steps: None,
            target: None,
            features: None,
            classes: None,
            seed: None,
            publish_every: None,
            keep_versions: None,
            move_stable: None,
            expected_batch: None,
            publish: false,
            idempotency_key: None,
        }
    }

    /// Of a learner that is to be made.
    pub(super) fn spec(&self) -> Spec {
        Spec {
            steps: self.steps.clone().unwrap_or_default(),
            target: self.target.clone(),
            features: self.features.clone(),
            seed: self.seed.unwrap_or_default(),
            ..Spec::default()
        }
    }

    /// # Errors
    /// [`Error::FailedPrecondition`] with both numbers.
    pub(super) fn check_number(&self, next: u64) -> Result<()> {
        match self.expected_batch {
            Some(expected) if expected != next => Err(Error::precondition(format!(
                "the next batch of learner \"{}\" is number {next} and not {expected}; nothing was learned from this one",
                self.model
            ))),
            _ => Ok(()),
        }
    }

    /// # Errors
    /// [`Error::InvalidArgument`] that names the first thing which is stated otherwise than it is.
    pub(super) fn check_same(&self, learner: &Learner) -> Result<()> {
        if let Some(steps) = &self.steps {
            self.check_steps(&Learner::written_out(steps)?, learner.steps())?;
        }
        let quoted = |name: &String| format!("{name:?}");
        let schema = learner.schema();
        let target = schema.target.as_ref().map(|it| it.name.clone());
        self.check("target", self.target.as_ref(), target.as_ref(), quoted)?;
        let features: Vec<String> = schema.features.iter().map(|it| it.name.clone()).collect();
        self.check("features", self.features.as_ref(), Some(&features), |names| names.join(", "))?;
        let classes = self.classes.clone().map(Labels::ascending);
        self.check("classes", classes.as_ref(), schema.classes.as_deref(), in_words)?;
        self.check("seed", self.seed.as_ref(), Some(&learner.seed()), u64::to_string)
    }

    /// What of the rows is neither learned from nor predicted, in a sentence, unless the call says which columns it means.
    pub(super) fn passed_over(&self, schema: &Schema) -> Vec<String> {
        let is_known = |name: &str| {
            schema.features.iter().chain(&schema.target).any(|column| column.name == name) || self.features.is_some()
        };
        let others = self.table.columns().iter().map(|column| column.name.as_str()).filter(|name| !is_known(name));
        let others: Vec<&str> = others.collect();
        if others.is_empty() {
            return vec![];
        }
        let (shown, more) = others.split_at(others.len().min(SHOWN));
        let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        vec![format!("columns that are no features of the learner were passed over: {}{more}", shown.join(", "))]
    }

    fn check_steps(&self, stated: &[StepSpec], there: &[StepSpec]) -> Result<()> {
        let names = |steps: &[StepSpec]| steps.iter().map(|it| it.algorithm.clone()).collect::<Vec<String>>();
        self.check("steps", Some(&names(stated)), Some(&names(there)), |names| names.join(", "))?;
        for (stated, there) in stated.iter().zip(there) {
            for (name, value) in &stated.parameters {
                let what = format!("parameter {name} of {}", stated.algorithm);
                self.check(&what, Some(value), there.parameters.get(name), Value::to_string)?;
            }
            let what = format!("columns of {}", stated.algorithm);
            let of = |step: &StepSpec| step.columns.clone().unwrap_or_else(|| vec!["all".into()]);
            self.check(&what, Some(&of(stated)), Some(&of(there)), |names| names.join(", "))?;
        }
        Ok(())
    }

    fn check<T: PartialEq>(
        &self,
        what: &str,
        stated: Option<&T>,
        there: Option<&T>,
        in_words: impl Fn(&T) -> String,
    ) -> Result<()> {
        if stated.is_none() || stated == there {
            return Ok(());
        }
        let shown = |value: Option<&T>| {
            let text = value.map_or_else(|| "absent".into(), &in_words);
            text.chars().take(200).collect::<String>()
        };
        Err(Error::invalid(format!(
            "{what} of learner \"{}\" is {} and not {}; leave it out, or delete the learner to begin another one",
            self.model,
            shown(there),
            shown(stated)
        )))
    }
}

fn in_words(labels: &Labels) -> String {
    match labels {
        Labels::Integer(labels) => listed(labels),
        Labels::Boolean(labels) => listed(labels),
        Labels::Text(labels) => listed(labels),
    }
}

fn listed(labels: &[impl ToString]) -> String {
    labels.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
