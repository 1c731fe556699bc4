//! The rows of the calls: random ones that the model takes, or those of a file.

use super::super::Failure;
use crate::client::ModelVersion;
use crate::data::{ColumnSchema, ColumnType, Features, Table};
use crate::error::Error;
use ndarray::Array2;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

/// Random batches, if there is room for them: more than a few, so that no call is like the one before.
const RANDOM_BATCHES: usize = 64;
/// Most batches of a file.
const FILE_BATCHES: usize = 4096;
/// Values of all random batches together, but for the first.
const KEPT_VALUES: usize = 1 << 23;
/// Most values of a call: 1 GiB, beyond any limit of a server.
const MAX_VALUES: usize = 1 << 27;

/// Matrices of random rows: numbers from 0 to 1, whole numbers from 0 to 99, 0 or 1 for a truth value.
///
/// # Errors
/// If the model takes text, which cannot be guessed, or the batch is too large.
pub(super) fn random(model: &ModelVersion, batch_rows: usize, seed: u64) -> Result<Vec<Features>, Failure> {
    let features = &model.schema.features;
    if let Some(text) = features.iter().find(|feature| feature.column_type == ColumnType::Text) {
        let message = format!("column {:?} is text, which cannot be made up; give rows by --rows", text.name);
        return Err(Failure::Error(Error::invalid(message)));
    }
    let values = batch_rows.saturating_mul(features.len()).max(1);
    if values > MAX_VALUES {
        let message =
            format!("{batch_rows} rows of {} features are too many for a call; lower --batch-rows", features.len());
        return Err(Failure::Usage(message));
    }
    let mut chance = Xoshiro256Plus::seed_from_u64(seed);
    let batches = RANDOM_BATCHES.min(KEPT_VALUES / values).max(1);
    let shape = (batch_rows, features.len());
    Ok((0..batches)
        .map(|_| Features::Matrix(Array2::from_shape_fn(shape, |(_, column)| value(&features[column], &mut chance))))
        .collect())
}

fn value(feature: &ColumnSchema, chance: &mut impl RngCore) -> f64 {
    let random = (chance.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    match feature.column_type {
        ColumnType::Integer => (random * 100.0).floor(),
        ColumnType::Boolean => f64::from(random < 0.5),
        ColumnType::Float | ColumnType::Text => random,
    }
}

/// The rows of a table, so many a call, in their order; a rest that fills no call is left out.
///
/// # Errors
/// If there are too few for one call.
pub(super) fn of(table: &Table, batch_rows: usize) -> Result<Vec<Features>, Failure> {
    let batches = (table.n_rows() / batch_rows).min(FILE_BATCHES);
    if batches == 0 {
        let rows = table.n_rows();
        return Err(Failure::Usage(format!("there are {rows} rows and a call takes {batch_rows}; lower --batch-rows")));
    }
    Ok((0..batches).map(|batch| Features::Table(table.slice(batch * batch_rows, batch_rows))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Column;
    use crate::model::Schema;
    use std::collections::BTreeMap;

    fn model(types: &[ColumnType]) -> ModelVersion {
        let feature = |(index, column_type): (usize, &ColumnType)| ColumnSchema {
            name: format!("x{index}"),
            column_type: *column_type,
        };
        let features = types.iter().enumerate().map(feature).collect();
        ModelVersion {
            name: "m".into(),
            version: 1,
            kind: String::new(),
            steps: vec![],
            schema: Schema { features, target: None, targets: vec![], classes: None, outputs: None },
            metrics: BTreeMap::new(),
            n_samples: 0,
            seed: 0,
            job_id: String::new(),
            dataset: None,
            data_sha256: String::new(),
            sha256: String::new(),
            size_bytes: 0,
            created_ms: 0,
            aliases: vec![],
            state: "loaded".into(),
        }
    }

    #[test]
    fn random_rows_are_those_that_the_model_takes_and_the_same_for_the_same_seed() {
        use ColumnType::{Boolean, Float, Integer};
        let model = model(&[Float, Integer, Boolean]);
        let rows = |seed| random(&model, 7, seed).ok().unwrap();
        let matrix = |batch: &Features| model.schema.matrix(batch.clone()).unwrap();

        let batches = rows(3);

        assert_eq!(batches.len(), RANDOM_BATCHES);
        let first = matrix(&batches[0]);
        assert_eq!(first.dim(), (7, 3));
        assert!(first.rows().into_iter().all(|row| row[1].fract() == 0.0 && [0.0, 1.0].contains(&row[2])), "{first}");
        assert_eq!(first, matrix(&rows(3)[0]));
        assert!(first != matrix(&rows(4)[0]) && first != matrix(&batches[1]));
    }

    #[test]
    fn rows_of_a_file_are_taken_in_order_and_a_rest_is_left_out() {
        let table = Table::new(vec![Column::integer("x", (0..10).collect())]).unwrap();

        let batches = of(&table, 4).ok().unwrap();

        let columns: Vec<_> = batches
            .iter()
            .map(|batch| match batch {
                Features::Table(table) => table.column("x").cloned().unwrap(),
                Features::Matrix(_) | Features::Packed(_) => panic!("a file is sent by name"),
            })
            .collect();
        assert_eq!(columns, [Column::integer("x", (0..4).collect()), Column::integer("x", (4..8).collect())]);
        assert!(matches!(of(&table, 11), Err(Failure::Usage(message)) if message.contains("10 rows")));
    }

    #[test]
    fn what_cannot_be_made_up_is_refused() {
        let text = random(&model(&[ColumnType::Text]), 1, 1);
        let large = random(&model(&[ColumnType::Float]), usize::MAX, 1);

        assert!(matches!(text, Err(Failure::Error(error)) if error.to_string().contains("--rows")));
        assert!(matches!(large, Err(Failure::Usage(message)) if message.contains("--batch-rows")));
    }
}
