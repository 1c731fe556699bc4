//! Embeddings against those of scikit-learn and NumPy (`tests/fixtures/make_transductive_oracles.py`).

use super::transductive_oracles::{cases, fitted_case};
use super::*;
use crate::model::{TrainingResult, Transduced};
use ndarray::Axis;
use serde_json::Value as Json;

fn embedding(algorithm: &str, case: &Json) -> (Array2<f64>, BTreeMap<String, f64>) {
    let Transduced { result: TrainingResult::Embedding(embedding), metrics } = fitted_case(algorithm, case) else {
        panic!("{algorithm} has labels")
    };
    (embedding, metrics)
}

/// The features of a case as the algorithm is given them.
fn rows(case: &Json) -> Array2<f64> {
    let all = table(case["table"].as_str().unwrap());
    let features = Table::new(all.columns()[..all.columns().len() - 1].to_vec()).unwrap();
    let steps = [step("standard_scaler", &[]), step("k_means", &[("n_clusters", Value::Integer(1))])];
    let pipeline = fitted(&spec(&steps, ""), &features).pipeline;
    let matrix = matrix(&pipeline, &features);
    match case.get("scaled") {
        Some(_) => pipeline.transformers[0].transform(matrix),
        None => matrix,
    }
}

/// For each row the others, the nearest first.
fn neighbours(rows: &Array2<f64>) -> Vec<Vec<usize>> {
    let of_row = |row: usize| {
        let square = |other: usize| (&rows.row(row) - &rows.row(other)).iter().map(|by| by * by).sum::<f64>();
        let squares: Vec<f64> = (0..rows.nrows()).map(square).collect();
        let mut others: Vec<usize> = (0..rows.nrows()).filter(|other| *other != row).collect();
        others.sort_by(|one, other| squares[*one].total_cmp(&squares[*other]));
        others
    };
    (0..rows.nrows()).map(of_row).collect()
}

/// How little neighbours in the embedding were far from each other before: J. Venna, S. Kaski, "Neighborhood preservation in
/// nonlinear projection methods" (2001), as scikit-learn's `trustworthiness` with 5 neighbours.
fn trustworthiness(rows: &Array2<f64>, embedding: &Array2<f64>) -> f64 {
    let (n, k) = (rows.nrows() as f64, 5.0);
    let (before, after) = (neighbours(rows), neighbours(embedding));
    let penalty = |row: usize, other: &usize| {
        let rank = before[row].iter().position(|it| it == other).unwrap() as f64 + 1.0;
        (rank - k).max(0.0)
    };
    let sum: f64 =
        after.iter().enumerate().flat_map(|(row, near)| near[..5].iter().map(move |it| penalty(row, it))).sum();
    1.0 - sum * 2.0 / (n * k * (2.0 * n - 3.0 * k - 1.0))
}

#[test]
fn places_of_tsne_diverge_as_little_as_those_of_scikit_learn_and_keep_as_many_neighbours() {
    for case in cases("tsne") {
        let (embedding, metrics) = embedding("tsne", &case);

        let (ours, theirs) = (metrics["kl_divergence"], case["kl_divergence"].as_f64().unwrap());
        let (kept, theirs_kept) =
            (trustworthiness(&rows(&case), &embedding), case["trustworthiness"].as_f64().unwrap());
        assert!(ours <= theirs * 1.05 + 0.005, "{}: {ours} and {theirs}", case["table"]);
        assert!(kept >= theirs_kept - 0.005, "{}: {kept} and {theirs_kept}", case["table"]);
    }
}

#[test]
fn diffusion_maps_are_those_of_numpy() {
    for case in cases("diffusion_map") {
        let (embedding, metrics) = embedding("diffusion_map", &case);

        let expected: Vec<Vec<f64>> = serde_json::from_value(case["embedding"].clone()).unwrap();
        assert_eq!(embedding.dim(), (expected.len(), expected[0].len()), "{}", case["table"]);
        for (row, expected) in embedding.axis_iter(Axis(0)).zip(&expected) {
            assert!(row.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-8), "{row} and {expected:?}");
        }
        for (at, value) in case["eigenvalues"].as_array().unwrap().iter().enumerate() {
            assert!((metrics[&format!("eigenvalue_{}", at + 1)] - value.as_f64().unwrap()).abs() < 1e-12);
        }
    }
}
