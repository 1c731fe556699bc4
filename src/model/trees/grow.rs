//! A tree from binned columns: node by node the best split, as long as there is one.

use super::bins::Column;
use super::chance::Chance;
use super::flat::{Seedling, Tree};
use super::histogram::{Histogram, Scratch};
use super::objective::{Label, Objective, Outlook};
use super::parameters::Limits;
use super::split::{Search, Split};
use crate::error::Result;
use crate::model::crew::Ask;
use std::ops::Range;

/// A node of as many rows keeps its sums, so that those of its larger child are a difference.
const WORTH_A_HISTOGRAM: usize = 1_024;
/// Sums of a histogram at most: some of them are kept at a time, and cells of many classes are wide.
const LARGEST_HISTOGRAM: usize = 1 << 19;
/// Rows looked at, once for each column, between two looks whether to go on.
const STRIDE: usize = 1 << 22;

/// A node that is not yet a leaf or split.
struct Open {
    node: u32,
    /// Its place among the rows.
    range: Range<usize>,
    /// Of its rows together, in units.
    weight: i64,
    depth: usize,
    /// What its labels were scaled to, see [`Objective::look`].
    span: f64,
    histogram: Option<Histogram>,
}

/// Grows a tree on the rows whose weight, in units, is above 0.
///
/// # Errors
/// What `ask` answers; it is asked often enough to stop within a second.
pub(super) fn grow<O: Objective>(
    columns: &[Column],
    objective: &O,
    weights: &[i64],
    limits: &Limits,
    chance: Chance,
    ask: &Ask<'_>,
) -> Result<Tree> {
    let rows: Vec<u32> = (0..).zip(weights).filter(|(_, weight)| **weight > 0).map(|(row, _)| row).collect();
    let labels: Vec<Label> = rows.iter().map(|row| objective.label(*row as usize, weights[*row as usize])).collect();
    let n_sums = columns.iter().map(Column::n_bins).sum::<usize>() * objective.width();
    let max_features = limits.max_features.of(columns.len());
    let root = Open {
        node: 0,
        range: 0..rows.len(),
        weight: labels.iter().map(|label| label.weight).sum(),
        depth: 0,
        span: f64::INFINITY,
        histogram: None,
    };
    let mut open = vec![root];
    let mut growth = Growth {
        columns,
        objective,
        limits,
        max_features,
        chance,
        keeps_histograms: max_features >= columns.len() && n_sums <= LARGEST_HISTOGRAM,
        spare: (vec![0; rows.len()], vec![Label::default(); rows.len()]),
        rows,
        labels,
        order: (0..columns.len()).collect(),
        scratch: Scratch::new(objective.width()),
        search: Search::new(objective.width(), limits.min_samples_leaf),
        seedling: Seedling::new(objective.n_outputs()),
        clock: Clock { ask, looked_at: 0 },
    };
    while let Some(mut node) = open.pop() {
        match growth.split(&mut node)? {
            None => growth.leaf(&node),
            Some(split) => open.extend(growth.divide(node, split)?),
        }
    }
    Ok(growth.seedling.grown())
}

/// Asks once in a while.
struct Clock<'a> {
    ask: &'a Ask<'a>,
    looked_at: usize,
}

impl Clock<'_> {
    fn passes(&mut self, rows: usize) -> Result<()> {
        self.looked_at += rows;
        if self.looked_at >= STRIDE {
            self.looked_at = 0;
            (self.ask)()?;
        }
        Ok(())
    }
}

struct Growth<'a, O> {
    columns: &'a [Column],
    objective: &'a O,
    limits: &'a Limits,
    /// Columns that a node looks at.
    max_features: usize,
    chance: Chance,
    keeps_histograms: bool,
    /// Those of a node stand together, in ascending order.
    rows: Vec<u32>,
    /// Of each of `rows`.
    labels: Vec<Label>,
    /// Where the rows of a right child wait for their place.
    spare: (Vec<u32>, Vec<Label>),
    /// All columns, shuffled anew from node to node.
    order: Vec<usize>,
    scratch: Scratch,
    search: Search,
    seedling: Seedling,
    clock: Clock<'a>,
}

