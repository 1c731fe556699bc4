//! A matrix as it travels.

use bytes::Bytes;
use ndarray::Array2;
use std::ops::Range;

/// What the numbers of a packed matrix are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementType {
    /// A byte: 0 is false, all else is true.
    Bool,
    /// Signed, 32 bits.
    I32,
    /// Signed, 64 bits.
    I64,
    /// IEEE 754, 32 bits.
    F32,
    /// IEEE 754, 64 bits.
    F64,
}

impl ElementType {
    /// Bytes of a number.
    pub fn size(self) -> usize {
        match self {
            Self::Bool => 1,
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }

    /// Every number as f64; what is left after the last whole one is left out. Whole numbers beyond 2^53 are rounded.
    pub fn to_f64(self, bytes: &[u8]) -> Vec<f64> {
        match self {
            Self::F64 => each(bytes, f64::from_le_bytes),
            Self::F32 => each(bytes, |bytes| f64::from(f32::from_le_bytes(bytes))),
            Self::I32 => each(bytes, |bytes| f64::from(i32::from_le_bytes(bytes))),
            #[allow(clippy::cast_precision_loss)] // Said above.
            Self::I64 => each(bytes, |bytes| i64::from_le_bytes(bytes) as f64),
            Self::Bool => bytes.iter().map(|byte| f64::from(u8::from(*byte != 0))).collect(),
        }
    }
}

/// In bulk: the compiler makes of it a copy of the whole.
fn each<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    bytes.as_chunks::<N>().0.iter().map(|bytes| read(*bytes)).collect()
}

/// `(n_samples, n_features)` in little-endian bytes, row-major, which are shared with the message that they came in: they become
/// numbers where these are computed with.
#[derive(Clone, Debug)]
pub struct PackedMatrix {
    element: ElementType,
    n_rows: usize,
    n_columns: usize,
    bytes: Bytes,
}

impl PackedMatrix {
    /// `None` if the bytes are more or fewer than so many rows and columns take, or there are more than any matrix can have.
    pub fn new(element: ElementType, [n_rows, n_columns]: [usize; 2], bytes: Bytes) -> Option<Self> {
        let expected = n_rows.checked_mul(n_columns)?.checked_mul(element.size())?;
        let is_matrix = isize::try_from(n_rows.max(n_columns)).is_ok();
        (expected == bytes.len() && is_matrix).then_some(Self { element, n_rows, n_columns, bytes })
    }

    /// How many rows there are.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// How many numbers a row has.
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// What its numbers are.
    pub fn element(&self) -> ElementType {
        self.element
    }

    /// Its numbers.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Some of its rows; copies nothing.
    ///
    /// # Panics
    /// If they are not all there.
    #[must_use]
    pub fn slice(&self, rows: Range<usize>) -> Self {
        assert!(rows.start <= rows.end && rows.end <= self.n_rows, "rows {rows:?} of {}", self.n_rows);
        let row_bytes = self.bytes.len() / self.n_rows.max(1);
        let bytes = self.bytes.slice(rows.start * row_bytes..rows.end * row_bytes);
        Self { n_rows: rows.len(), bytes, ..*self }
    }

    /// Its numbers as f64. Whole numbers beyond 2^53 are rounded.
    pub fn to_array(&self) -> Array2<f64> {
        Array2::from_shape_vec((self.n_rows, self.n_columns), self.element.to_f64(&self.bytes))
            .expect("the bytes were counted when the matrix was made")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn numbers_of_every_type_become_f64() {
        let matrix = |element, bytes: Vec<u8>| PackedMatrix::new(element, [1, 2], bytes.into()).unwrap().to_array();
        let i64s = [i64::MAX.to_le_bytes(), (-3_i64).to_le_bytes()].concat();
        let f32s = [0.1_f32.to_le_bytes(), f32::MIN.to_le_bytes()].concat();

        assert_eq!(matrix(ElementType::Bool, vec![0, 7]), array![[0.0, 1.0]]);
        assert_eq!(matrix(ElementType::I32, vec![255, 255, 255, 255, 2, 0, 0, 0]), array![[-1.0, 2.0]]);
        assert_eq!(matrix(ElementType::I64, i64s), array![[2f64.powi(63), -3.0]]);
        assert_eq!(matrix(ElementType::F32, f32s), array![[f64::from(0.1_f32), f64::from(f32::MIN)]]);
    }

    #[test]
    fn bytes_that_do_not_fit_the_shape_make_no_matrix() {
        let matrix = |shape, length| PackedMatrix::new(ElementType::F64, shape, vec![0; length].into());

        assert!(matrix([2, 3], 48).is_some() && matrix([0, 3], 0).is_some());
        assert!(matrix([2, 3], 47).is_none() && matrix([usize::MAX, 3], 24).is_none());
        assert!(matrix([usize::MAX, 0], 0).is_none());
    }

    #[test]
    fn matrices_without_numbers_have_rows_or_columns_all_the_same() {
        let most = isize::MAX as usize;
        let matrix = |shape| PackedMatrix::new(ElementType::F64, shape, Bytes::new()).unwrap();

        assert_eq!(matrix([most, 0]).to_array().dim(), (most, 0));
        assert_eq!(matrix([most, 0]).slice(5..7).to_array().dim(), (2, 0));
        assert_eq!(matrix([0, most]).slice(0..0).to_array().dim(), (0, most));
    }

    #[test]
    fn some_rows_are_those_rows() {
        let bytes: Vec<u8> = (0..6).flat_map(|number| f64::from(number).to_le_bytes()).collect();
        let matrix = PackedMatrix::new(ElementType::F64, [3, 2], bytes.into()).unwrap();

        assert_eq!(matrix.slice(1..3).to_array(), array![[2.0, 3.0], [4.0, 5.0]]);
        assert_eq!(matrix.slice(3..3).to_array().dim(), (0, 2));
        assert_eq!(matrix.to_array().dim(), (3, 2));
    }
}
