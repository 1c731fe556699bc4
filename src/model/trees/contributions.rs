//! What each column adds to the answer of trees: Shapley values.
//!
//! The game is that of S. M. Lundberg and others, "From local explanations to global understanding with explainable AI for trees"
//! (2020), doi:10.1038/s42256-019-0138-9, "path-dependent": a tree that may not look at a column goes both ways, by the shares of its
//! rows. Algorithm 2 of it (TreeSHAP) counts all subsets of columns at once, on the way to each leaf.

use super::flat::{Step, Tree};
use crate::error::Result;
use ndarray::{Array1, Array3, ArrayView2};

/// `(n_outputs,)` and `(n_samples, n_outputs, n_features)`: the mean answer of the rows that the trees were grown on, and what
/// each column adds to it. `ask` is asked for each row and tree.
///
/// # Errors
/// What `ask` answers.
pub(super) fn contributions(
    trees: &[Tree],
    n_outputs: usize,
    features: ArrayView2<'_, f64>,
    ask: &dyn Fn() -> Result<()>,
) -> Result<(Array1<f64>, Array3<f64>)> {
    let n_features = features.ncols();
    let mut base = Array1::zeros(n_outputs);
    let mut added = Array3::zeros((features.nrows(), n_outputs, n_features));
    let share = 1.0 / trees.len() as f64;
    for tree in trees {
        let cover = tree.cover();
        for (node, cover) in cover.iter().enumerate() {
            if let Step::Answer(answers) = tree.step(node) {
                base.iter_mut().zip(answers).for_each(|(base, answer)| *base += share * cover * answer);
            }
        }
        for (row, mut added) in features.rows().into_iter().zip(added.outer_iter_mut()) {
            ask()?;
            each_leaf(
                tree,
                &cover,
                |column| row[column],
                |path, answers| {
                    for (at, passed) in path.elements.iter().enumerate().skip(1) {
                        let part = share * path.unwound_sum(at) * (passed.with - passed.without);
                        for (output, answer) in answers.iter().enumerate() {
                            added[[output, passed.column]] += part * answer;
                        }
                    }
                },
            );
        }
    }
    Ok((base, added))
}

/// Calls `act` with each leaf's answers and the way to it.
fn each_leaf(tree: &Tree, cover: &[f64], value: impl Fn(usize) -> f64, mut act: impl FnMut(&Path, &[f64])) {
    let mut open = vec![(0, Path::default(), Passed { column: usize::MAX, without: 1.0, with: 1.0, weight: 0.0 })];
    while let Some((node, mut path, passed)) = open.pop() {
        path.extend(passed);
        match tree.step(node) {
            Step::Answer(answers) => act(&path, answers),
            Step::Ask { feature, threshold, left } => {
                let (without, with) = path.forget(feature);
                let taken = left + usize::from(value(feature) > threshold);
                for child in [left + 1, left] {
                    let part = without * cover[child] / cover[node];
                    let with = if child == taken { with } else { 0.0 };
                    open.push((child, path.clone(), Passed { column: feature, without: part, with, weight: 0.0 }));
                }
            }
        }
    }
}

/// A column that was asked for on the way to a node, once however often.
#[derive(Clone, Copy, Debug)]
struct Passed {
    column: usize,
    /// The share of rows that come this way where the column says nothing.
    without: f64,
    /// 1 if the row comes this way, else 0.
    with: f64,
    /// Of the subsets of as many columns: how many let the row pass, by their weight in a Shapley value.
    weight: f64,
}

/// The columns on the way to a node, behind a first one that stands for none.
#[derive(Clone, Debug, Default)]
struct Path {
    elements: Vec<Passed>,
}

impl Path {
    fn extend(&mut self, passed: Passed) {
        let length = self.elements.len();
        let weight = if length == 0 { 1.0 } else { 0.0 };
        self.elements.push(Passed { weight, ..passed });
        let n = (length + 1) as f64;
        for at in (0..length).rev() {
            let own = self.elements[at].weight;
            self.elements[at + 1].weight += passed.with * own * (at + 1) as f64 / n;
            self.elements[at].weight = passed.without * own * (length - at) as f64 / n;
        }
    }

    /// Takes a column out again; answers its shares, or 1 for one that was not asked for.
    fn forget(&mut self, column: usize) -> (f64, f64) {
        let Some(place) = self.elements.iter().position(|it| it.column == column) else { return (1.0, 1.0) };
        let (Passed { without, with, .. }, last) = (self.elements[place], self.elements.len() - 1);
        let n = (last + 1) as f64;
        let mut next = self.elements[last].weight;
        for at in (0..last).rev() {
            let own = self.elements[at].weight;
            self.elements[at].weight = match with == 0.0 {
                true => own * n / (without * (last - at) as f64),
                false => next * n / ((at + 1) as f64 * with),
            };
            next = own - self.elements[at].weight * without * (last - at) as f64 / n;
        }
        for at in place..last {
            let weight = self.elements[at].weight;
            self.elements[at] = Passed { weight, ..self.elements[at + 1] };
        }
        self.elements.pop();
        (without, with)
    }

