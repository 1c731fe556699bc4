//! What the rows of a node sum to, bin by bin.
//!
//! G. Ke and others, "LightGBM: a highly efficient gradient boosting decision tree" (2017), section 2.1.

use super::bins::{Column, MOST_BINS};
use super::objective::{Label, Objective};

/// The cells of one column. Those that a few rows reach are remembered, so that a small node costs what its rows cost and not
/// what 256 bins do.
#[derive(Debug)]
pub(super) struct Scratch {
    cells: Vec<i64>,
    /// A bit for each bin that has a row.
    present: [u64; MOST_BINS / 64],
}

impl Scratch {
    pub(super) fn new(width: usize) -> Self {
        Self { cells: vec![0; MOST_BINS * width], present: [0; MOST_BINS / 64] }
    }

    /// Hands over each bin that has a row, ascending, with its cell; all are empty again afterwards.
    pub(super) fn visit<O: Objective>(
        &mut self,
        objective: &O,
        (rows, labels): (&[u32], &[Label]),
        column: &Column,
        mut each: impl FnMut(usize, &[i64]),
    ) {
        let (width, bins) = (objective.width(), &column.bins[..]);
        for (row, label) in rows.iter().zip(labels) {
            let bin = usize::from(bins[*row as usize]);
            self.present[bin / 64] |= 1 << (bin % 64);
            objective.add(&mut self.cells[bin * width..(bin + 1) * width], *label);
        }
        for (word, present) in self.present.iter_mut().enumerate() {
            while *present != 0 {
                let bin = word * 64 + present.trailing_zeros() as usize;
                *present &= *present - 1;
                let cell = &mut self.cells[bin * width..(bin + 1) * width];
                each(bin, cell);
                cell.fill(0);
            }
        }
    }
}

/// The cells of all columns, one column after the other.
#[derive(Debug)]
pub(super) struct Histogram(Vec<i64>);

impl Histogram {
    /// Of a node whose rows are `(rows, labels)`; `ask` is asked between columns.
    pub(super) fn of<O: Objective>(
        objective: &O,
        (rows, labels): (&[u32], &[Label]),
        columns: &[Column],
        mut ask: impl FnMut(usize) -> crate::error::Result<()>,
    ) -> crate::error::Result<Self> {
        let width = objective.width();
        let mut all = vec![0; columns.iter().map(Column::n_bins).sum::<usize>() * width];
        let mut rest = &mut all[..];
        for column in columns {
            let (cells, others) = rest.split_at_mut(column.n_bins() * width);
            for (row, label) in rows.iter().zip(labels) {
                let bin = usize::from(column.bins[*row as usize]);
                objective.add(&mut cells[bin * width..(bin + 1) * width], *label);
            }
            ask(rows.len())?;
            rest = others;
        }
        Ok(Self(all))
    }

    /// What is left without some of the rows: exact, because cells are whole numbers.
    #[must_use]
    pub(super) fn without(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(&other.0).for_each(|(all, part)| *all -= part);
        self
    }

    /// The cells of each column in turn.
    pub(super) fn by_column<'a>(&'a self, columns: &'a [Column], width: usize) -> impl Iterator<Item = &'a [i64]> {
        columns.iter().scan(&self.0[..], move |rest, column| {
            let (cells, others) = rest.split_at(column.n_bins() * width);
            *rest = others;
            Some(cells)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Targets;
    use crate::model::tests::trained;
    use crate::model::trees::objective::Means;
    use ndarray::Array2;

    #[test]
    fn one_column_all_columns_and_a_difference_come_to_the_same_sums() {
        let features = Array2::from_shape_fn((400, 2), |(row, column)| (row * (column + 3) % 90) as f64);
        let columns = trained(&features, &Targets::None, |it| Column::all_of(it, &|_| Ok(()))).unwrap();
        let means = Means { values: &[] };
        let rows: Vec<u32> = (0..400).collect();
        let labels: Vec<Label> = (0..400).map(|row| Label { weight: 1 + row % 3, part: row * row - 900 }).collect();
        let of = |from: usize, to: usize| {
            Histogram::of(&means, (&rows[from..to], &labels[from..to]), &columns, |_| Ok(())).unwrap()
        };

        let difference = of(0, 400).without(&of(0, 300));

        let (all, width, mut scratch) = (of(300, 400), 3, Scratch::new(3));
        assert_eq!(difference.0, all.0);
        for (column, expected) in columns.iter().zip(all.by_column(&columns, width)) {
            let mut cells = vec![0; expected.len()];
            scratch.visit(&means, (&rows[300..], &labels[300..]), column, |bin, cell| {
                cells[bin * width..(bin + 1) * width].copy_from_slice(cell);
            });
            assert_eq!(cells, expected);
        }
        assert!(scratch.cells.iter().all(|it| *it == 0));
    }
}
