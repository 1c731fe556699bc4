//! A tree as it is asked: nodes in one array, children behind their parents.

use crate::error::Result;
use crate::model::archive::{Archive, State};
use crate::model::arrays::damaged;
use crate::model::onnx::{Leaf, Nodes};

/// Sixteen bytes, four to a cache line. Rows are asked side by side until all stand still, and at a leaf they do: it is its own
/// child for every value.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Node {
    /// Values up to here go left.
    threshold: f64,
    feature: u32,
    /// The left child; the right one follows it. Of a leaf the leaf itself.
    left: u32,
}

/// A grown tree.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Of each node that is a leaf its number in the order of nodes, of others 0.
    leaves: Vec<u32>,
    /// What the leaves answer, `n_outputs` of each.
    answers: Vec<f64>,
    n_outputs: usize,
    /// What share of all rows each leaf was grown on, by weight.
    shares: Vec<f64>,
}

impl Tree {
    /// A tree of nothing, to be read.
    pub(super) fn blank() -> Self {
        Self { nodes: vec![], leaves: vec![], answers: vec![], n_outputs: 0, shares: vec![] }
    }
}

impl State for Tree {
    fn pass(&mut self, archive: &mut Archive<'_>) -> Result<()> {
        let blank = || Node { threshold: 0.0, feature: 0, left: 0 };
        archive.list(&mut self.nodes, blank, |node, archive| {
            archive.number(&mut node.threshold)?;
            [&mut node.feature, &mut node.left].into_iter().try_for_each(|it| archive.small_count(it))
        })?;
        archive.list(&mut self.leaves, || 0, |leaf, archive| archive.small_count(leaf))?;
        archive.numbers_of_any_length(&mut self.answers)?;
        archive.count(&mut self.n_outputs)?;
        archive.numbers_of_any_length(&mut self.shares)
    }
}

/// Where a node leads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step<'a> {
    /// It asks for a column: values up to the threshold go left, and the right child follows the left one.
    Ask { feature: usize, threshold: f64, left: usize },
    /// It answers.
    Answer(&'a [f64]),
}

/// Rows that go down together: their steps do not wait for each other.
const LANES: usize = 8;

impl Tree {
    /// Adds what the tree answers to each row, in this unit, to its place in `sums`. Rows are row-major.
    pub(super) fn add_answers(&self, rows: &[f64], n_features: usize, unit: f64, sums: &mut [f64]) {
        let (n_outputs, together) = (self.n_outputs, LANES * n_features.max(1));
        for (rows, sums) in rows.chunks(together).zip(sums.chunks_mut(LANES * n_outputs)) {
            let leaves = self.descend(rows, n_features);
            for (leaf, sums) in leaves.into_iter().zip(sums.chunks_exact_mut(n_outputs)) {
                let answers = &self.answers[leaf * n_outputs..(leaf + 1) * n_outputs];
                sums.iter_mut().zip(answers).for_each(|(sum, answer)| *sum += answer * unit);
            }
        }
    }

    /// The leaf of each of at most eight rows; of rows that are not there any.
    fn descend(&self, rows: &[f64], n_features: usize) -> [usize; LANES] {
        let last = (rows.len() / n_features.max(1)).saturating_sub(1);
        let starts: [usize; LANES] = std::array::from_fn(|lane| lane.min(last) * n_features);
        let mut places = [0; LANES];
        loop {
            let mut moved = 0;
            for (place, start) in places.iter_mut().zip(starts) {
                let node = &self.nodes[*place as usize];
                let next = node.left + u32::from(rows[start + node.feature as usize] > node.threshold);
                moved |= next ^ *place;
                *place = next;
            }
            if moved == 0 {
                return places.map(|place| self.leaves[place as usize] as usize);
            }
        }
    }

    /// A tree of the same nodes, each leaf of which answers what `make` makes of its answers: as many numbers.
    pub(super) fn answering(self, make: impl Fn(&[f64], &mut Vec<f64>)) -> Self {
        let mut answers = Vec::with_capacity(self.answers.len());
        self.answers.chunks_exact(self.n_outputs.max(1)).for_each(|own| make(own, &mut answers));
        Self { answers, ..self }
    }

    /// What it holds.
    pub(super) fn bytes(&self) -> usize {
        let numbers = self.answers.len() + self.shares.len();
        size_of::<Self>() + self.nodes.len() * (size_of::<Node>() + size_of::<u32>()) + numbers * size_of::<f64>()
    }

