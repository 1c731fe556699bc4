//! Rows of a file for a model: what `predict` and `explain` are asked with.

use super::Failure;
use super::remote::Remote;
use crate::client::ModelVersion;
use crate::data::Table;
use crate::error::Error;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct ModelRows {
    /// "wine" (its alias "stable"), "wine@3", "wine@canary" or "wine@latest".
    pub(super) model: String,
    /// CSV file with a heading line, or `-`.
    pub(super) file: PathBuf,
    /// Print CSV, for programs.
    #[arg(long, conflicts_with = "json")]
    pub(super) csv: bool,
    #[command(flatten)]
    pub(super) remote: Remote,
}

/// The columns that the model takes; the others are named on standard error.
pub(super) fn known_columns(model: &ModelVersion, table: &Table) -> Result<Table, Failure> {
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
