//! Clusters of rows that lie close together.

use crate::error::{Error, Result};
use crate::model::arrays::Arrays;
use crate::model::crew::share_out;
use crate::model::neighbours::{Metric, Neighbours};
use crate::model::{
    About, Algorithm, FittedStep, Inputs, Kind, NOISE, ParameterSpec, Parameters, Rows, Training, TrainingResult,
    Transduced, Transductive, UnfittedStep,
};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const NAME: &str = "dbscan";

/// Numbers that are looked at between two questions whether to go on, at most; and rows whose neighbours are.
const AT_ONCE: usize = 1 << 26;
const FEWEST_ROWS: usize = 8;
const MOST_ROWS: usize = 2_048;
/// Core rows near to others that are kept one by one, at least; of more it is kept which clusters they are of.
const MANY: usize = 1 << 16;

/// Groups rows that are connected by rows with many neighbours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dbscan;

impl Algorithm for Dbscan {
    fn about(&self) -> &'static About {
        &About {
            name: NAME,
            kind: Kind::Clusterer,
            summary: "Groups rows that lie close together, and leaves those out that lie alone.",
            details: &[
                "A row is a core row if rows of weight `min_samples` or more, itself among them, are no further from it \
                 than `eps`. Core rows that are no further from each other than that are in one cluster, and so are the \
                 other rows that near to them: of several clusters, in the first. Clusters are numbered by their first \
                 core row. The label -1 is a row in no cluster.",
                "It labels the rows that it is trained on and no others: `get_training_result` reads the labels. Metrics \
                 are the number of clusters and the share of rows in none.",
                "M. Ester, H.-P. Kriegel, J. Sander, X. Xu, \"A density-based algorithm for discovering clusters in large \
                 spatial databases with noise\" (1996). Neighbours are found with a k-d tree where there are at most 15 \
                 columns, and otherwise by looking at all pairs of rows; memory grows with the rows alone.",
            ],
        }
    }

    fn is_transductive(&self) -> bool {
        true
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let eps = "Distance within which rows are neighbours, in the unit of the columns that reach this step.";
        let min_samples = "Weight of the neighbours of a core row, itself among them, at least.";
        vec![
            ParameterSpec::positive("eps", 0.5, eps),
            ParameterSpec::integer("min_samples", 5, (1, 1_000_000_000), min_samples),
            Metric::parameter(),
        ]
    }

    fn unfitted(&self, parameters: &Parameters) -> UnfittedStep {
        UnfittedStep::Transductive(Box::new(Density {
            eps: parameters.number("eps"),
            min_weight: parameters.count("min_samples") as f64,
            metric: Metric::of(parameters),
        }))
    }

    fn load(&self, _: &Parameters, arrays: &mut Arrays, _: &Inputs) -> Result<FittedStep> {
        TrainingResult::load(arrays).map(FittedStep::Result)
    }
}

#[derive(Debug)]
struct Density {
    eps: f64,
    min_weight: f64,
    metric: Metric,
}

impl Transductive for Density {
    fn fit(&self, training: &Training<'_>) -> Result<Transduced> {
        let rows = training.rows;
        if let Some(objection) = self.metric.objection(rows.values(), rows.n_features()) {
            return Err(Error::invalid(format!("{objection} ({NAME})")));
        }
        let neighbours = Neighbours::new(rows.samples(), self.metric).prepared();
        let is_core = self.core_rows(training, &neighbours)?;
        let labels = self.grow(training, &neighbours, &is_core)?;
        Ok(TrainingResult::Labels(labels).into())
    }
}

impl Density {
    /// Which rows have neighbours enough.
    fn core_rows(&self, training: &Training<'_>, neighbours: &Neighbours) -> Result<Vec<bool>> {
        let (rows, at_once) = (training.rows, at_once(training.rows));
        let n_pieces = rows.len().div_ceil(at_once);
        let report = |done: usize| {
            training.progress.report("fitting dbscan, counting neighbours", 0.5 * done as f64 / n_pieces as f64)
        };
        let pieces = share_out(n_pieces, training.threads, &report, |piece, ask| {
            ask()?;
            let own = rows.slice(piece * at_once..((piece + 1) * at_once).min(rows.len()));
            Ok(neighbours.weights_within(own.values(), self.eps, rows.weights))
        })?;
        Ok(pieces.into_iter().flatten().map(|weight| weight >= self.min_weight).collect())
    }

