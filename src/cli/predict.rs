//! `modelwire predict`

use super::predictions::{cells, document, to_csv};
use super::remote::{Remote, print};
use super::{Failure, report, table_file};
use crate::client::{Client, MAX_PIECE_BYTES, ModelVersion, Prediction, pieces};
use crate::data::{Features, Labels, Table};
use crate::error::{Error, Result};
use crate::model::{Predictions, Value};
use ndarray::{Array2, Axis, concatenate};
use std::ops::Range;
use std::path::PathBuf;

/// Predict rows with a model
///
/// Reads rows from a CSV file (`-` is standard input). Columns that the model does not take, such as the target, are left
/// out and named on standard error. Prints a prediction for each row, in the order of the rows, as a table, as CSV or
/// as JSON.
///
/// Examples:
///     modelwire predict wine rows.csv
///     modelwire predict wine@3 - --csv < rows.csv > predictions.csv
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// "wine" (its alias "stable"), "wine@3", "wine@canary" or "wine@latest".
    model: String,
    /// CSV file with a heading line, or `-`.
    file: PathBuf,
    /// Print CSV, for programs.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[command(flatten)]
    pub(super) remote: Remote,
}

pub(super) fn run(arguments: Arguments) -> std::result::Result<(), Failure> {
    let Arguments { model, file, csv, remote } = arguments;
    let table = table_file::read(&file)?;
    remote.run(async |client| {
        let described = client.describe_model(&model).await?;
        let rows = known_columns(&described, &table)?;
        let prediction = predict(client, &described, &rows).await?;
        if csv {
            return print(&to_csv(&prediction.predictions)?);
        }
        remote.print(&document(&prediction), || {
            let (headings, rows) = cells(&prediction.predictions);
            let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
            report::table(&headings, rows, "no rows")
        })
    })
}

/// The columns that the model takes; the others are named on standard error.
pub(super) fn known_columns(model: &ModelVersion, table: &Table) -> std::result::Result<Table, Failure> {
    let (known, unknown): (Vec<_>, Vec<_>) =
        table.columns().iter().cloned().partition(|column| model.feature(&column.name).is_some());
    if known.is_empty() {
        let features: Vec<&str> = model.schema.features.iter().map(|feature| feature.name.as_str()).collect();
        let reference = format!("{}@{}", model.name, model.version);
        let message = format!("the rows have none of the columns of {reference:?}, which are {}", features.join(", "));
        return Err(Failure::Error(Error::invalid(message)));
    }
    if !unknown.is_empty() {
        let names: Vec<&str> = unknown.iter().map(|column| column.name.as_str()).collect();
        eprintln!("note: left out what {}@{} does not take: {}", model.name, model.version, names.join(", "));
    }
    Ok(Table::new(known)?)
}

/// Predicts in as many calls as the rows need, all of the version that was described.
async fn predict(client: &Client, model: &ModelVersion, table: &Table) -> Result<Prediction> {
    let reference = format!("{}@{}", model.name, model.version);
    let mut answers = vec![];
    for rows in calls(table, answer_bytes(model)) {
        let rows = Features::Table(table.slice(rows.start, rows.len()));
        answers.push(client.predict(&reference, &rows).await?.predictions);
    }
    let (model, version) = (model.name.clone(), model.version);
    Ok(Prediction { model, version, generation: None, predictions: joined(answers)? })
}

/// Ranges of rows that are at most 8 MiB there and, at so many bytes a row, back. No rows are one call too.
fn calls(table: &Table, answer_bytes: usize) -> Vec<Range<usize>> {
    let most_rows = (MAX_PIECE_BYTES / answer_bytes).max(1);
    let split = |range: Range<usize>| {
        range.clone().step_by(most_rows).map(move |start| start..range.end.min(start + most_rows))
    };
    let calls: Vec<_> = pieces(table, MAX_PIECE_BYTES).into_iter().flat_map(split).collect();
    if calls.is_empty() { std::iter::once(0..0).collect() } else { calls }
}

/// What the prediction of one row takes on its way back.
fn answer_bytes(model: &ModelVersion) -> usize {
    let label = match model.schema.classes.as_deref() {
        Some(Labels::Text(classes)) => 4 + classes.iter().map(String::len).max().unwrap_or_default(),
        _ => 8,
    };
    let clusters = match model.steps.last().and_then(|step| step.parameters.get("n_clusters")) {
        Some(Value::Integer(clusters)) => usize::try_from(*clusters).unwrap_or_default(),
        _ => 0,
    };
    label + 8 * model.schema.classes.as_ref().map_or(clusters, |classes| classes.len())
}

/// Answers of one model, one after the other; there is at least one.
fn joined(mut answers: Vec<Predictions>) -> Result<Predictions> {
    if answers.len() == 1 {
        return Ok(answers.remove(0));
    }
    let (mut numbers, mut positions, mut matrices, mut names) = (vec![], vec![], vec![], None);
    let mut clusters = false;
    for answer in answers {
        match answer {
            Predictions::Values(values) => numbers.extend(values),
            Predictions::Classes { labels, probabilities, classes } => {
                positions.extend(labels);
                matrices.push(probabilities);
                names = Some(classes);
            }
            Predictions::Clusters { clusters: nearest, distances } => {
                positions.extend(nearest);
                matrices.push(distances);
                clusters = true;
            }
        }
    }
    let stacked = || {
        let views: Vec<_> = matrices.iter().map(Array2::view).collect();
        concatenate(Axis(0), &views).map_err(|cause| Error::internal(cause.to_string()))
    };
    Ok(match names {
        Some(classes) => Predictions::Classes { labels: positions, probabilities: stacked()?, classes },
        None if clusters => Predictions::Clusters { clusters: positions, distances: stacked()? },
        None => Predictions::Values(numbers.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Column;
    use ndarray::array;
    use std::sync::Arc;

    #[test]
    fn calls_keep_to_the_limit_there_and_back() {
        let table = Table::new(vec![Column::float("x", vec![0.0; 3000])]).unwrap();
        let ends = |table: &Table, bytes| calls(table, bytes).iter().map(|it| (it.start, it.end)).collect::<Vec<_>>();

        assert_eq!(ends(&table, 8), [(0, 3000)]);
        assert_eq!(ends(&table, MAX_PIECE_BYTES / 1000), [(0, 1000), (1000, 2000), (2000, 3000)]);
        assert_eq!(ends(&table.slice(0, 0), 8), [(0, 0)]);
    }

    #[test]
    fn answers_are_put_together_in_the_order_of_the_rows() {
        let classes = Arc::new(Labels::Boolean(vec![false, true]));
        let all = [
            Predictions::Values(array![1.0, 2.0, 3.0]),
            Predictions::Classes {
                labels: vec![1, 0, 1],
                probabilities: array![[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]],
                classes,
            },
            Predictions::Clusters { clusters: vec![0, 0, 1], distances: array![[0.0, 4.0], [1.0, 3.0], [2.0, 1.0]] },
        ];
        for whole in all {
            assert_eq!(joined(vec![whole.slice(0, 1), whole.slice(1, 2)]).unwrap(), whole);
        }
    }
}