    /// The weights of all subsets without the column at a place.
    fn unwound_sum(&self, place: usize) -> f64 {
        let (Passed { without, with, .. }, last) = (self.elements[place], self.elements.len() - 1);
        let n = (last + 1) as f64;
        let (mut next, mut sum) = (self.elements[last].weight, 0.0);
        for at in (0..last).rev() {
            let own = self.elements[at].weight;
            let unwound = match with == 0.0 {
                true => own * n / (without * (last - at) as f64),
                false => next * n / ((at + 1) as f64 * with),
            };
            sum += unwound;
            next = own - unwound * without * (last - at) as f64 / n;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::super::flat::Seedling;
    use super::*;
    use ndarray::{Array2, Axis};
    use proptest::prelude::*;

    /// A tree over `n_features` columns of values 0 to 9, split as the numbers say.
    fn grown(n_features: usize, splits: &[(u8, u8, u8)], weights: &[i64]) -> Tree {
        let mut seedling = Seedling::new(2);
        let mut leaves = vec![0];
        for (which, column, threshold) in splits {
            let node = leaves.swap_remove(*which as usize % leaves.len());
            let left = seedling.split(node, *column as usize % n_features, f64::from(*threshold) + 0.5);
            leaves.extend([left, left + 1]);
        }
        for (leaf, weight) in leaves.into_iter().zip(weights.iter().cycle()) {
            seedling
                .leaf(leaf, *weight, |answers| answers.extend([f64::from(leaf) - 3.0, 1.0 / (f64::from(leaf) + 1.0)]));
        }
        seedling.grown()
    }

    /// What the tree answers that may look at these columns alone.
    fn expected(tree: &Tree, cover: &[f64], node: usize, row: &[f64], known: usize) -> Vec<f64> {
        match tree.step(node) {
            Step::Answer(answers) => answers.to_vec(),
            Step::Ask { feature, threshold, left } if known >> feature & 1 == 1 => {
                expected(tree, cover, left + usize::from(row[feature] > threshold), row, known)
            }
            Step::Ask { left, .. } => {
                let sides = [left, left + 1].map(|child| (cover[child], expected(tree, cover, child, row, known)));
                let [(one, left), (other, right)] = sides;
                left.iter().zip(right).map(|(left, right)| (one * left + other * right) / (one + other)).collect()
            }
        }
    }

    /// The Shapley value of a column by its definition.
    fn shapley(tree: &Tree, row: &[f64], column: usize) -> Vec<f64> {
        let (n, cover) = (row.len(), tree.cover());
        let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
        let mut value = vec![0.0; 2];
        for known in (0..1usize << n).filter(|known| known >> column & 1 == 0) {
            let size = known.count_ones();
            let weight = factorial(size) * factorial(n as u32 - size - 1) / factorial(n as u32);
            let with = expected(tree, &cover, 0, row, known | 1 << column);
            let gained = with.iter().zip(expected(tree, &cover, 0, row, known)).map(|(with, without)| with - without);
            value.iter_mut().zip(gained).for_each(|(value, gained)| *value += weight * gained);
        }
        value
    }

    proptest! {
        #[test]
        fn contributions_are_shapley_values_by_their_definition(
            n_features in 1usize..5,
            splits in prop::collection::vec((any::<u8>(), any::<u8>(), 0u8..9), 0..14),
            weights in prop::collection::vec(1i64..50, 1..9),
            values in prop::collection::vec(0u8..10, 10),
        ) {
            let trees = [grown(n_features, &splits, &weights), grown(n_features, &splits[splits.len() / 2..], &weights)];
            let rows = Array2::from_shape_fn((2, n_features), |(row, column)| f64::from(values[row * 5 + column]));

            let (base, added) = contributions(&trees, 2, rows.view(), &|| Ok(())).unwrap();

            for (row, added) in rows.rows().into_iter().zip(added.outer_iter()) {
                let row = row.to_vec();
                for column in 0..n_features {
                    let by_definition = trees.each_ref().map(|tree| shapley(tree, &row, column));
                    for output in 0..2 {
                        let expected = (by_definition[0][output] + by_definition[1][output]) / 2.0;
                        prop_assert!((added[[output, column]] - expected).abs() < 1e-10, "{added} and {expected}");
                    }
                }
                let mut answers = [0.0; 2];
                trees.iter().for_each(|tree| tree.add_answers(&row, n_features, 0.5, &mut answers));
                let sums = added.sum_axis(Axis(1)) + &base;
                prop_assert!(sums.iter().zip(answers).all(|(sum, answer)| (sum - answer).abs() < 1e-10), "{sums}");
            }
        }
    }

    /// A way down of a thousand questions for three columns.
    #[test]
    fn a_deep_tree_is_explained_without_deep_calls() {
        let mut seedling = Seedling::new(1);
        let mut node = 0;
        for depth in 0..1_000 {
            let left = seedling.split(node, depth % 3, 1_000.5 - depth as f64);
            seedling.leaf(left + 1, 1, |answers| answers.push(depth as f64));
            node = left;
        }
        seedling.leaf(node, 1, |answers| answers.push(-1.0));
        let tree = [seedling.grown()];
        let rows = Array2::from_elem((1, 3), 500.0);

        let (base, added) = contributions(&tree, 1, rows.view(), &|| Ok(())).unwrap();

        assert!((base[0] + added.sum() - 501.0).abs() < 1e-6, "{base} and {added}");
    }
}
