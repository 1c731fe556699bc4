//! What a transductive model made of its training rows, as it is printed and written: a table, CSV, JSON.

use super::{Failure, report};
use crate::client::TrainedRows;
use crate::model::TrainingResult;
use serde_json::{Value, json};
use std::path::Path;

/// A document with the fields of the IDL that the model has.
pub(super) fn document(trained: &TrainedRows) -> Value {
    let mut document = match &trained.result {
        TrainingResult::Labels(labels) => json!({ "labels": labels }),
        TrainingResult::Embedding(embedding) => {
            json!({ "embedding": embedding.outer_iter().map(|row| row.to_vec()).collect::<Vec<_>>() })
        }
    };
    document["model"] = json!(trained.model);
    document["version"] = json!(trained.version);
    document
}

/// Numbers of rows beside what is said of them.
pub(super) fn table(result: &TrainingResult) -> String {
    let headings: Vec<String> = std::iter::once("row".to_owned()).chain(headings(result)).collect();
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let numbered = rows(result).enumerate().map(|(row, cells)| std::iter::once(row.to_string()).chain(cells));
    report::table(&headings, numbered, "no rows")
}

/// Writes a CSV file with a heading line; how many rows it has below that.
pub(super) fn write(result: &TrainingResult, path: &Path) -> Result<usize, Failure> {
    let cannot_write = |cause| Failure::Failed(format!("{} cannot be written: {cause}", path.display()));
    let mut writer = csv::Writer::from_path(path).map_err(cannot_write)?;
    for row in std::iter::once(headings(result)).chain(rows(result)) {
        writer.write_record(row).map_err(cannot_write)?;
    }
    writer.flush().map_err(|cause| cannot_write(cause.into()))?;
    Ok(result.n_rows())
}

fn headings(result: &TrainingResult) -> Vec<String> {
    match result {
        TrainingResult::Labels(_) => vec!["label".into()],
        TrainingResult::Embedding(embedding) => (0..embedding.ncols()).map(|at| format!("component_{at}")).collect(),
    }
}

/// Numbers have all their digits.
fn rows(result: &TrainingResult) -> Box<dyn Iterator<Item = Vec<String>> + '_> {
    match result {
        TrainingResult::Labels(labels) => Box::new(labels.iter().map(|label| vec![label.to_string()])),
        TrainingResult::Embedding(embedding) => {
            Box::new(embedding.outer_iter().map(|row| row.iter().map(|number| format!("{number:?}")).collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_file_has_a_line_for_each_row_with_all_digits() {
        let folder = tempfile::tempdir().unwrap();
        let written = |result: &TrainingResult| {
            let path = folder.path().join("result.csv");
            let Ok(rows) = write(result, &path) else { panic!("{} can be written", path.display()) };
            (rows, std::fs::read_to_string(path).unwrap())
        };

        let labels = written(&TrainingResult::Labels(vec![0, -1]));
        let embedding = written(&TrainingResult::Embedding(array![[0.1, 1e-300]]));

        assert_eq!(labels, (2, "label\n0\n-1\n".into()));
        assert_eq!(embedding, (1, "component_0,component_1\n0.1,1e-300\n".into()));
    }

    #[test]
    fn a_table_counts_rows_and_a_document_names_the_version() {
        let trained = TrainedRows { model: "groups".into(), version: 3, result: TrainingResult::Labels(vec![4, -1]) };

        assert_eq!(document(&trained), json!({ "model": "groups", "version": 3, "labels": [4, -1] }));
        let lines: Vec<Vec<String>> =
            table(&trained.result).lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect();
        assert_eq!(lines, [["row", "label"], ["0", "4"], ["1", "-1"]]);
    }
}
