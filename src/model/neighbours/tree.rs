//! A tree of boxes, for rows of a few columns.

use super::Metric;
use super::nearest::{Keeps, Neighbour};
use std::ops::Range;

/// Rows of a leaf at most, unless they are all the same.
const LEAF: usize = 24;

/// Splits rows at the median of the column in which they vary most, again and again.
///
/// J. L. Bentley, "Multidimensional binary search trees used for associative searching" (1975),
/// doi:10.1145/361002.361007, with the smallest box around the rows of each node, as in S. M. Omohundro, "Five balltree
/// construction algorithms" (1989). A node is left out only if its box is further than the furthest that is kept, as
/// computed: what is found is what looking at all rows finds.
#[derive(Debug)]
pub(super) struct Tree {
    width: usize,
    /// The numbers of the rows, in the order of the leaves.
    numbers: Vec<usize>,
    /// Each node before its descendants; the first child follows its parent.
    nodes: Vec<Node>,
    /// Of each node the least and then the largest number of each column.
    boxes: Vec<f64>,
}

#[derive(Debug)]
struct Node {
    /// Positions in the order of the leaves.
    rows: Range<usize>,
    /// The lowest number of its rows.
    first: usize,
    /// The second child; `None` for a leaf.
    second: Option<usize>,
}

impl Tree {
    /// Over these rows, at least one, with the same rows in the order of the leaves.
    pub(super) fn new(rows: &[f64], width: usize) -> (Self, Vec<f64>) {
        let numbers: Vec<usize> = (0..rows.len() / width).collect();
        let all = 0..numbers.len();
        let mut tree = Self { width, numbers, nodes: vec![], boxes: vec![] };
        tree.grow(rows, all);
        let ordered = tree.numbers.iter().flat_map(|number| &rows[number * width..(number + 1) * width]);
        let ordered = ordered.copied().collect();
        (tree, ordered)
    }

    /// The number of the row at a position in the order of the leaves.
    pub(super) fn number(&self, position: usize) -> usize {
        self.numbers[position]
    }

    /// Adds the node of some rows and its descendants.
    fn grow(&mut self, table: &[f64], rows: Range<usize>) {
        let (own, width) = (self.nodes.len(), self.width);
        let (mut least, mut most) = (vec![f64::INFINITY; width], vec![f64::NEG_INFINITY; width]);
        for number in &self.numbers[rows.clone()] {
            let sides = least.iter_mut().zip(&mut most).zip(&table[number * width..]);
            sides.for_each(|((least, most), x)| (*least, *most) = (least.min(*x), most.max(*x)));
        }
        let first = self.numbers[rows.clone()].iter().copied().min().unwrap_or(0);
        let extents = least.iter().zip(&most).map(|(least, most)| most - least).enumerate();
        let widest = extents.reduce(|widest, it| if it.1 > widest.1 { it } else { widest });
        self.boxes.extend(least.into_iter().chain(most));
        self.nodes.push(Node { rows: rows.clone(), first, second: None });
        if let Some((column, _)) = widest.filter(|(_, extent)| rows.len() > LEAF && *extent > 0.0) {
            let middle = rows.len() / 2;
            let value = |number: usize| table[number * width + column];
            self.numbers[rows.clone()].select_nth_unstable_by(middle, |one, other| {
                value(*one).total_cmp(&value(*other)).then(one.cmp(other))
            });
            self.grow(table, rows.start..rows.start + middle);
            self.nodes[own].second = Some(self.nodes.len());
            self.grow(table, rows.start + middle..rows.end);
        }
    }

    /// Offers all rows that may be kept; `ordered` are the rows in the order of the leaves.
    pub(super) fn search(&self, metric: Metric, ordered: &[f64], row: &[f64], nearest: &mut impl Keeps) {
        self.visit(&Search { metric, ordered, row }, (0, self.distance(0, metric, row)), nearest);
    }

    fn visit(&self, search: &Search<'_>, (node, distance): (usize, f64), nearest: &mut impl Keeps) {
        let Node { rows, first, second } = &self.nodes[node];
        if nearest.furthest().is_some_and(|furthest| furthest < Neighbour { distance, row: *first }) {
            return;
        }
        let Some(second) = *second else {
            let own = &search.ordered[rows.start * self.width..rows.end * self.width];
            for (other, number) in own.chunks_exact(self.width).zip(&self.numbers[rows.clone()]) {
                nearest.offer(Neighbour { distance: search.metric.between(search.row, other), row: *number });
            }
            return;
        };
        let children = [node + 1, second].map(|child| (child, self.distance(child, search.metric, search.row)));
        let nearer = usize::from(children[1].1 < children[0].1);
        self.visit(search, children[nearer], nearest);
        self.visit(search, children[1 - nearer], nearest);
    }

    /// How far the box of a node is.
    fn distance(&self, node: usize, metric: Metric, row: &[f64]) -> f64 {
        let sides = &self.boxes[2 * self.width * node..2 * self.width * (node + 1)];
        metric.to_box(row, sides.split_at(self.width))
    }
}

struct Search<'a> {
    metric: Metric,
    ordered: &'a [f64],
    row: &'a [f64],
}