    pub(super) fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// Where a node leads, from node 0 on.
    pub(super) fn step(&self, node: usize) -> Step<'_> {
        match self.nodes[node] {
            Node { left, .. } if left as usize == node => {
                let leaf = self.leaves[node] as usize;
                Step::Answer(&self.answers[leaf * self.n_outputs..(leaf + 1) * self.n_outputs])
            }
            Node { feature, threshold, left } => {
                Step::Ask { feature: feature as usize, threshold, left: left as usize }
            }
        }
    }

    /// What share of the rows that the tree was grown on came through each node, by weight.
    pub(super) fn cover(&self) -> Vec<f64> {
        let mut cover = vec![0.0; self.nodes.len()];
        for (own, node) in self.nodes.iter().enumerate().rev() {
            let left = node.left as usize;
            cover[own] = match left == own {
                true => self.shares[self.leaves[own] as usize],
                false => cover[left] + cover[left + 1],
            };
        }
        cover
    }

    /// What share of the rows each leaf was grown on, in the order of nodes.
    pub(super) fn shares(&self) -> &[f64] {
        &self.shares
    }

    /// Of each node column, threshold and left child; zeros of leaves.
    pub(super) fn nodes(&self) -> impl Iterator<Item = [f64; 3]> {
        self.nodes.iter().zip(0..).map(|(node, own)| {
            if node.left == own { [0.0; 3] } else { [node.feature.into(), node.threshold, node.left.into()] }
        })
    }

    /// The nodes as an export writes them.
    pub(super) fn traced(&self) -> Nodes {
        let node = |number| match self.step(number) {
            Step::Ask { feature, threshold, left } => Leaf::Ask { feature, threshold, children: [left, left + 1] },
            Step::Answer(_) => Leaf::End,
        };
        (0..self.n_nodes()).map(node).collect()
    }

    /// What the leaves answer, in the order of nodes.
    pub(super) fn answers(&self) -> &[f64] {
        &self.answers
    }

    /// The tree of these nodes; `take` takes what as many leaves answer, and their shares of the rows.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::error::Error::Damaged) if they are no tree over `n_features` columns.
    pub(super) fn load(
        nodes: &[[f64; 3]],
        n_features: usize,
        n_outputs: usize,
        take: impl FnOnce(usize) -> Result<(Vec<f64>, Vec<f64>)>,
    ) -> Result<Self> {
        let (mut leaves, mut n_leaves) = (Vec::with_capacity(nodes.len()), 0);
        let node = |(own, node): (usize, &[f64; 3])| {
            if *node == [0.0; 3] {
                leaves.push(n_leaves);
                n_leaves += 1;
                return Ok(Node { threshold: f64::INFINITY, feature: 0, left: own as u32 });
            }
            let [feature, threshold, left] = *node;
            let left = whole(left).filter(|left| *left > own && *left + 1 < nodes.len());
            let left = left.ok_or_else(|| damaged(format!("node {own} of a tree has no children behind it")))?;
            let feature = whole(feature).filter(|feature| *feature < n_features);
            let feature = feature.ok_or_else(|| damaged(format!("node {own} of a tree looks at no column")))?;
            leaves.push(0);
            Ok(Node { threshold, feature: feature as u32, left: left as u32 })
        };
        let nodes: Vec<Node> = nodes.iter().enumerate().map(node).collect::<Result<_>>()?;
        if nodes.len() + 1 != 2 * n_leaves as usize {
            return Err(damaged("a tree has not one leaf more than other nodes"));
        }
        let (answers, shares) = take(n_leaves as usize)?;
        Ok(Self { nodes, leaves, answers, n_outputs, shares })
    }
}

/// The whole number that this is.
pub(super) fn whole(number: f64) -> Option<usize> {
    (number >= 0.0 && number < f64::from(u32::MAX) && number.fract() == 0.0).then_some(number as usize)
}

/// A tree that is growing: its leaves are found in any order.
#[derive(Debug)]
pub(super) struct Seedling {
    nodes: Vec<Node>,
    /// Of each node that is a leaf its place in `answers`.
    leaves: Vec<u32>,
    answers: Vec<f64>,
    n_outputs: usize,
    /// Of each place in `answers`.
    weights: Vec<i64>,
}

