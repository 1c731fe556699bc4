//! `modelwire partial-fit`

use super::remote::Remote;
use super::steps::Steps;
use super::train::seed;
use super::{Failure, report, table_file};
use crate::data::{Labels, Name, Table};
use crate::error::Error;
use crate::training::{Batch, Learned};
use serde_json::json;
use std::path::PathBuf;

/// Let a model learn from a batch of rows
///
/// Reads rows from a CSV file (`-` is standard input) and sends them, whole or in batches one after the other. The first batch of a
/// model begins its learner: it wants --steps, and --target if the algorithm has one. Later batches go on from there and want neither.
///
/// Versions are published as --publish-every says, and `predict` with the bare name of the model answers by the newest one, unless
/// --move-stable false says otherwise. Each batch prints its number, its rows, its loss before anything was learned from it, and the
/// version that was published after it; with --json one document at the end has all of them. If a batch is refused, those before it stay
/// learned.
///
/// Examples:
///     modelwire partial-fit clicks --data monday.csv --target clicked --steps "ftrl_classifier(l1=1)"
///     modelwire partial-fit clicks --data tuesday.csv --batch-rows 1000 --publish-every 10
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// Name of the model.
    #[arg(value_parser = model_name)]
    name: Name,
    /// CSV file with a heading line.
    #[arg(long)]
    data: PathBuf,
    /// Rows of a batch [default: all].
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    batch_rows: Option<u64>,
    /// An algorithm that learns batch by batch, with parameters in parentheses, perhaps behind standard_scaler: bernoulli_nb,
    /// ftrl_classifier, gaussian_nb, mini_batch_k_means, mlp_classifier, mlp_regressor, multinomial_nb, sgd_classifier or
    /// sgd_regressor. Only the first batch needs it.
    #[arg(long)]
    steps: Option<Steps>,
    /// Column to predict; none for mini_batch_k_means. Only the first batch needs it.
    #[arg(long)]
    target: Option<String>,
    /// Columns to learn from, separated by commas [default: all but the target].
    #[arg(long, value_delimiter = ',')]
    features: Option<Vec<String>>,
    /// All classes that there will ever be, separated by commas: a row of another one is refused [default: those of the first batch].
    #[arg(long, value_delimiter = ',')]
    classes: Option<Vec<String>>,
    /// Seed of everything random; the same batches in the same order give the same model.
    #[arg(long, allow_negative_numbers = true, value_parser = seed)]
    seed: Option<u64>,
    /// Publish a version after every so many batches [default: 1]; 0: only with --publish.
    #[arg(long)]
    publish_every: Option<u64>,
    /// Newest versions that are kept; older ones are deleted, but for those that an alias names [default: 5].
    #[arg(long)]
    keep_versions: Option<u64>,
    /// Whether the alias "stable", which the bare name means, goes to each new version [default: true]. The first batch of a model that
    /// has versions already has to say it.
    #[arg(long)]
    move_stable: Option<bool>,
    /// Publish a version after the last batch.
    #[arg(long)]
    publish: bool,
    /// Number that the first batch should get; refused if it would be another.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    expected_batch: Option<u64>,
    /// Words that this call is known by: repeated with the same rows nothing is learned twice. Of several batches each has its own,
    /// with its number behind these.
    #[arg(long)]
    idempotency_key: Option<String>,
    #[command(flatten)]
    pub(super) remote: Remote,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let table = table_file::read(&arguments.data)?;
    let length = arguments.batch_rows.map_or(usize::MAX, |it| usize::try_from(it).unwrap_or(usize::MAX));
    let batches: Vec<Batch> = arguments.batches(&table, length);
    arguments.remote.run(async |client| {
        let mut learned = vec![];
        for batch in &batches {
            match client.partial_fit(batch).await {
                Ok(found) if arguments.remote.json => learned.push(found),
                Ok(found) => arguments.remote.print(&found, || line(&found))?,
                Err(error) => {
                    let (done, all) = (learned.len(), batches.len());
                    if arguments.remote.json && done > 0 {
                        eprintln!("modelwire: {done} of {all} batches were learned before this");
                    }
                    return Err(error.into());
                }
            }
        }
        if arguments.remote.json { arguments.remote.print(&json!({ "batches": learned }), String::new) } else { Ok(()) }
    })
}

impl Arguments {
    /// The rows in their order; what is said of the learner goes with the first ones.
    fn batches(&self, table: &Table, length: usize) -> Vec<Batch> {
        let n_rows = table.n_rows();
        let firsts: Vec<usize> = if n_rows == 0 { vec![0] } else { (0..n_rows).step_by(length.min(n_rows)).collect() };
        let batch = |(number, first): (usize, usize)| Batch {
            expected_batch: self.expected_batch.map(|it| it + number as u64),
            idempotency_key: self.idempotency_key.as_ref().map(|key| match firsts.len() {
                1 => key.clone(),
                _ => format!("{key}-{}", number + 1),
            }),
            publish_every: self.publish_every,
            keep_versions: self.keep_versions,
            move_stable: self.move_stable,
            publish: self.publish && first == firsts.last().copied().unwrap_or_default(),
            ..Batch::new(self.name.clone(), table.slice(first, length.min(n_rows - first)))
        };
        let mut batches: Vec<Batch> = firsts.iter().copied().enumerate().map(batch).collect();
        if let Some(first) = batches.first_mut() {
            first.steps = self.steps.as_ref().map(|it| it.0.clone());
            first.target = self.target.clone();
            first.features = self.features.clone();
            first.classes = self.classes.as_deref().map(labels);
            first.seed = self.seed;
        }
        batches
    }
}

/// Whole numbers where all are, then truth values, else text: as columns of a CSV file are read.
fn labels(texts: &[String]) -> Labels {
    let (integers, flags) = (texts.iter().map(|it| it.parse().ok()), texts.iter().map(|it| it.parse().ok()));
    let labels = integers.collect::<Option<_>>().map(Labels::Integer);
    labels.or_else(|| flags.collect::<Option<_>>().map(Labels::Boolean)).unwrap_or_else(|| Labels::Text(texts.to_vec()))
}

fn model_name(text: &str) -> Result<Name, Error> {
    Name::parse("model", text)
}

pub(super) fn line(learned: &Learned) -> String {
    let Learned { batch, n_samples, loss, version, notes } = learned;
    let loss = loss.map_or_else(String::new, |it| format!(", loss {it:.6}"));
    let version = if version.is_some() { format!(", version {}", report::optional(*version)) } else { String::new() };
    let notes: String = notes.iter().map(|it| format!("\n  {it}")).collect();
    format!("batch {batch}: {n_samples} rows{loss}{version}{notes}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_of_the_type_that_all_of_them_have() {
        let of = |texts: &[&str]| labels(&texts.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());

        assert_eq!(of(&["1", "-2"]), Labels::Integer(vec![1, -2]));
        assert_eq!(of(&["true", "false"]), Labels::Boolean(vec![true, false]));
        assert_eq!(of(&["1", "no"]), Labels::Text(vec!["1".into(), "no".into()]));
    }

    #[test]
    fn a_batch_is_one_line() {
        let learned = Learned { batch: 3, n_samples: 40, loss: Some(0.25), version: Some(2), notes: vec![] };
        let noted = Learned { loss: None, version: None, notes: vec!["stable stays".into()], ..learned.clone() };

        assert_eq!(line(&learned), "batch 3: 40 rows, loss 0.250000, version 2");
        assert_eq!(line(&noted), "batch 3: 40 rows\n  stable stays");
    }
}