    /// The cluster of each row: core rows that are connected, in the order of their first ones, and the first cluster of those near
    /// to a row that is none.
    fn grow(&self, training: &Training<'_>, neighbours: &Neighbours, is_core: &[bool]) -> Result<Vec<i64>> {
        let rows = training.rows;
        let core: Vec<usize> = (0..rows.len()).filter(|row| is_core[*row]).collect();
        let pieces: Vec<&[usize]> = core.chunks(at_once(rows)).collect();
        let report = |done: usize| {
            training.progress.report("fitting dbscan, growing clusters", 0.5 + 0.5 * done as f64 / pieces.len() as f64)
        };
        let connected = Connected::alone(rows.len());
        let near = share_out(pieces.len(), training.threads, &report, |piece, ask| {
            ask()?;
            let asked = pieces[piece].iter().flat_map(|row| rows.slice(*row..row + 1).values());
            let (asked, mut own): (Vec<f64>, _) = (asked.copied().collect(), pieces[piece].iter());
            let (mut near, mut enough) = (vec![], MANY);
            neighbours.for_each_within(&asked, self.eps, |found| {
                let Some(own) = own.next() else { return };
                for it in found {
                    if !is_core[it.row] {
                        near.push((it.row, *own));
                        if near.len() >= enough {
                            connected.fewer(&mut near);
                            enough = MANY.max(2 * near.len());
                        }
                    } else if it.row < *own {
                        connected.join(it.row, *own); // The other one finds this one too.
                    }
                }
            });
            connected.fewer(&mut near);
            near.shrink_to_fit();
            Ok(near)
        })?;
        let (mut labels, mut n_clusters) = (vec![NOISE; rows.len()], 0);
        for row in core {
            let first = connected.first(row);
            if first == row {
                (labels[row], n_clusters) = (n_clusters, n_clusters + 1);
            } else {
                labels[row] = labels[first];
            }
        }
        for (row, core) in near.into_iter().flatten() {
            if labels[row] == NOISE || labels[core] < labels[row] {
                labels[row] = labels[core];
            }
        }
        Ok(labels)
    }
}

/// Each row with one before it that it is connected with, the first of those with itself: what is found does not depend on who
/// joins them, or when.
struct Connected(Vec<AtomicUsize>);

impl Connected {
    fn alone(n_rows: usize) -> Self {
        Self((0..n_rows).map(AtomicUsize::new).collect())
    }

    /// The first row that a row is connected with.
    fn first(&self, mut row: usize) -> usize {
        loop {
            let before = self.0[row].load(Relaxed);
            if before == row {
                return row;
            }
            // Half the way for whoever comes next.
            let long_before = self.0[before].load(Relaxed);
            self.0[row].store(long_before, Relaxed);
            row = long_before;
        }
    }

    /// Leaves of pairs of a row and a core row near to it one for each cluster, as far as they are known to be connected: a row can
    /// be near to thousands.
    fn fewer(&self, near: &mut Vec<(usize, usize)>) {
        near.iter_mut().for_each(|(_, core)| *core = self.first(*core));
        near.sort_unstable();
        near.dedup();
    }

    fn join(&self, one: usize, other: usize) {
        loop {
            let (one, other) = (self.first(one), self.first(other));
            let (first, last) = (one.min(other), one.max(other));
            // Another thread may have led the last one elsewhere by now.
            if first == last || self.0[last].compare_exchange(last, first, Relaxed, Relaxed).is_ok() {
                return;
            }
        }
    }
}

