//! Predictions as they are printed: a table, CSV, JSON.

use super::Failure;
use crate::client::Prediction;
use crate::data::Labels;
use crate::model::Predictions;
use ndarray::Array2;
use serde_json::{Value, json};

/// A document with the fields of the IDL that the model has, and the names of the columns that a transformer answers.
pub(super) fn document(prediction: &Prediction, outputs: &[String]) -> Value {
    let mut document = match &prediction.predictions {
        Predictions::Values(values) => json!({ "values": values.to_vec() }),
        Predictions::Classes { labels, probabilities, classes } => json!({
            "labels": labels_of(&classes.take(labels)),
            "probabilities": probabilities.outer_iter().map(|row| row.to_vec()).collect::<Vec<_>>(),
            "classes": labels_of(classes),
        }),
        Predictions::Clusters { clusters, distances } => json!({
            "clusters": clusters,
            "distances": distances.outer_iter().map(|row| row.to_vec()).collect::<Vec<_>>(),
        }),
        Predictions::Mixture { clusters, probabilities } => json!({
            "clusters": clusters,
            "probabilities": probabilities.outer_iter().map(|row| row.to_vec()).collect::<Vec<_>>(),
        }),
        Predictions::Columns(columns) => json!({
            "transformed": columns.outer_iter().map(|row| row.to_vec()).collect::<Vec<_>>(),
            "outputs": outputs,
        }),
    };
    document["model"] = json!(prediction.model);
    document["version"] = json!(prediction.version);
    document
}

pub(super) fn labels_of(labels: &Labels) -> Value {
    match labels {
        Labels::Integer(labels) => json!(labels),
        Labels::Boolean(labels) => json!(labels),
        Labels::Text(labels) => json!(labels),
    }
}

/// CSV with a heading line.
pub(super) fn to_csv(predictions: &Predictions, outputs: &[String]) -> Result<String, Failure> {
    let (headings, rows) = cells(predictions, outputs);
    csv_text(headings, rows)
}

/// CSV of these lines.
pub(super) fn csv_text(headings: Vec<String>, rows: Vec<Vec<String>>) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(vec![]);
    let cannot_write = |cause: csv::Error| Failure::Failed(format!("the answer cannot be written: {cause}"));
    for row in std::iter::once(headings).chain(rows) {
        writer.write_record(row).map_err(cannot_write)?;
    }
    let bytes = writer.into_inner().map_err(|cause| cannot_write(cause.into_error().into()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Headings, those of a transformer's columns by name, and a row of cells for each prediction. Numbers have all their digits.
pub(super) fn cells(predictions: &Predictions, outputs: &[String]) -> (Vec<String>, Vec<Vec<String>>) {
    match predictions {
        Predictions::Values(values) => {
            (vec!["prediction".into()], values.iter().map(|value| vec![digits(value)]).collect())
        }
        Predictions::Classes { labels, probabilities, classes } => {
            let names = texts(classes);
            let headings = names.iter().map(|name| format!("probability_{name}"));
            let rows = labels.iter().zip(probabilities.outer_iter());
            (
                std::iter::once("prediction".into()).chain(headings).collect(),
                rows.map(|(label, row)| row_of(names[*label].clone(), row.iter())).collect(),
            )
        }
        Predictions::Clusters { clusters, distances } => cells_of_clusters(clusters, "distance", distances),
        Predictions::Mixture { clusters, probabilities } => cells_of_clusters(clusters, "probability", probabilities),
        Predictions::Columns(columns) => {
            (outputs.to_vec(), columns.outer_iter().map(|row| row.iter().map(digits).collect()).collect())
        }
    }
}

/// The cluster of each row, then a number for each cluster.
fn cells_of_clusters(clusters: &[usize], what: &str, numbers: &Array2<f64>) -> (Vec<String>, Vec<Vec<String>>) {
    let headings = (0..numbers.ncols()).map(|cluster| format!("{what}_{cluster}"));
    let rows = clusters.iter().zip(numbers.outer_iter());
    (
        std::iter::once("cluster".into()).chain(headings).collect(),
        rows.map(|(cluster, row)| row_of(cluster.to_string(), row.iter())).collect(),
    )
}

fn row_of<'a>(first: String, numbers: impl Iterator<Item = &'a f64>) -> Vec<String> {
    std::iter::once(first).chain(numbers.map(digits)).collect()
}

/// All digits, with an exponent where there would be many zeros.
pub(super) fn digits(number: &f64) -> String {
    format!("{number:?}")
}

pub(super) fn texts(labels: &Labels) -> Vec<String> {
    match labels {
        Labels::Integer(labels) => labels.iter().map(i64::to_string).collect(),
        Labels::Boolean(labels) => labels.iter().map(bool::to_string).collect(),
        Labels::Text(labels) => labels.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use std::sync::Arc;

    fn classes() -> Predictions {
        let classes = Arc::new(Labels::Text(vec!["no".into(), "yes, sure".into()]));
        Predictions::Classes { labels: vec![1], probabilities: array![[0.25, 0.75]], classes }
    }

    #[test]
    fn csv_quotes_what_needs_it() {
        let Ok(text) = to_csv(&classes(), &[]) else { panic!("it is written to memory") };

        assert_eq!(text, "prediction,probability_no,\"probability_yes, sure\"\n\"yes, sure\",0.25,0.75\n");
    }

    #[test]
    fn what_a_row_belongs_to_is_shown_with_its_cluster() {
        let mixture = Predictions::Mixture { clusters: vec![1], probabilities: array![[0.25, 0.75]] };

        let Ok(text) = to_csv(&mixture, &[]) else { panic!("it is written to memory") };

        assert_eq!(text, "cluster,probability_0,probability_1\n1,0.25,0.75\n");
        let answer = Prediction { model: "flowers".into(), version: 3, generation: None, predictions: mixture };
        let expected = json!({ "clusters": [1], "probabilities": [[0.25, 0.75]], "model": "flowers", "version": 3 });
        assert_eq!(document(&answer, &[]), expected);
    }

    #[test]
    fn a_document_has_what_the_model_has() {
        let prediction = Prediction { model: "m".into(), version: 2, generation: None, predictions: classes() };

        let expected = json!({
            "model": "m", "version": 2,
            "labels": ["yes, sure"], "probabilities": [[0.25, 0.75]], "classes": ["no", "yes, sure"],
        });
        assert_eq!(document(&prediction, &[]), expected);
    }

    #[test]
    fn clusters_come_with_their_distances() {
        let predictions = Predictions::Clusters { clusters: vec![1], distances: array![[0.000_002, 0.5]] };

        let expected = (
            vec!["cluster".to_owned(), "distance_0".into(), "distance_1".into()],
            vec![vec!["1".to_owned(), "2e-6".into(), "0.5".into()]],
        );
        assert_eq!(cells(&predictions, &[]), expected);
    }

    #[test]
    fn columns_come_with_their_names() {
        let (predictions, outputs) = (Predictions::Columns(array![[0.5, -1.0]]), ["age".to_owned(), "pca0".into()]);
        let prediction = Prediction { model: "m".into(), version: 2, generation: None, predictions };

        let Ok(csv) = to_csv(&prediction.predictions, &outputs) else { panic!("it is written to memory") };

        assert_eq!(csv, "age,pca0\n0.5,-1.0\n");
        let expected = json!({ "model": "m", "version": 2, "transformed": [[0.5, -1.0]], "outputs": ["age", "pca0"] });
        assert_eq!(document(&prediction, &outputs), expected);
    }
}
