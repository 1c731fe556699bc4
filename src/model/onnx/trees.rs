//! Trees as one operator.
//!
//! `TreeEnsemble` gives a leaf one number, and a leaf of classes has many. So each tree answers the number of its leaf among those
//! of all trees, which a double holds exactly, and what the leaves answer is looked up.

use super::graph::{Attribute, Edge, Graph};
use ndarray::ArrayView2;

/// Where a node leads.
pub(in crate::model) enum Leaf {
    /// Values up to the threshold go to the first node of the two, others to the second.
    Ask {
        /// Among the columns of the rows.
        feature: usize,
        /// Compared as f64.
        threshold: f64,
        /// Node or leaf, by its number within the tree.
        children: [usize; 2],
    },
    /// It ends.
    End,
}

/// The nodes of a tree, the root first; leaves are numbered in their order, from tree to tree.
pub(in crate::model) type Nodes = Vec<Leaf>;

/// The attributes of the operator while they are gathered.
#[derive(Default)]
struct Attributes {
    roots: Vec<i64>,
    features: Vec<i64>,
    thresholds: Vec<f64>,
    /// Of each node where values up to the threshold go, and where the others go: to a node or leaf, and whether it is a leaf.
    children: [Vec<i64>; 2],
    ends: [Vec<i64>; 2],
    /// Of each leaf its tree.
    trees: Vec<i64>,
}

impl Attributes {
    /// Adds a tree; a root that is a leaf is asked for a column all the same, and both answers lead to it.
    fn add(&mut self, tree: &Nodes) {
        let (number, first) = (self.roots.len() as i64, self.features.len() as i64);
        self.roots.push(first);
        // Nodes that ask, and leaves, each have numbers of their own.
        let (mut asks, mut ends) = (first, self.trees.len() as i64);
        let numbers: Vec<(i64, bool)> = tree
            .iter()
            .map(|leaf| {
                let (next, ends) = if matches!(leaf, Leaf::End) { (&mut ends, true) } else { (&mut asks, false) };
                *next += 1;
                (*next - 1, ends)
            })
            .collect();
        for leaf in tree {
            match leaf {
                Leaf::Ask { feature, threshold, children } => {
                    self.ask(*feature, *threshold, children.map(|child| numbers[child]));
                }
                Leaf::End => self.trees.push(number),
            }
        }
        if let [Leaf::End] = tree[..] {
            self.ask(0, 0.0, [numbers[0]; 2]);
        }
    }

    fn ask(&mut self, feature: usize, threshold: f64, children: [(i64, bool); 2]) {
        self.features.push(feature as i64);
        self.thresholds.push(threshold);
        for (side, (number, ends)) in children.into_iter().enumerate() {
            self.children[side].push(number);
            self.ends[side].push(i64::from(ends));
        }
    }
}

impl Graph {
    /// The sum over trees of what their leaves answer, `(rows, outputs)`; `answers` has a row for each leaf.
    pub(in crate::model) fn forest(
        &mut self,
        features: &Edge,
        trees: impl Iterator<Item = Nodes>,
        answers: ArrayView2<'_, f64>,
    ) -> Edge {
        let mut all = Attributes::default();
        trees.for_each(|tree| all.add(&tree));
        let numbers: Vec<f64> = (0..all.trees.len()).map(|leaf| leaf as f64).collect();
        let modes = vec![UP_TO; all.features.len()];
        let leaves = self.trees(
            features,
            &[
                ("n_targets", Attribute::Integer(all.roots.len() as i64)),
                ("aggregate_function", Attribute::Integer(SUM)),
                ("post_transform", Attribute::Integer(NONE)),
                ("tree_roots", Attribute::Integers(&all.roots)),
                ("nodes_featureids", Attribute::Integers(&all.features)),
                ("nodes_splits", Attribute::Doubles(&all.thresholds)),
                ("nodes_modes", Attribute::Bytes(&modes)),
                ("nodes_truenodeids", Attribute::Integers(&all.children[0])),
                ("nodes_falsenodeids", Attribute::Integers(&all.children[1])),
                ("nodes_trueleafs", Attribute::Integers(&all.ends[0])),
                ("nodes_falseleafs", Attribute::Integers(&all.ends[1])),
                ("leaf_targetids", Attribute::Integers(&all.trees)),
                ("leaf_weights", Attribute::Doubles(&numbers)),
            ],
        );
        let (leaves, answers) = (self.whole(&leaves), self.array(&answers));
        let answers = self.along("Gather", 0, &[&answers, &leaves]);
        self.summed(1, &answers)
    }
}

/// `BRANCH_LEQ`: values up to the threshold are true.
const UP_TO: u8 = 0;
/// What the leaves of one target come to: there is one of each tree.
const SUM: i64 = 1;
/// The numbers are answered as they are.
const NONE: i64 = 0;
