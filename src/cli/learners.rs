//! `modelwire learners`

use super::remote::Remote;
use super::{Failure, partial_fit, report};
use crate::client::LearnerAnswer;
use serde_json::json;

/// Show or delete what learns batch by batch
///
/// Example:
///     modelwire learners show clicks
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Show what a learner takes, when it publishes, and what its last batches came to
    ///
    /// Example:
    ///     modelwire learners show clicks --json
    #[command(verbatim_doc_comment)]
    Show {
        /// Name of the model.
        name: String,
    },
    /// Delete a learner; the versions that it published stay
    ///
    /// Example:
    ///     modelwire learners delete clicks
    #[command(verbatim_doc_comment)]
    Delete {
        /// Name of the model.
        name: String,
    },
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { command, remote } = arguments;
    remote.run(async |client| match &command {
        Command::Show { name } => {
            let learner = client.get_learner(name).await?;
            remote.print(&learner, || description(&learner))
        }
        Command::Delete { name } => {
            client.delete_learner(name).await?;
            remote.print(&json!({ "model": name, "deleted": true }), || format!("deleted learner {name}"))
        }
    })
}

fn description(learner: &LearnerAnswer) -> String {
    let steps = learner.steps.iter().map(|step| {
        let parameters: Vec<String> = step.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{}({})", step.algorithm, parameters.join(", "))
    });
    let policy = format!(
        "{}; keeps {}; stable {}",
        if learner.publish_every == 0 {
            "when asked".into()
        } else {
            format!("every {} batches", learner.publish_every)
        },
        learner.keep_versions,
        if learner.move_stable { "moves" } else { "stays" }
    );
    let mut lines = vec![
        format!("model     {}", learner.model),
        format!("steps     {}", steps.collect::<Vec<_>>().join(", ")),
        format!("features  {}", learner.features.join(", ")),
        format!("target    {}", report::optional(learner.target.as_ref())),
        format!("seed      {}", learner.seed),
        format!("publishes {policy}"),
        format!("learned   {} batches, {} rows", learner.batches, learner.samples),
        format!("version   {}", report::optional(learner.last_version)),
    ];
    lines.extend(learner.recent.iter().map(partial_fit::line));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{StepSpec, Value};
    use crate::training::Learned;

    #[test]
    fn a_learner_is_shown_with_its_policy_and_its_last_batches() {
        let parameters = [("alpha".to_owned(), Value::Number(0.5))].into();
        let learned = Learned { batch: 7, n_samples: 20, loss: Some(0.5), version: None, notes: vec![] };
        let learner = LearnerAnswer {
            model: "clicks".into(),
            steps: vec![StepSpec { algorithm: "ftrl_classifier".into(), parameters, columns: None }],
            target: Some("clicked".into()),
            features: vec!["a".into(), "b".into()],
            classes: None,
            seed: 7,
            publish_every: 0,
            keep_versions: 5,
            move_stable: true,
            batches: 7,
            samples: 140,
            recent: vec![learned],
            last_version: Some(3),
        };

        let shown = description(&learner);

        assert!(shown.contains("steps     ftrl_classifier(alpha=0.5)\nfeatures  a, b\ntarget    clicked"), "{shown}");
        assert!(
            shown.contains("publishes when asked; keeps 5; stable moves\nlearned   7 batches, 140 rows"),
            "{shown}"
        );
        assert!(shown.ends_with("version   3\nbatch 7: 20 rows, loss 0.500000"), "{shown}");
    }
}