/// Rows whose neighbours are found in less than a second, all pairs looked at.
fn at_once(rows: Rows<'_>) -> usize {
    (AT_ONCE / rows.values().len().max(1)).clamp(FEWEST_ROWS, MOST_ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Targets;
    use crate::model::tests::quiet;
    use ndarray::{Array2, Axis, array};
    use proptest::prelude::*;

    fn labels(features: &Array2<f64>, weights: &[f64], (eps, min_weight): (f64, f64)) -> Result<Vec<i64>> {
        let rows = Rows::new(features, Targets::None.view(), weights);
        let density = Density { eps, min_weight, metric: Metric::Euclidean };
        match density.fit(&Training { rows, seed: 7, threads: 2, progress: &quiet })?.result {
            TrainingResult::Labels(labels) => Ok(labels),
            TrainingResult::Embedding(_) => unreachable!(),
        }
    }

    /// As Ester and others define clusters: core rows connected by steps of at most `eps`, then the rows near to them.
    fn by_definition(features: &Array2<f64>, weights: &[f64], (eps, min_weight): (f64, f64)) -> Vec<i64> {
        let n_rows = features.nrows();
        let near = |one: usize, other: usize| {
            (&features.row(one) - &features.row(other)).iter().map(|by| by * by).sum::<f64>() <= eps * eps
        };
        let weight =
            |row: usize| (0..n_rows).filter(|other| near(row, *other)).map(|other| weights[other]).sum::<f64>();
        let core: Vec<usize> = (0..n_rows).filter(|row| weight(*row) >= min_weight).collect();
        let mut group: Vec<usize> = (0..n_rows).collect();
        for _ in 0..n_rows {
            for (one, other) in core.iter().flat_map(|one| core.iter().map(move |other| (*one, *other))) {
                if near(one, other) {
                    group[one] = group[one].min(group[other]);
                }
            }
        }
        let mut firsts: Vec<usize> = core.iter().map(|row| group[*row]).collect();
        firsts.sort_unstable();
        firsts.dedup();
        let number = |row: usize| firsts.iter().position(|first| *first == group[row]).unwrap() as i64;
        let label = |row: usize| match core.contains(&row) {
            true => number(row),
            false => core.iter().filter(|other| near(row, **other)).map(|other| number(*other)).min().unwrap_or(NOISE),
        };
        (0..n_rows).map(label).collect()
    }

    proptest! {
        #[test]
        fn clusters_are_those_of_the_definition(
            places in prop::collection::vec((0u8..12, 0u8..12), 1..60), eps in 0.5f64..3.0, min_samples in 1u8..7,
        ) {
            let features = Array2::from_shape_fn((places.len(), 2), |(row, column)| {
                f64::from(if column == 0 { places[row].0 } else { places[row].1 })
            });
            let weights: Vec<f64> = (0..places.len()).map(|row| 1.0 + (row % 2) as f64).collect();
            let given = (eps, f64::from(min_samples));

            let found = labels(&features, &weights, given).unwrap();

            prop_assert_eq!(found, by_definition(&features, &weights, given));
        }
    }

    #[test]
    fn a_row_between_two_clusters_is_in_the_first() {
        let line = array![[3.0], [3.5], [4.0], [2.0], [0.0], [0.5], [1.0]];

        let found = labels(&line, &[1.0; 7], (1.0, 4.0)).unwrap();

        assert_eq!(found, [0, 0, 0, 0, 1, 1, 1]);
    }

    #[test]
    fn a_row_of_weight_two_is_that_row_twice() {
        let line = array![[0.0], [1.0], [5.0], [5.5], [9.0]];
        let weights = [1.0, 2.0, 1.0, 1.0, 3.0];
        let repeated = [0, 1, 1, 2, 3, 4, 4, 4];

        let weighted = labels(&line, &weights, (1.0, 3.0)).unwrap();

        let twice = labels(&line.select(Axis(0), &repeated), &[1.0; 8], (1.0, 3.0)).unwrap();
        assert_eq!(repeated.map(|row| weighted[row]).to_vec(), twice);
        assert_eq!(weighted, [0, 0, NOISE, NOISE, 1]);
    }

    #[test]
    fn one_row_and_the_same_row_again_and_again_are_noise_or_one_cluster() {
        assert_eq!(labels(&array![[3.0]], &[1.0], (0.5, 5.0)).unwrap(), [NOISE]);
        assert_eq!(labels(&array![[3.0]], &[1.0], (0.5, 1.0)).unwrap(), [0]);
        assert_eq!(labels(&Array2::from_elem((9, 30), 0.1), &[1.0; 9], (1e-300, 5.0)).unwrap(), [0; 9]);
    }

    #[test]
    fn distances_that_overflow_are_refused() {
        let refused = labels(&array![[1e300], [0.0]], &[1.0; 2], (0.5, 5.0)).unwrap_err().to_string();

        assert!(refused.contains("overflow") && refused.contains("(dbscan)"), "{refused}");
    }
}
