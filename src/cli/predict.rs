//! `modelwire predict`

use super::predictions::{cells, document, to_csv};
use super::remote::{Remote, print};
use super::{Failure, report, table_file};
use crate::client::ModelVersion;
use crate::data::{Features, Table};
use crate::error::Error;
use std::path::PathBuf;

/// Predict rows with a model
///
/// Reads rows from a CSV file (`-` is standard input). Columns that the model does not take, such as the target, are left
/// out and named on standard error. Prints a prediction for each row, in the order of the rows, as a table, as CSV or
/// as JSON: of a model that ends with a transformer, its columns by name.
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
        let prediction = client.predict_version(&described, &Features::Table(rows)).await?;
        let outputs = described.schema.outputs.as_deref().unwrap_or_default();
        if csv {
            return print(&to_csv(&prediction.predictions, outputs)?);
        }
        remote.print(&document(&prediction, outputs), || {
            let (headings, rows) = cells(&prediction.predictions, outputs);
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