impl Seedling {
    /// A root.
    pub(super) fn new(n_outputs: usize) -> Self {
        let mut seedling = Self { nodes: vec![], leaves: vec![], answers: vec![], n_outputs, weights: vec![] };
        seedling.push();
        seedling
    }

    fn push(&mut self) {
        self.nodes.push(Node { threshold: f64::INFINITY, feature: 0, left: self.nodes.len() as u32 });
        self.leaves.push(0);
    }

    /// Gives a node two children; answers the number of the left one.
    pub(super) fn split(&mut self, node: u32, column: usize, threshold: f64) -> u32 {
        let left = self.nodes.len() as u32;
        self.nodes[node as usize] = Node { threshold, feature: column as u32, left };
        self.push();
        self.push();
        left
    }

    /// Makes a node a leaf of rows of this weight; `answer` appends what it answers.
    pub(super) fn leaf(&mut self, node: u32, weight: i64, answer: impl FnOnce(&mut Vec<f64>)) {
        self.leaves[node as usize] = self.weights.len() as u32;
        self.weights.push(weight);
        answer(&mut self.answers);
    }

    /// The tree, once all nodes are split or leaves.
    pub(super) fn grown(self) -> Tree {
        let Self { nodes, mut leaves, answers, n_outputs, weights } = self;
        let (mut ordered, mut shares) = (Vec::with_capacity(answers.len()), Vec::with_capacity(weights.len()));
        let all = weights.iter().sum::<i64>() as f64;
        for ((own, node), leaf) in (0..).zip(&nodes).zip(&mut leaves) {
            if node.left == own {
                let place = *leaf as usize * n_outputs;
                let weight = weights[*leaf as usize];
                *leaf = shares.len() as u32;
                shares.push(weight as f64 / all);
                ordered.extend_from_slice(&answers[place..place + n_outputs]);
            }
        }
        let (nodes, leaves) = (nodes.into_boxed_slice().into_vec(), leaves.into_boxed_slice().into_vec());
        Tree { nodes, leaves, answers: ordered, n_outputs, shares }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `x0 <= 1` answers 10; else `x1 <= 2` answers 20, or 30.
    fn tree() -> Tree {
        let mut seedling = Seedling::new(1);
        let left = seedling.split(0, 0, 1.0);
        let below = seedling.split(left + 1, 1, 2.0);
        for (node, answer, weight) in [(below + 1, 30.0, 1), (left, 10.0, 4), (below, 20.0, 3)] {
            seedling.leaf(node, weight, |answers| answers.push(answer));
        }
        seedling.grown()
    }

    #[test]
    fn a_value_equal_to_the_threshold_goes_left() {
        let rows = [1.0, 9.0, 1.0 + 1e-15, 2.0, 1.5, 2.5, -1e300, 0.0];
        let mut sums = [0.5; 4];

        tree().add_answers(&rows, 2, 1.0, &mut sums);

        assert_eq!(sums, [10.5, 20.5, 30.5, 10.5]);
    }

    #[test]
    fn leaves_are_numbered_in_the_order_of_nodes() {
        let tree = tree();

        assert_eq!(tree.answers(), [10.0, 20.0, 30.0]);
        assert_eq!(tree.nodes().map(|node| node[2]).collect::<Vec<_>>(), [1.0, 0.0, 3.0, 0.0, 0.0]);
    }

    #[test]
    fn nodes_and_answers_make_the_same_tree_again() {
        let nodes: Vec<[f64; 3]> = tree().nodes().collect();

        let again = Tree::load(&nodes, 2, 1, |_| Ok((vec![10.0, 20.0, 30.0], vec![0.5, 0.375, 0.125])));

        assert_eq!(again.unwrap(), tree());
    }

    #[test]
    fn a_child_before_its_parent_is_refused() {
        let circle = [[0.0, 1.0, 1.0], [1.0, 2.0, 1.0], [0.0; 3]];

        assert!(Tree::load(&circle, 2, 1, |n_leaves| Ok((vec![0.0; n_leaves], vec![0.5; n_leaves]))).is_err());
    }

    #[test]
    fn as_many_rows_come_through_a_node_as_through_its_children() {
        assert_eq!(tree().cover(), [1.0, 0.5, 0.5, 0.375, 0.125]);
    }
}