impl<O: Objective> Growth<'_, O> {
    /// Where to part a node, if that is allowed and of use.
    fn split(&mut self, node: &mut Open) -> Result<Option<Split>> {
        let (n_rows, limits) = (node.range.len(), self.limits);
        let too_few = n_rows < limits.min_samples_split || n_rows / 2 < limits.min_samples_leaf;
        if node.depth >= limits.max_depth || too_few {
            return Ok(None);
        }
        let (rows, labels) = (&self.rows[node.range.clone()], &mut self.labels[node.range.clone()]);
        match self.objective.look(rows, labels, &mut node.span) {
            Outlook::Pure => return Ok(None),
            Outlook::Mixed => {}
            Outlook::Rescaled => node.histogram = None,
        }
        self.search.begin(|all| labels.iter().for_each(|label| self.objective.add(all, *label)));
        if self.keeps_histograms && n_rows >= WORTH_A_HISTOGRAM {
            self.search_histogram(node)?;
        } else {
            self.search_columns(node)?;
        }
        Ok(self.search.best())
    }

    /// Looks at all columns.
    fn search_histogram(&mut self, node: &mut Open) -> Result<()> {
        let histogram = match node.histogram.take() {
            Some(histogram) => histogram,
            None => self.histogram(node.range.clone())?,
        };
        let width = self.objective.width();
        for (column, cells) in histogram.by_column(self.columns, width).enumerate() {
            self.search.begin_column(column);
            for (bin, cell) in cells.chunks_exact(width).enumerate().filter(|(_, cell)| cell[0] > 0) {
                self.search.offer(self.objective, bin, cell);
            }
        }
        node.histogram = Some(histogram);
        Ok(())
    }

    fn histogram(&mut self, range: Range<usize>) -> Result<Histogram> {
        let rows = (&self.rows[range.clone()], &self.labels[range]);
        Histogram::of(self.objective, rows, self.columns, |rows| self.clock.passes(rows))
    }

    /// Looks at as many columns as it may, and at more as long as all are constant.
    fn search_columns(&mut self, node: &Open) -> Result<()> {
        let (n_columns, mut all_constant) = (self.columns.len(), true);
        for place in 0..n_columns {
            if place >= self.max_features && !all_constant {
                break;
            }
            if self.max_features < n_columns {
                self.order.swap(place, place + self.chance.column(node.node, place, n_columns - place));
            }
            let (column, objective, search) = (self.order[place], self.objective, &mut self.search);
            let rows = (&self.rows[node.range.clone()], &self.labels[node.range.clone()]);
            search.begin_column(column);
            self.scratch.visit(objective, rows, &self.columns[column], |bin, cell| search.offer(objective, bin, cell));
            all_constant &= search.was_constant();
            self.clock.passes(rows.0.len())?;
        }
        Ok(())
    }

    fn leaf(&mut self, node: &Open) {
        let (rows, labels) = (&self.rows[node.range.clone()], &self.labels[node.range.clone()]);
        self.seedling.leaf(node.node, node.weight, |answers| self.objective.answer(rows, labels, answers));
    }

    /// Both children, the one of less weight last, which is split next: so few are open at a time.
    fn divide(&mut self, node: Open, split: Split) -> Result<[Open; 2]> {
        let column = &self.columns[split.column];
        let left = self.seedling.split(node.node, split.column, column.threshold(split.low, split.high));
        let (n_left, weight) = self.part(node.range.clone(), &column.bins, split.low as u8);
        self.clock.passes(node.range.len())?;
        let middle = node.range.start + n_left;
        let child = |number: u32, range: Range<usize>, weight: i64| Open {
            node: number,
            range,
            weight,
            depth: node.depth + 1,
            span: node.span,
            histogram: None,
        };
        let mut heavy = child(left, node.range.start..middle, weight);
        let mut light = child(left + 1, middle..node.range.end, node.weight - weight);
        if heavy.weight < light.weight {
            (heavy, light) = (light, heavy);
        }
        if let Some(all) = node.histogram {
            self.hand_down(all, &mut heavy, &mut light)?;
        }
        Ok([heavy, light])
    }

    /// Gives the sums of a node to its children that will want them: counted for the one of fewer rows, the rest for the other.
    fn hand_down(&mut self, all: Histogram, one: &mut Open, other: &mut Open) -> Result<()> {
        let (large, small) = if one.range.len() < other.range.len() { (other, one) } else { (one, other) };
        if large.range.len() >= WORTH_A_HISTOGRAM {
            let part = self.histogram(small.range.clone())?;
            large.histogram = Some(all.without(&part));
            small.histogram = Some(part).filter(|_| small.range.len() >= WORTH_A_HISTOGRAM);
        }
        Ok(())
    }

    /// Brings the rows up to bin `low` to the front; answers how many they are, and their weight. Both sides stay in ascending
    /// order.
    fn part(&mut self, range: Range<usize>, bins: &[u8], low: u8) -> (usize, i64) {
        let (rows, labels) = (&mut self.rows[range.clone()], &mut self.labels[range]);
        let (spare_rows, spare_labels) = &mut self.spare;
        let (mut n_left, mut n_right, mut weight) = (0, 0, 0);
        for place in 0..rows.len() {
            let (row, label) = (rows[place], labels[place]);
            let goes_left = usize::from(bins[row as usize] <= low);
            // Both are written and one is kept: a branch would be guessed wrong half of the time.
            (rows[n_left], labels[n_left]) = (row, label);
            (spare_rows[n_right], spare_labels[n_right]) = (row, label);
            n_left += goes_left;
            weight += label.weight * goes_left as i64;
            n_right += 1 - goes_left;
        }
        rows[n_left..].copy_from_slice(&spare_rows[..n_right]);
        labels[n_left..].copy_from_slice(&spare_labels[..n_right]);
        (n_left, weight)
    }
}
