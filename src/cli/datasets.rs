//! `modelwire datasets`

use super::remote::{Remote, print};
use super::{Failure, progress, report, table_file};
use crate::client::Client;
use crate::data::{Name, Reference, Selector, Table};
use crate::datasets::{ColumnStatistics, Dataset};
use crate::error::{Error, Result};
use serde_json::json;
use std::path::PathBuf;

/// Store tables on the server, list, show or delete them
///
/// Example:
///     modelwire datasets list
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
    /// Store a CSV file as a new version of a data set
    ///
    /// The rows go in pieces of at most 8 MiB, each with a checksum; the version appears when all of them are there.
    ///
    /// Example:
    ///     modelwire datasets upload wine.csv --name wine
    #[command(verbatim_doc_comment)]
    Upload {
        /// CSV file with a heading line, or `-` for standard input; an empty field is a missing value.
        file: PathBuf,
        /// Name of the data set.
        #[arg(long, value_parser = dataset_name)]
        name: Name,
    },
    /// List the data sets in all their versions
    ///
    /// Example:
    ///     modelwire datasets list --json
    #[command(verbatim_doc_comment)]
    List,
    /// Show the columns of a version with their statistics
    ///
    /// Example:
    ///     modelwire datasets show wine@2
    #[command(verbatim_doc_comment)]
    Show {
        /// "wine" (its newest version) or "wine@2".
        dataset: String,
    },
    /// Delete a version for good, or all versions of a name
    ///
    /// Examples:
    ///     modelwire datasets delete wine@2
    ///     modelwire datasets delete wine --all
    #[command(verbatim_doc_comment)]
    Delete {
        /// "wine@2"; or "wine" with --all.
        #[arg(value_parser = dataset_reference)]
        dataset: Reference,
        /// Delete all versions of the name.
        #[arg(long)]
        all: bool,
    },
}

pub(super) fn run(arguments: Arguments) -> std::result::Result<(), Failure> {
    let Arguments { command, remote } = arguments;
    match command {
        Command::Upload { file, name } => upload(&table_file::read(&file)?, &name, &remote),
        Command::List => remote.run(async |client| {
            let datasets = every(client).await?;
            remote.print(&json!({ "datasets": datasets }), || list(&datasets))
        }),
        Command::Show { dataset } => remote.run(async |client| {
            let (dataset, statistics) = client.describe_dataset(&dataset).await?;
            let document = json!({ "dataset": dataset, "statistics": statistics });
            remote.print(&document, || description(&dataset, &statistics))
        }),
        Command::Delete { dataset, all } => {
            let version = version_to_delete(&dataset, all).map_err(Failure::Usage)?;
            remote.run(async |client| {
                client.delete_dataset(dataset.name.as_str(), version).await?;
                if remote.json { print("{}") } else { print(&format!("{dataset} is deleted")) }
            })
        }
    }
}

fn dataset_name(text: &str) -> Result<Name> {
    Name::parse("data set", text)
}

fn dataset_reference(text: &str) -> Result<Reference> {
    Reference::parse("data set", text)
}

/// `None` for all of them, which has to be said.
fn version_to_delete(dataset: &Reference, all: bool) -> std::result::Result<Option<u64>, String> {
    match (&dataset.selector, all) {
        (Selector::Version(version), false) => Ok(Some(*version)),
        (Selector::Bare, true) => Ok(None),
        (Selector::Bare, false) => {
            let name = &dataset.name;
            Err(format!("say which version of {name} to delete, such as {name}@1, or all of them with --all"))
        }
        _ => Err(format!("{dataset} is not a version such as {}@1; --all goes with a bare name", dataset.name)),
    }
}

fn upload(table: &Table, name: &Name, remote: &Remote) -> std::result::Result<(), Failure> {
    if table.n_rows() == 0 {
        return Err(Failure::Error(Error::invalid("the file has no rows; a data set has at least one")));
    }
    remote.run(async |client| {
        let bar = progress::bar();
        bar.set_message("uploading");
        let sent = |rows: usize| progress::set(&bar, rows as f64 / table.n_rows() as f64);
        let dataset = client.upload(name.as_str(), table, sent).await;
        bar.finish_and_clear();
        let dataset = dataset?;
        remote.print(&dataset, || format!("{} is stored: {} rows", dataset.reference(), dataset.n_rows))
    })
}

async fn every(client: &Client) -> Result<Vec<Dataset>> {
    let (mut datasets, mut after) = (vec![], None);
    loop {
        let page = client.list_datasets(after.as_deref()).await?;
        datasets.extend(page.entries);
        after = page.next;
        if after.is_none() {
            return Ok(datasets);
        }
    }
}

fn list(datasets: &[Dataset]) -> String {
    let rows = datasets.iter().map(|dataset| {
        [
            dataset.reference().to_string(),
            dataset.n_rows.to_string(),
            dataset.columns.len().to_string(),
            dataset.size_bytes.to_string(),
            report::date(Some(dataset.created_ms)),
        ]
    });
    let nothing = "no data sets yet; \"modelwire datasets upload --help\" shows how to store one";
    report::table(&["data set", "rows", "columns", "bytes", "created"], rows, nothing)
}

fn description(dataset: &Dataset, statistics: &[ColumnStatistics]) -> String {
    let facts = report::facts([
        ("data set", dataset.reference().to_string()),
        ("rows", dataset.n_rows.to_string()),
        ("created", report::date(Some(dataset.created_ms))),
        ("size", format!("{} bytes", dataset.size_bytes)),
        ("rows sha256", dataset.sha256.clone()),
    ]);
    let rows = statistics.iter().map(|it| {
        let number = |value: Option<f64>| value.map_or_else(String::new, report::rounded);
        [
            it.column.name.clone(),
            it.column.column_type.to_string(),
            it.count.to_string(),
            it.missing.to_string(),
            number(it.mean),
            number(it.deviation),
            number(it.minimum),
            number(it.maximum),
        ]
    });
    let headings = ["column", "type", "count", "missing", "mean", "deviation", "minimum", "maximum"];
    format!("{facts}\n\n{}", report::table(&headings, rows, "no columns"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deleting_all_versions_has_to_be_said() {
        let asked = |text, all| version_to_delete(&dataset_reference(text).unwrap(), all);

        assert_eq!(asked("wine@2", false), Ok(Some(2)));
        assert_eq!(asked("wine", true), Ok(None));
        assert!(asked("wine", false).unwrap_err().contains("--all"));
        assert!(asked("wine@2", true).is_err() && asked("wine@latest", false).is_err());
    }
}
