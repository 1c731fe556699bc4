//! `modelwire train`

use super::remote::Remote;
use super::steps::Steps;
use super::{Failure, progress, report, table_file};
use crate::client::{JobStatus, MAX_PIECE_BYTES, encoded_bytes};
use crate::data::{Name, Table};
use crate::error::Error;
use crate::model::Spec;
use crate::training::{JobSpec, Rows};
use std::path::PathBuf;

/// Train a model and publish it as a new version
///
/// Reads rows from a CSV file (`-` is standard input) or takes a data set of the server, fits the steps one after the other
/// and publishes the result. The first version of a model answers at once under its bare name; a later one when
/// `modelwire models alias` points "stable" at it.
///
/// Examples:
///     modelwire train wine.csv --target quality --steps standard_scaler,linear_regression --name wine
///     modelwire train --dataset wine@2 --target quality --steps linear_regression --name wine
///     modelwire train sales.csv --target price --sample-weight count --steps ridge --name price
///     modelwire train sales.csv --targets price,count --steps multi_task_lasso --name sales
///     modelwire train iris.csv --target species --steps "logistic_regression(C=0.5,max_iter=200)" --name iris
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
#[group(id = "rows", required = true, multiple = false, args = ["file", "dataset"])]
pub(super) struct Arguments {
    /// CSV file with a heading line; an empty field is a missing value.
    file: Option<PathBuf>,
    /// Data set of the server: "wine" (its newest version) or "wine@2".
    #[arg(long)]
    dataset: Option<String>,
    /// Name of the model.
    #[arg(long, value_parser = model_name)]
    name: Name,
    /// Transformers, then one estimator or none, behind a classifier perhaps platt_calibration: names with parameters in parentheses,
    /// separated by commas.
    #[arg(long)]
    steps: Steps,
    /// Column to predict; none for clusterers, outlier detectors and transformers.
    #[arg(long)]
    target: Option<String>,
    /// Columns to predict at once, separated by commas, by a regressor that learns several.
    #[arg(long, value_delimiter = ',', conflicts_with = "target")]
    targets: Vec<String>,
    /// Columns to learn from, separated by commas [default: all but the targets and the weights].
    #[arg(long, value_delimiter = ',')]
    features: Option<Vec<String>>,
    /// Seed of everything random; the same rows, steps and seed give the same model.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_parser = seed)]
    seed: u64,
    /// Share of the rows that metrics are measured on, by a second model that has not seen them; 0 leaves it out [default: 0.2].
    #[arg(long)]
    validation_fraction: Option<f64>,
    /// Column of numbers that say how often each row counts; 0 leaves it out [default: each row counts once].
    #[arg(long, value_name = "COLUMN")]
    sample_weight: Option<String>,
    /// Print the job and return while it runs.
    #[arg(long)]
    detach: bool,
    #[command(flatten)]
    pub(super) remote: Remote,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { file, dataset, name, steps, target, targets, features, seed, .. } = arguments;
    let Arguments { validation_fraction, sample_weight, detach, remote, .. } = arguments;
    let rows = match (file, dataset) {
        (Some(file), _) => {
            Rows::Inline(small_enough(table_file::read(&file)?, &file.display().to_string(), &name, "train")?)
        }
        (None, dataset) => Rows::Dataset(dataset.unwrap_or_default()),
    };
    let steps = steps.0;
    let pipeline = Spec { steps, target, targets, features, seed, validation_fraction, sample_weight };
    let spec = JobSpec { model: name, pipeline, rows, idempotency_key: None };
    remote.run(async |client| {
        let job = client.train(&spec).await?;
        if detach {
            return remote.print(&job, || format!("job {} trains {}", job.id, job.model));
        }
        let job = progress::wait(client, &job.id).await?;
        let answering = client.describe_model(job.model.as_str()).await.ok().map(|it| it.version);
        remote.print(&job, || published(&job, answering))
    })
}

/// A seed as it travels and is stored.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    let seed = text.parse().ok().filter(|seed| *seed <= i64::MAX as u64);
    seed.ok_or_else(|| format!("a seed is a whole number from 0 to {}", i64::MAX))
}

pub(super) fn model_name(text: &str) -> Result<Name, Error> {
    Name::parse("model", text)
}

/// Rows that fit one call; more belong into a data set, where an upload that breaks off loses nothing.
pub(super) fn small_enough(table: Table, file: &str, name: &Name, verb: &str) -> Result<Table, Failure> {
    let bytes = encoded_bytes(&table);
    if bytes <= MAX_PIECE_BYTES {
        return Ok(table);
    }
    Err(Failure::Failed(format!(
        "{file} has {bytes} bytes of rows and one call takes {MAX_PIECE_BYTES}; store it with \"modelwire datasets upload {file} --name {name}\" and {verb} with --dataset {name}"
    )))
}

/// What was trained, and how it comes to answer where another version answers under the bare name.
fn published(job: &JobStatus, answering: Option<u64>) -> String {
    let (model, version) = (&job.model, report::optional(job.version));
    let trained = format!("{model}@{version} is trained: {}", report::metrics(&job.metrics));
    match answering.filter(|answering| Some(*answering) != job.version) {
        None => trained,
        Some(other) => format!(
            "{trained}\n\"{model}\" is still answered by version {other}; \"modelwire models alias {model} stable {version}\" changes that"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Column;

    #[test]
    fn a_seed_that_is_none_is_refused_with_those_there_are() {
        assert_eq!((seed("0"), seed("9223372036854775807")), (Ok(0), Ok(i64::MAX as u64)));
        for text in ["-1", "9223372036854775808", "1.5", "", "seven"] {
            assert_eq!(seed(text).unwrap_err(), "a seed is a whole number from 0 to 9223372036854775807", "{text:?}");
        }
    }

    #[test]
    fn rows_beyond_a_call_are_refused_with_the_way_to_store_them() {
        let name = Name::parse("model", "wine").unwrap();
        let table = Table::new(vec![Column::float("x", vec![0.0; MAX_PIECE_BYTES / 8])]).unwrap();

        let Err(Failure::Failed(message)) = small_enough(table, "big.csv", &name, "train") else {
            panic!("it was taken")
        };

        assert!(message.contains("modelwire datasets upload big.csv --name wine"), "{message}");
        assert!(message.contains("--dataset wine"), "{message}");
    }
}
