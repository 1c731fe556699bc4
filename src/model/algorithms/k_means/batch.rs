//! One step on a batch: each row to its nearest centre, each centre to the mean of all rows that it has been given so far.

use super::step::members;
use crate::error::Result;
use crate::model::Training;
use ndarray::{Array2, ArrayView2};

/// What a step on a batch came to.
#[derive(Clone, Debug)]
pub(in crate::model) struct BatchStep {
    /// `(n_clusters, n_features)`; one without rows stays where it was.
    pub(in crate::model) centres: Array2<f64>,
    /// The weight of the rows that each centre is the mean of.
    pub(in crate::model) counts: Vec<f64>,
    /// Sum of the squared distances of the batch to the centres before.
    pub(in crate::model) inertia: f64,
}

/// Takes the rows of a batch into centres that are the means of so many rows. Nothing else is known of the past, and nothing is
/// left to chance; the bits do not depend on the number of threads.
///
/// D. Sculley, "Web-scale k-means clustering" (2010), doi:10.1145/1772690.1772862, all rows of a batch at once.
///
/// # Errors
/// [`Error::Internal`](crate::error::Error::Internal) if there is no row. What the progress of the batch answers; it is asked once
/// at least.
pub(in crate::model) fn step(batch: &Training<'_>, centres: &Array2<f64>, counts: &[f64]) -> Result<BatchStep> {
    let found = members(batch, centres, &|| batch.progress.report("learning from a batch", 0.0))?;
    let (mut centres, mut counts) = (centres.clone(), counts.to_vec());
    let own = centres.rows_mut().into_iter().zip(&mut counts);
    for ((mut centre, count), (sum, weight)) in own.zip(found.sums.rows().into_iter().zip(&found.weights)) {
        if *weight > 0.0 {
            let before = *count;
            *count += weight;
            centre.zip_mut_with(&sum, |at, sum| *at = (*at * before + sum) / *count);
        }
    }
    Ok(BatchStep { centres, counts, inertia: found.inertia })
}

impl BatchStep {
    /// Moves centres of few rows, less than this share of what the one of most has, to rows of the batch: half as many as the
    /// batch has rows at most, those of the fewest first. `draw` names as many different rows. Each counts as much from then on
    /// as the least of the others, so that it does not leave again at once.
    pub(in crate::model) fn reassign(
        &mut self,
        batch: ArrayView2<'_, f64>,
        ratio: f64,
        draw: impl FnOnce(usize) -> Vec<usize>,
    ) {
        let enough = ratio * self.counts.iter().copied().fold(0.0, f64::max);
        let mut few: Vec<usize> = (0..self.counts.len()).filter(|at| self.counts[*at] < enough).collect();
        if few.len() > batch.nrows() / 2 {
            few.sort_by(|one, other| self.counts[*one].total_cmp(&self.counts[*other]));
            few.truncate(batch.nrows() / 2);
            few.sort_unstable();
        }
        let others = self.counts.iter().enumerate().filter(|(at, _)| few.binary_search(at).is_err());
        let least = others.map(|(_, count)| *count).fold(f64::INFINITY, f64::min);
        for (centre, row) in few.iter().zip(draw(few.len())) {
            self.centres.row_mut(*centre).assign(&batch.row(row));
            self.counts[*centre] = least;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::quiet;
    use crate::model::{Rows, Targets};
    use ndarray::array;

    fn stepped(rows: &Array2<f64>, weights: &[f64], centres: &Array2<f64>, counts: &[f64]) -> BatchStep {
        let rows = Rows::new(rows, Targets::None.view(), weights);
        step(&Training { rows, seed: 7, threads: 1, progress: &quiet }, centres, counts).unwrap()
    }

    #[test]
    fn a_centre_is_the_mean_of_all_rows_that_it_was_given() {
        let found = stepped(
            &array![[4.0], [8.0], [90.0]],
            &[1.0, 2.0, 1.0],
            &array![[1.0], [100.0], [-50.0]],
            &[3.0, 0.0, 7.0],
        );

        // Three rows of mean 1, a 4 and two 8; the first row of its own; nothing new.
        assert_eq!(found.centres, array![[23.0 / 6.0], [90.0], [-50.0]]);
        assert_eq!((found.counts, found.inertia), (vec![6.0, 1.0, 7.0], 9.0 + 2.0 * 49.0 + 100.0));
    }

    #[test]
    fn a_weight_in_a_batch_is_a_number_of_rows() {
        let (centres, counts) = (array![[0.0], [10.0]], [2.0, 1.0]);
        let once = stepped(&array![[1.0], [9.0]], &[3.0, 1.0], &centres, &counts);

        let often = stepped(&array![[1.0], [1.0], [1.0], [9.0]], &[1.0; 4], &centres, &counts);

        assert_eq!((once.centres, once.counts, once.inertia), (often.centres, often.counts, often.inertia));
    }

    #[test]
    fn centres_of_few_rows_move_to_rows_of_the_batch_and_count_as_much_as_the_least_of_the_others() {
        let step =
            BatchStep { centres: array![[0.0], [1.0], [2.0], [3.0]], counts: vec![1.0, 100.0, 5.0, 0.5], inertia: 0.0 };
        let batch = array![[7.0], [8.0], [9.0], [10.0]];
        let [mut all, mut fewest, mut none] = [step.clone(), step.clone(), step];

        all.reassign(batch.view(), 0.02, |n| vec![3, 1][..n].to_vec());
        fewest.reassign(array![[7.0], [8.0]].view(), 0.02, |n| vec![1; n]);
        none.reassign(batch.view(), 0.0, |n| vec![0; n]);

        assert_eq!((all.centres, all.counts), (array![[10.0], [1.0], [2.0], [8.0]], vec![5.0, 100.0, 5.0, 5.0]));
        assert_eq!((fewest.centres, fewest.counts), (array![[0.0], [1.0], [2.0], [8.0]], vec![1.0, 100.0, 5.0, 1.0]));
        assert_eq!((none.centres, none.counts), (array![[0.0], [1.0], [2.0], [3.0]], vec![1.0, 100.0, 5.0, 0.5]));
    }
}
