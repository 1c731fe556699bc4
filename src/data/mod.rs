//! Tables and matrices that are checked once, when they are made, and then trusted.

mod column;
mod name;
mod packed;
mod page;
mod table;

pub use column::{Column, ColumnSchema, ColumnType, Labels, Values};
pub use name::{Name, Reference, Selector};
pub use packed::{ElementType, PackedMatrix};
pub use page::{MAX_PAGE, Page};
pub use table::Table;

use ndarray::Array2;

/// Rows for a model, as a caller sent them; the model's schema decides what they mean.
#[derive(Clone, Debug)]
pub enum Features {
    /// `(n_samples, n_features)`, columns by position.
    Matrix(Array2<f64>),
    /// The same, as it travels.
    Packed(PackedMatrix),
    /// Columns by name.
    Table(Table),
}

impl Features {
    /// How many rows there are.
    pub fn n_rows(&self) -> usize {
        match self {
            Self::Matrix(matrix) => matrix.nrows(),
            Self::Packed(matrix) => matrix.n_rows(),
            Self::Table(table) => table.n_rows(),
        }
    }
}
