//! The rows that are nearest to a row, among rows that a model keeps.
//!
//! The search is exact: distances are computed in f64 by differences, and of rows at the same distance those of lower
//! numbers are the nearer ones. So what is found depends on nothing else, neither on the way there nor on the rows that
//! are asked about together. The ways are a [`tree`] for rows of a few columns, and all rows otherwise: tile by tile,
//! and for Euclidean distances with [`lower_bounds`] that leave most of them out.

mod metric;
mod nearest;
mod within;

mod lower_bounds;
mod tree;

#[cfg(test)]
mod tests;

pub(super) use metric::Metric;
pub(super) use nearest::Neighbour;

use self::lower_bounds::{Asked, Tile};
use self::nearest::{Keeps, Nearest};
use self::tree::Tree;
use super::kernels::Panels;
use super::samples::Samples;
use ndarray::{Array2, ArrayView2};

/// Rows of more columns are near to no box in particular.
const MOST_TREE_COLUMNS: usize = 15;
/// With more than these, bounds of many rows are sooner known than the boxes that each is near to.
const MOST_TREE_COLUMNS_OF_BATCHES: usize = 9;
/// Fewer rows are looked at sooner than a tree.
const FEWEST_TREE_ROWS: usize = 256;
/// Numbers of a tile, and its rows, at most: it stays in a cache.
const TILE: usize = 1 << 16;
const TILE_ROWS: usize = 1_024;
/// Rows that go through a tile side by side; fewer than these are not worth its preparation.
const BLOCK: usize = 128;
const FEW: usize = 8;
/// Rows that are asked about together, and neighbours that are kept for them: a model's answer takes little memory.
const GROUP_ROWS: usize = 2_048;
const GROUP_KEPT: usize = 1 << 17;
/// Brackets that are looked at in one breath.
const STRIDE: usize = 32;

/// Rows that a model keeps.
#[derive(Debug)]
pub(super) struct Neighbours {
    metric: Metric,
    width: usize,
    /// In their order, or in that of the tree.
    samples: Samples,
    tree: Option<Tree>,
    /// Of all rows, if they were prepared; else each search makes its own.
    tiles: Vec<Tile>,
}

impl Neighbours {
    /// At least one row and column. They are read when somebody asks for neighbours, if they have not been read before.
    pub(super) fn new(samples: Samples, metric: Metric) -> Self {
        let width = samples.n_features();
        let has_tree = width <= MOST_TREE_COLUMNS && samples.n_rows() >= FEWEST_TREE_ROWS;
        if !has_tree {
            return Self { metric, width, samples, tree: None, tiles: vec![] };
        }
        let (tree, rows) = Tree::new(samples.values(), width);
        Self { metric, width, samples: Samples::of_rows(rows, width), tree: Some(tree), tiles: vec![] }
    }

    /// The same for whoever asks about many rows, again and again some of them: what all searches need is made once. It takes
    /// half as much memory as the rows.
    #[must_use]
    pub(super) fn prepared(self) -> Self {
        let has_bounds = self.metric == Metric::Euclidean && self.tree.as_ref().is_none_or(|_| !self.has_narrow_tree());
        if !has_bounds {
            return self;
        }
        let tiles = self.rows().chunks(self.tile_rows() * self.width).map(|rows| Tile::new(rows, self.width)).collect();
        Self { tiles, ..self }
    }

    /// Whether boxes are near to few rows also where many are asked about.
    fn has_narrow_tree(&self) -> bool {
        self.width <= MOST_TREE_COLUMNS_OF_BATCHES
    }

    fn tile_rows(&self) -> usize {
        (TILE / self.width).clamp(1, TILE_ROWS)
    }

    fn rows(&self) -> &[f64] {
        self.samples.values()
    }

    /// The rows in their order.
    pub(super) fn to_array(&self) -> Array2<f64> {
        let mut rows = Array2::zeros((self.samples.n_rows(), self.width));
        for (position, row) in self.rows().chunks_exact(self.width).enumerate() {
            rows.row_mut(self.number(position)).iter_mut().zip(row).for_each(|(place, x)| *place = *x);
        }
        rows
    }

    /// Calls `each` with the `most` nearest of each row, the nearest first; with all if there are no more.
    pub(super) fn for_each(&self, rows: &[f64], most: usize, mut each: impl FnMut(&[Neighbour])) {
        let group = (GROUP_KEPT / most.max(1)).clamp(FEW, GROUP_ROWS);
        let mut nearest = vec![Nearest::new(most); group.min(rows.len() / self.width)];
        for rows in rows.chunks(group * self.width) {
            self.search(rows, &mut nearest);
            for nearest in nearest.iter_mut().take(rows.len() / self.width) {
                let mut found = nearest.take();
                found.iter_mut().for_each(|it| it.distance = self.metric.distance(it.distance));
                each(&found);
            }
        }
    }

