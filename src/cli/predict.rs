//! `modelwire predict`

use super::model_rows::{ModelRows, known_columns};
use super::predictions::{cells, document, to_csv};
use super::remote::print;
use super::{Failure, report, table_file};
use crate::data::Features;

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
    #[command(flatten)]
    pub(super) asked: ModelRows,
}

pub(super) fn run(arguments: Arguments) -> std::result::Result<(), Failure> {
    let asked = &arguments.asked;
    let table = table_file::read(&asked.file)?;
    asked.remote.run(async |client| {
        let described = client.describe_model(&asked.model).await?;
        let rows = known_columns(&described, &table)?;
        let prediction = client.predict_version(&described, &Features::Table(rows)).await?;
        let outputs = described.schema.outputs.as_deref().unwrap_or_default();
        if asked.csv {
            return print(&to_csv(&prediction.predictions, outputs)?);
        }
        asked.remote.print(&document(&prediction, outputs), || {
            let (headings, rows) = cells(&prediction.predictions, outputs);
            let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
            report::table(&headings, rows, "no rows")
        })
    })
}
