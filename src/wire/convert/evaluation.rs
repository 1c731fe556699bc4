//! What a model is worth.

use super::models::{labels_from, metrics, metrics_from, number, number_from};
use super::table::{column_to, table_to};
use super::tensor::{matrix_from, matrix_to};
use crate::error::Result;
use crate::model::Evaluation;
use crate::model::metrics::{ClassMetrics, ClassReport};
use crate::training::Rows;
use crate::wire::answers::Evaluated;
use crate::wire::training::{self, EvaluateRequest, EvaluateResponse};
use ndarray::Array2;
use thrift::OrderedFloat;

/// Labels whose confusions are answered: of more they are more than a reply may hold.
const MOST_LABELS: usize = 1_000;

/// What came of an evaluation, as it travels.
pub fn evaluation(found: Evaluation, model: &str, version: u64, generation: Option<u64>) -> EvaluateResponse {
    let Evaluation { n_samples, metrics: by_name, classes, silhouette_samples } = found;
    let mut answer = EvaluateResponse {
        model: Some(model.to_owned()),
        version: Some(number(version)),
        generation: generation.map(number),
        n_samples: Some(number(n_samples as u64)),
        metrics: Some(metrics(&by_name)),
        silhouette_samples: silhouette_samples.map(|it| number(it as u64)),
        ..crate::wire::empty()
    };
    if let Some(ClassReport { labels, classes, confusion }) = classes {
        answer.labels = Some(column_to(&labels.to_column("labels")));
        answer.classes = Some(classes.iter().map(class_to).collect());
        answer.confusion = (labels.len() <= MOST_LABELS).then(|| matrix_to(confusion.view()));
    }
    answer
}

fn class_to(class: &ClassMetrics) -> training::ClassMetrics {
    let ClassMetrics { precision, recall, f1, support } = *class;
    training::ClassMetrics {
        precision: precision.map(OrderedFloat),
        recall: recall.map(OrderedFloat),
        f1: Some(OrderedFloat(f1)),
        support: Some(OrderedFloat(support)),
    }
}

/// What is asked, as a client sends it; the caller fills in the context.
pub fn evaluate_request(
    model: &str,
    rows: &Rows,
    target: Option<&str>,
    sample_weight: Option<&str>,
) -> EvaluateRequest {
    let (table, dataset) = match rows {
        Rows::Inline(table) => (Some(table_to(table)), None),
        Rows::Dataset(dataset) => (None, Some(dataset.clone())),
    };
    EvaluateRequest {
        context: None,
        model: Some(model.to_owned()),
        table,
        dataset,
        target: target.map(Into::into),
        sample_weight: sample_weight.map(Into::into),
    }
}

/// What came of an evaluation, as a client received it.
///
/// # Errors
/// [`Error::InvalidArgument`](crate::error::Error::InvalidArgument) if labels or confusions do not fit their bytes.
pub fn evaluated_from(answer: EvaluateResponse) -> Result<Evaluated> {
    let classes = answer.classes.unwrap_or_default().into_iter().map(class_from).collect();
    let report = match answer.labels.map(labels_from).transpose()? {
        None => None,
        Some(labels) => {
            let confusion = answer.confusion.map(matrix_from).transpose()?.unwrap_or_else(|| Array2::zeros((0, 0)));
            Some(ClassReport { labels, classes, confusion })
        }
    };
    let count = |number| usize::try_from(number_from(number)).unwrap_or(usize::MAX);
    let evaluation = Evaluation {
        n_samples: count(answer.n_samples),
        metrics: metrics_from(answer.metrics),
        classes: report,
        silhouette_samples: answer.silhouette_samples.map(|it| count(Some(it))),
    };
    Ok(Evaluated {
        model: answer.model.unwrap_or_default(),
        version: number_from(answer.version),
        generation: answer.generation.map(|it| number_from(Some(it))),
        evaluation,
    })
}

fn class_from(class: training::ClassMetrics) -> ClassMetrics {
    let training::ClassMetrics { precision, recall, f1, support } = class;
    ClassMetrics {
        precision: precision.map(OrderedFloat::into_inner),
        recall: recall.map(OrderedFloat::into_inner),
        f1: f1.unwrap_or_default().into_inner(),
        support: support.unwrap_or_default().into_inner(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Labels;
    use ndarray::array;

    #[test]
    fn what_came_of_an_evaluation_survives_the_wire() {
        let never = ClassMetrics { precision: None, recall: Some(0.0), f1: 0.0, support: 2.5 };
        let always = ClassMetrics { precision: Some(0.5), recall: Some(1.0), f1: 2.0 / 3.0, support: 2.5 };
        let labels = Labels::Text(vec!["no".into(), "yes".into()]);
        let report = ClassReport { labels, classes: vec![never, always], confusion: array![[0.0, 2.5], [0.0, 2.5]] };
        let classified = Evaluation {
            n_samples: 5,
            metrics: [("accuracy".to_owned(), 0.5)].into(),
            classes: Some(report),
            silhouette_samples: None,
        };
        let clustered = Evaluation { classes: None, silhouette_samples: Some(5), ..classified.clone() };

        for (sent, generation) in [(classified, Some(3)), (clustered, None)] {
            let received = evaluated_from(evaluation(sent.clone(), "wine", 7, generation)).unwrap();

            let expected = Evaluated { model: "wine".into(), version: 7, generation, evaluation: sent };
            assert_eq!(received, expected);
        }
    }
}
