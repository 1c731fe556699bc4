//! `modelwire importance`

use super::evaluate::EvaluatedRows;
use super::remote::Remote;
use super::{Failure, report};
use crate::client::{Importance, ImportanceOptions};
use serde_json::{Value, json};

/// Say how much a model rests on each of its columns
///
/// Reads rows as "modelwire evaluate" does. The values of one column are shuffled among the rows, and a score falls: by how much
/// is the importance of the column. Every shuffle predicts all rows, so that many of them want a longer --timeout.
///
/// Examples:
///     modelwire importance wine --data held-out.csv --target quality
///     modelwire importance wine@3 --dataset wine-2026 --scoring neg_mean_absolute_error --repeats 20 --seed 7
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    #[command(flatten)]
    rows: EvaluatedRows,
    /// What falls, as scikit-learn names it: greater is better, so "neg_mean_absolute_error" [default: r2, accuracy or
    /// adjusted_rand_score].
    #[arg(long)]
    scoring: Option<String>,
    /// How often each column is shuffled, 1 to 1000 [default: 5].
    #[arg(long, value_name = "COUNT")]
    repeats: Option<u32>,
    /// Of the shuffling: the same one gives the same answer [default: 0].
    #[arg(long, allow_negative_numbers = true)]
    seed: Option<i64>,
    #[command(flatten)]
    pub(super) remote: Remote,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { rows, scoring, repeats, seed, remote } = arguments;
    let (model, rows, target, sample_weight) = rows.read()?;
    let options = ImportanceOptions { target, sample_weight, scoring, n_repeats: repeats, seed };
    remote.run(async |client| {
        let found = client.permutation_importance(&model, &rows, &options).await?;
        remote.print(&document(&found), || text(&found))
    })
}

fn document(found: &Importance) -> Value {
    let importances = &found.importances;
    let (means, deviations) = (importances.mean(), importances.deviation());
    let columns = importances.features.iter().zip(&means).zip(&deviations).zip(importances.importances.rows());
    let column = |(((name, mean), deviation), each): (((&String, &f64), &f64), ndarray::ArrayView1<'_, f64>)| json!({ "name": name, "mean": mean, "std": deviation, "importances": each.to_vec() });
    json!({
        "model": found.model,
        "version": found.version,
        "generation": found.generation,
        "n_samples": importances.n_samples,
        "scoring": importances.scoring,
        "baseline": importances.baseline,
        "columns": columns.map(column).collect::<Vec<_>>(),
    })
}

/// The columns that matter most come first.
fn text(found: &Importance) -> String {
    let importances = &found.importances;
    let (means, deviations) = (importances.mean(), importances.deviation());
    let mut order: Vec<usize> = (0..means.len()).collect();
    order.sort_by(|one, other| means[*other].total_cmp(&means[*one]));
    let rows = order
        .into_iter()
        .map(|at| [importances.features[at].clone(), report::rounded(means[at]), report::rounded(deviations[at])]);
    format!(
        "{}@{} on {} rows: {} {}, worse by\n\n{}",
        found.model,
        found.version,
        importances.n_samples,
        importances.scoring,
        report::rounded(importances.baseline),
        report::table(&["column", "mean", "deviation"], rows, "no columns")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Importances;
    use ndarray::array;

    #[test]
    fn people_read_the_columns_that_matter_most_first_and_programs_each_shuffle() {
        let importances = Importances {
            n_samples: 4,
            scoring: "r2".into(),
            baseline: 0.5,
            features: vec!["noise".into(), "size".into()],
            importances: array![[0.0, 0.0], [0.25, 0.75]],
        };
        let found = Importance { model: "house".into(), version: 2, generation: None, importances };

        let lines = text(&found);

        assert!(lines.starts_with("house@2 on 4 rows: r2 0.5000, worse by\n\ncolumn  mean"), "{lines}");
        assert!(lines.contains("\nsize    0.5000  0.2500\nnoise   0"), "{lines}");
        assert_eq!(document(&found)["columns"][1]["importances"], json!([0.25, 0.75]));
        assert_eq!(document(&found)["columns"][0]["mean"], 0.0);
    }
}