    fn search(&self, rows: &[f64], nearest: &mut [impl Keeps]) {
        let own = || rows.chunks_exact(self.width);
        let bounded = self.metric == Metric::Euclidean && own().len() >= FEW;
        let by_tree = self.has_narrow_tree() || !bounded;
        if let Some(tree) = self.tree.as_ref().filter(|_| by_tree) {
            own().zip(nearest).for_each(|(row, nearest)| tree.search(self.metric, self.rows(), row, nearest));
            return;
        }
        let tile_rows = self.tile_rows();
        for (number, tile) in self.rows().chunks(tile_rows * self.width).enumerate() {
            let tile = Part { neighbours: self, rows: tile, first: number * tile_rows, tile: self.tiles.get(number) };
            match self.metric {
                _ if own().len() < FEW => {
                    own().zip(&mut *nearest).for_each(|(row, nearest)| tile.look_at_all(row, nearest));
                }
                Metric::Euclidean => tile.look_at_near(rows, nearest),
                Metric::Manhattan | Metric::Chebyshev => tile.look_at_blocks(rows, nearest),
            }
        }
    }

    fn number(&self, position: usize) -> usize {
        self.tree.as_ref().map_or(position, |tree| tree.number(position))
    }
}

/// Some of the rows.
struct Part<'a> {
    neighbours: &'a Neighbours,
    rows: &'a [f64],
    /// The position of the first one.
    first: usize,
    tile: Option<&'a Tile>,
}

impl Part<'_> {
    /// Offers all of them.
    fn look_at_all(&self, row: &[f64], nearest: &mut impl Keeps) {
        (0..self.rows.len() / self.neighbours.width).for_each(|at| {
            self.offer(row, at, nearest);
        });
    }

    /// Offers all of them to each row, several at a time.
    fn look_at_blocks(&self, rows: &[f64], nearest: &mut [impl Keeps]) {
        let Neighbours { width, metric, .. } = *self.neighbours;
        let n_own = self.rows.len() / width;
        let Ok(own) = ArrayView2::from_shape((n_own, width), self.rows) else { return };
        let panels = Panels::new(own.t());
        for (rows, nearest) in rows.chunks(BLOCK * width).zip(nearest.chunks_mut(BLOCK)) {
            let distances = metric.between_all(rows, &panels);
            for (distances, nearest) in distances.chunks_exact(n_own).zip(nearest) {
                for (at, distance) in distances.iter().enumerate() {
                    nearest.offer(Neighbour { distance: *distance, row: self.neighbours.number(self.first + at) });
                }
            }
        }
    }

    /// Offers those that are not too far from a row.
    fn look_at_near<K: Keeps>(&self, rows: &[f64], nearest: &mut [K]) {
        let width = self.neighbours.width;
        let (own, mut asked) = (self.tile.is_none().then(|| Tile::new(self.rows, width)), Asked::default());
        let Some(tile) = self.tile.or(own.as_ref()) else { return };
        for (rows, nearest) in rows.chunks(BLOCK * width).zip(nearest.chunks_mut(BLOCK)) {
            let own = rows.chunks_exact(width).zip(nearest);
            if !tile.is_of_use() {
                own.for_each(|(row, nearest)| self.look_at_all(row, nearest));
                continue;
            }
            tile.look_at(rows, &mut asked);
            for (number, (row, nearest)) in own.enumerate() {
                let limit = |nearest: &K| {
                    nearest.furthest().map_or(f32::INFINITY, |it| tile.limit(&asked, number, it.distance))
                };
                let mut most = limit(nearest);
                for (stride, brackets) in tile.brackets(&asked, number).chunks(STRIDE).enumerate() {
                    if least(brackets) > most {
                        continue;
                    }
                    for (at, bracket) in brackets.iter().enumerate() {
                        if *bracket <= most && self.offer(row, stride * STRIDE + at, nearest) {
                            most = limit(nearest);
                        }
                    }
                }
            }
        }
    }

    /// Says whether it is kept.
    fn offer(&self, row: &[f64], at: usize, nearest: &mut impl Keeps) -> bool {
        let width = self.neighbours.width;
        let distance = self.neighbours.metric.between(row, &self.rows[at * width..(at + 1) * width]);
        nearest.offer(Neighbour { distance, row: self.neighbours.number(self.first + at) })
    }
}

/// The least of some brackets, which are numbers.
fn least(brackets: &[f32]) -> f32 {
    let smaller = |one: f32, other: f32| if one < other { one } else { other };
    let (blocks, rest) = brackets.as_chunks::<8>();
    let mut least = [f32::INFINITY; 8];
    for block in blocks {
        least.iter_mut().zip(block).for_each(|(least, it)| *least = smaller(*least, *it));
    }
    least.into_iter().chain(rest.iter().copied()).fold(f32::INFINITY, smaller)
}
