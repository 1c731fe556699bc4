//! `modelwire evaluate`

use super::predictions::{labels_of, texts};
use super::remote::Remote;
use super::{Failure, report, table_file};
use crate::client::{Evaluated, MAX_PIECE_BYTES, encoded_bytes};
use crate::data::Table;
use crate::error::Error;
use crate::model::metrics::ClassReport;
use crate::training::Rows;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Measure a model on rows whose targets are known
///
/// Reads rows from a CSV file (`-` is standard input) or takes a data set of the server, and holds what the model answers
/// against the target, with scikit-learn's metrics. Columns that the model does not take are passed over.
///
/// Examples:
///     modelwire evaluate wine --data held-out.csv --target quality
///     modelwire evaluate wine@3 --dataset wine-2026 --target quality --sample-weight count
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    #[command(flatten)]
    rows: EvaluatedRows,
    #[command(flatten)]
    pub(super) remote: Remote,
}

/// A model, and rows whose targets are known.
#[derive(clap::Args)]
pub(super) struct EvaluatedRows {
    /// "wine" (its alias "stable"), "wine@3", "wine@canary" or "wine@latest".
    model: String,
    #[command(flatten)]
    source: Source,
    /// Column that the model should answer [default: the one that it learned, of several all; of a clustering none].
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// Column of numbers that say how often each row counts [default: each row counts once].
    #[arg(long, value_name = "COLUMN")]
    sample_weight: Option<String>,
}

/// Where rows come from.
#[derive(clap::Args)]
#[group(id = "rows_to_evaluate_on", required = true, multiple = false)]
struct Source {
    /// CSV file with a heading line, or `-`.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Data set of the server: "wine" (its newest version) or "wine@2".
    #[arg(long)]
    dataset: Option<String>,
}

impl EvaluatedRows {
    /// Model, rows, target and weights.
    pub(super) fn read(self) -> Result<(String, Rows, Option<String>, Option<String>), Failure> {
        let Self { model, source, target, sample_weight } = self;
        let rows = match (source.data, source.dataset) {
            (Some(file), _) => Rows::Inline(small_enough(table_file::read(&file)?, &file.display().to_string())?),
            (None, dataset) => Rows::Dataset(dataset.unwrap_or_default()),
        };
        Ok((model, rows, target, sample_weight))
    }
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { rows, remote } = arguments;
    let (model, rows, target, sample_weight) = rows.read()?;
    remote.run(async |client| {
        let found = client.evaluate(&model, &rows, target.as_deref(), sample_weight.as_deref()).await?;
        remote.print(&document(&found), || text(&found))
    })
}

/// Rows that fit one call; more belong into a data set.
fn small_enough(table: Table, file: &str) -> Result<Table, Failure> {
    let bytes = encoded_bytes(&table);
    if bytes <= MAX_PIECE_BYTES {
        return Ok(table);
    }
    Err(Failure::Error(Error::invalid(format!(
        "{file} has {bytes} bytes of rows and one call takes {MAX_PIECE_BYTES}; store it with \"modelwire datasets upload {file} --name NAME\" and evaluate with --dataset NAME"
    ))))
}

fn document(found: &Evaluated) -> Value {
    let evaluation = &found.evaluation;
    let mut document = json!({
        "model": found.model,
        "version": found.version,
        "generation": found.generation,
        "n_samples": evaluation.n_samples,
        "metrics": evaluation.metrics,
    });
    if let Some(rows) = evaluation.silhouette_samples {
        document["silhouette_samples"] = rows.into();
    }
    if let Some(ClassReport { labels, classes, confusion }) = &evaluation.classes {
        let class = |(label, class): (&Value, &crate::model::metrics::ClassMetrics)| {
            json!({
                "label": label,
                "precision": class.precision,
                "recall": class.recall,
                "f1": class.f1,
                "support": class.support,
            })
        };
        let labels = labels_of(labels);
        document["classes"] = labels.as_array().into_iter().flatten().zip(classes).map(class).collect();
        document["confusion"] = confusion.rows().into_iter().map(|row| row.to_vec()).collect();
    }
    document
}

/// Metrics, then classes, then what was taken for what.
fn text(found: &Evaluated) -> String {
    let evaluation = &found.evaluation;
    let mut parts = vec![format!("{}@{} on {} rows", found.model, found.version, evaluation.n_samples)];
    let metrics = evaluation.metrics.iter().map(|(name, value)| (name.as_str(), report::rounded(*value)));
    parts.push(report::facts(metrics));
    if let Some(rows) = evaluation.silhouette_samples.filter(|rows| *rows < evaluation.n_samples) {
        parts.push(format!("silhouette is of {rows} rows, drawn by chance"));
    }
    if let Some(ClassReport { labels, classes, confusion }) = &evaluation.classes {
        let names = texts(labels);
        let share = |it: Option<f64>| it.map_or_else(|| "-".into(), report::rounded);
        let rows = names.iter().zip(classes).map(|(name, it)| {
            [name.clone(), share(it.precision), share(it.recall), report::rounded(it.f1), weight(it.support)]
        });
        parts.push(report::table(&["class", "precision", "recall", "f1", "support"], rows, "no classes"));
        if names.len() <= 20 && !confusion.is_empty() {
            let headings: Vec<&str> = ["class \\ answer"].into_iter().chain(names.iter().map(String::as_str)).collect();
            let rows = names.iter().zip(confusion.rows()).map(|(name, row)| {
                [name.clone()].into_iter().chain(row.iter().map(|it| weight(*it))).collect::<Vec<_>>()
            });
            parts.push(report::table(&headings, rows, "no classes"));
        }
    }
    parts.join("\n\n")
}

/// Whole numbers as such: most rows count once.
fn weight(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.0}") } else { report::rounded(value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Labels;
    use crate::model::Evaluation;
    use crate::model::metrics::ClassMetrics;
    use ndarray::array;

    #[test]
    fn people_read_metrics_classes_and_what_was_taken_for_what() {
        let never = ClassMetrics { precision: None, recall: Some(0.0), f1: 0.0, support: 2.0 };
        let always = ClassMetrics { precision: Some(0.5), recall: Some(1.0), f1: 2.0 / 3.0, support: 2.5 };
        let confusion = array![[0.0, 2.0], [0.0, 2.5]];
        let report =
            ClassReport { labels: Labels::Boolean(vec![false, true]), classes: vec![never, always], confusion };
        let evaluation = Evaluation {
            n_samples: 4,
            metrics: [("accuracy".to_owned(), 0.5)].into(),
            classes: Some(report),
            silhouette_samples: None,
        };
        let found = Evaluated { model: "door".into(), version: 2, generation: None, evaluation };

        let lines = text(&found);

        assert!(lines.starts_with("door@2 on 4 rows\n\naccuracy  0.5000\n\nclass  precision  recall"), "{lines}");
        assert!(lines.contains("\nfalse  -") && lines.contains("0.6667  2.5000"), "{lines}");
        assert_eq!(document(&found)["classes"][0]["precision"], Value::Null);
        assert_eq!(document(&found)["confusion"][1][1], 2.5);
    }
}
