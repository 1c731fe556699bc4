//! `modelwire models`

use super::remote::{Remote, print};
use super::{Failure, report, training_result};
use crate::client::{Client, ModelVersion};
use crate::error::Result;
use crate::model::StepSpec;
use crate::registry::{Alias, LoadState, ModelSummary, Replacement};
use serde_json::json;
use std::path::PathBuf;

/// List models, show one, point aliases, load, unload and delete versions
///
/// Example:
///     modelwire models list
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(clap::Subcommand)]
#[command(verbatim_doc_comment)]
enum Command {
    /// List the models with their versions and aliases
    ///
    /// Example:
    ///     modelwire models list --json
    #[command(verbatim_doc_comment)]
    List,
    /// Show what a version takes, how it was made and how well it fits
    ///
    /// Example:
    ///     modelwire models show wine@latest
    #[command(verbatim_doc_comment)]
    Show {
        /// "wine" (its alias "stable"), "wine@3", "wine@canary" or "wine@latest".
        model: String,
    },
    /// Show what a model made of the rows that it was trained on
    ///
    /// That is all that algorithms such as dbscan have to say: a label, or a place, for each of these rows and for no other.
    ///
    /// Example:
    ///     modelwire models result groups --output labels.csv
    #[command(verbatim_doc_comment)]
    Result {
        /// As for "modelwire models show".
        model: String,
        /// Write a CSV file, a line for each row in the order of training, in the place of what is there.
        #[arg(long, value_name = "FILE.csv")]
        output: Option<PathBuf>,
    },
    /// Point an alias at a version
    ///
    /// A bare model name means its alias "stable", so this is also how a new version is released. With
    /// --expected-generation the alias is only moved if nobody has moved it since.
    ///
    /// Example:
    ///     modelwire models alias wine stable 2 --expected-generation 1
    #[command(verbatim_doc_comment)]
    Alias {
        /// Name of the model.
        model: String,
        /// Name of the alias.
        alias: String,
        /// Version that it shall name; 0 removes the alias (never "stable").
        version: u64,
        /// Generation that you have seen, 0 for an alias that is new.
        #[arg(long, value_name = "GENERATION")]
        expected_generation: Option<u64>,
    },
    /// Serve a version that is on disk
    ///
    /// The server reads it, verifies it and tries it out before it answers; a restart loads it again.
    ///
    /// Example:
    ///     modelwire models load wine 2
    #[command(verbatim_doc_comment)]
    Load {
        /// Name of the model.
        model: String,
        /// Its version.
        version: u64,
        /// What gives way where there is no room: nothing (swap), or other versions of the model that no alias names
        /// (drop_first) [default: as the server is set].
        #[arg(long)]
        replacement: Option<Replacement>,
    },
    /// Serve a version no more; it stays on disk
    ///
    /// A version that an alias names stays loaded.
    ///
    /// Example:
    ///     modelwire models unload wine 1
    #[command(verbatim_doc_comment)]
    Unload {
        /// Name of the model.
        model: String,
        /// Its version.
        version: u64,
    },
    /// Delete a version for good
    ///
    /// A version that an alias names is kept; the last version of a model takes its alias "stable" with it.
    ///
    /// Example:
    ///     modelwire models delete wine 1
    #[command(verbatim_doc_comment)]
    Delete {
        /// Name of the model.
        model: String,
        /// Its version.
        version: u64,
    },
}

