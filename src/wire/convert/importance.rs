//! How much answers rest on columns.

use super::models::{number, number_from};
use super::tensor::{matrix_from, matrix_to, vector_to};
use crate::error::{Error, Result};
use crate::model::Importances;
use crate::training::Rows;
use crate::wire::answers::{Importance, ImportanceOptions};
use crate::wire::convert::evaluate_request;
use crate::wire::training::{EvaluateRequest, PermutationImportanceRequest, PermutationImportanceResponse};
use thrift::OrderedFloat;

/// Importances as they travel.
pub fn importances(
    found: &Importances,
    model: &str,
    version: u64,
    generation: Option<u64>,
) -> PermutationImportanceResponse {
    PermutationImportanceResponse {
        model: Some(model.to_owned()),
        version: Some(number(version)),
        generation: generation.map(number),
        n_samples: Some(number(found.n_samples as u64)),
        scoring: Some(found.scoring.clone()),
        baseline: Some(OrderedFloat(found.baseline)),
        features: Some(found.features.clone()),
        importances_mean: Some(vector_to(found.mean().view())),
        importances_std: Some(vector_to(found.deviation().view())),
        importances: Some(matrix_to(found.importances.view())),
    }
}

/// What is asked, as a client sends it; the caller fills in the context.
pub fn importance_request(model: &str, rows: &Rows, options: &ImportanceOptions) -> PermutationImportanceRequest {
    let ImportanceOptions { target, sample_weight, scoring, n_repeats, seed } = options;
    let rows = evaluate_request(model, rows, target.as_deref(), sample_weight.as_deref());
    let EvaluateRequest { context, model, table, dataset, target, sample_weight } = rows;
    PermutationImportanceRequest {
        context,
        model,
        table,
        dataset,
        target,
        sample_weight,
        scoring: scoring.clone(),
        n_repeats: n_repeats.map(|it| i32::try_from(it).unwrap_or(i32::MAX)),
        seed: *seed,
    }
}

/// Importances as a client received them.
///
/// # Errors
/// [`Error::InvalidArgument`] if there is not a row for each column.
pub fn importances_from(answer: PermutationImportanceResponse) -> Result<Importance> {
    let importances = matrix_from(answer.importances.unwrap_or_default())?;
    let features = answer.features.unwrap_or_default();
    if importances.nrows() != features.len() {
        let rows = importances.nrows();
        return Err(Error::invalid(format!("there are importances of {rows} columns and {} names", features.len())));
    }
    let found = Importances {
        n_samples: usize::try_from(number_from(answer.n_samples)).unwrap_or(usize::MAX),
        scoring: answer.scoring.unwrap_or_default(),
        baseline: answer.baseline.unwrap_or_default().into_inner(),
        features,
        importances,
    };
    Ok(Importance {
        model: answer.model.unwrap_or_default(),
        version: number_from(answer.version),
        generation: answer.generation.map(|it| number_from(Some(it))),
        importances: found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn found() -> Importances {
        Importances {
            n_samples: 7,
            scoring: "r2".into(),
            baseline: 0.5,
            features: vec!["x".into(), "z".into()],
            importances: array![[0.25, 0.75, 0.5], [0.0, -0.0, 1e-300]],
        }
    }

    #[test]
    fn importances_survive_the_wire() {
        for generation in [None, Some(3)] {
            let received = importances_from(importances(&found(), "wine", 7, generation)).unwrap();

            let expected = Importance { model: "wine".into(), version: 7, generation, importances: found() };
            assert_eq!(received, expected);
        }
    }

    #[test]
    fn importances_without_their_columns_are_refused() {
        let mut answer = importances(&found(), "wine", 7, None);
        answer.features = None;

        assert!(importances_from(answer).unwrap_err().to_string().contains("of 2 columns and 0 names"));
    }
}