pub(super) fn run(arguments: Arguments) -> std::result::Result<(), Failure> {
    let Arguments { command, remote } = arguments;
    remote.run(async |client| match &command {
        Command::List => {
            let models = all(client).await?;
            remote.print(&json!({ "models": models }), || list(&models))
        }
        Command::Show { model } => {
            let model = client.describe_model(model).await?;
            remote.print(&model, || description(&model))
        }
        Command::Result { model, output } => {
            let trained = client.training_result(model).await?;
            let Some(path) = output else {
                return remote.print(&training_result::document(&trained), || training_result::table(&trained.result));
            };
            let rows = training_result::write(&trained.result, path)?;
            let document = json!({ "model": trained.model, "version": trained.version, "rows": rows, "output": path });
            remote.print(&document, || {
                format!("{rows} rows of {}@{} are in {}", trained.model, trained.version, path.display())
            })
        }
        Command::Alias { model, alias, version, expected_generation } => {
            let version = Some(*version).filter(|version| *version > 0);
            let current = client.set_alias(model, alias, version, *expected_generation).await?;
            remote.print(&json!({ "current": current }), || match &current {
                Some(it) => format!("{model}@{alias} is version {}, generation {}", it.version, it.generation),
                None => format!("{model}@{alias} is removed"),
            })
        }
        Command::Load { model, version, replacement } => {
            let bytes = client.load_model(model, *version, *replacement).await?;
            remote.print(&json!({ "model_bytes": bytes }), || {
                format!("{model}@{version} is loaded and takes {bytes} bytes")
            })
        }
        Command::Unload { model, version } => {
            client.unload_model(model, *version).await?;
            if remote.json { print("{}") } else { print(&format!("{model}@{version} is unloaded")) }
        }
        Command::Delete { model, version } => {
            client.delete_version(model, *version).await?;
            if remote.json { print("{}") } else { print(&format!("{model}@{version} is deleted")) }
        }
    })
}

async fn all(client: &Client) -> Result<Vec<ModelSummary>> {
    let (mut models, mut after) = (vec![], None);
    loop {
        let page = client.list_models(after.as_deref()).await?;
        models.extend(page.entries);
        after = page.next;
        if after.is_none() {
            return Ok(models);
        }
    }
}

fn list(models: &[ModelSummary]) -> String {
    let alias = |alias: &Alias| format!("{}={} (generation {})", alias.name, alias.version, alias.generation);
    let rows = models.iter().map(|model| {
        let versions = model.versions.iter().zip(&model.states);
        let versions: Vec<String> = versions.map(|(version, state)| listed(*version, *state)).collect();
        let aliases: Vec<String> = model.aliases.iter().map(alias).collect();
        [model.name.to_string(), versions.join(", "), aliases.join(", ")]
    });
    report::table(
        &["model", "versions", "aliases"],
        rows,
        "no models yet; \"modelwire train --help\" shows how to make one",
    )
}

/// "3", or "3 (unloaded)".
fn listed(version: u64, state: LoadState) -> String {
    if state == LoadState::Loaded { version.to_string() } else { format!("{version} ({})", state.name()) }
}

fn description(model: &ModelVersion) -> String {
    let steps: Vec<String> = model.steps.iter().map(step).collect();
    let targets = model.schema.target.iter().chain(&model.schema.targets);
    let targets: Vec<String> = targets.map(|it| format!("{} ({})", it.name, it.column_type)).collect();
    let target = (!targets.is_empty()).then(|| targets.join(", "));
    let source = model.dataset.clone().unwrap_or_else(|| "rows sent along".into());
    let facts = report::facts([
        ("model", format!("{}@{}", model.name, model.version)),
        ("aliases", model.aliases.join(", ")),
        ("state", model.state.clone()),
        ("kind", model.kind.clone()),
        ("steps", steps.join(", ")),
        ("target", report::optional(target)),
        ("outputs", report::optional(model.schema.outputs.as_ref().map(|outputs| outputs.join(", ")))),
        ("metrics", report::metrics(&model.metrics)),
        ("trained on", format!("{} samples, {source}, seed {}", model.n_samples, model.seed)),
        ("job", model.job_id.clone()),
        ("created", report::date(Some(model.created_ms))),
        ("size", format!("{} bytes, sha256 {}", model.size_bytes, model.sha256)),
    ]);
    let features = model.schema.features.iter().map(|it| [it.name.clone(), it.column_type.to_string()]);
    format!("{facts}\n\n{}", report::table(&["feature", "type"], features, "no features"))
}

/// As `--steps` takes it.
fn step(step: &StepSpec) -> String {
    let parameters: Vec<String> = step.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if parameters.is_empty() { step.algorithm.clone() } else { format!("{}({})", step.algorithm, parameters.join(",")) }
}
