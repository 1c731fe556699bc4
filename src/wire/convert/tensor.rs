//! Tensors: little-endian bytes with a shape.

use crate::data::{ElementType, PackedMatrix};
use crate::error::{Error, Result};
use crate::wire::types::{DType, Tensor};
use arrow_array::{Array, BooleanArray, Float64Array, Int64Array};
use bytes::Bytes;
use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, ArrayView3};

const MAX_DIMENSIONS: usize = 8;

/// A tensor whose shape fits its bytes.
pub(super) struct Checked {
    pub(super) element: ElementType,
    /// As it was sent. No length is negative.
    pub(super) shape: Vec<i64>,
    /// It shares the bytes of the message.
    pub(super) data: Bytes,
}

/// Checks dtype, shape and length against each other; `what` names the tensor in an error.
///
/// # Errors
/// [`Error::InvalidArgument`] with the values that do not fit.
pub(super) fn checked(what: &str, tensor: Tensor) -> Result<Checked> {
    let dtype = tensor.dtype.unwrap_or(DType::DTYPE_UNSPECIFIED);
    let element = element_type(dtype).ok_or_else(|| {
        Error::invalid(format!("{what} has dtype {}; it takes BOOL, I32, I64, F32 or F64", i32::from(dtype)))
    })?;
    let size = element.size();
    let shape = tensor.shape.unwrap_or_default();
    if shape.len() > MAX_DIMENSIONS {
        return Err(Error::invalid(format!(
            "{what} has {} dimensions and at most {MAX_DIMENSIONS} are taken",
            shape.len()
        )));
    }
    let data = tensor.data.unwrap_or_default();
    let expected = shape.iter().try_fold(size, |bytes, length| bytes.checked_mul(usize::try_from(*length).ok()?));
    if expected == Some(data.len()) {
        return Ok(Checked { element, shape, data });
    }
    Err(Error::invalid(format!(
        "{what} has shape {shape:?} with elements of {size} bytes and {} bytes of data; shape times element size is the length of the data",
        data.len()
    )))
}

fn element_type(dtype: DType) -> Option<ElementType> {
    match dtype {
        DType::BOOL => Some(ElementType::Bool),
        DType::I32 => Some(ElementType::I32),
        DType::I64 => Some(ElementType::I64),
        DType::F32 => Some(ElementType::F32),
        DType::F64 => Some(ElementType::F64),
        _ => None,
    }
}

fn dtype(element: ElementType) -> DType {
    match element {
        ElementType::Bool => DType::BOOL,
        ElementType::I32 => DType::I32,
        ElementType::I64 => DType::I64,
        ElementType::F32 => DType::F32,
        ElementType::F64 => DType::F64,
    }
}

impl Checked {
    /// The lengths of its dimensions, if it has so many.
    pub(super) fn lengths<const N: usize>(&self) -> Option<[usize; N]> {
        let shape: [i64; N] = self.shape.as_slice().try_into().ok()?;
        Some(shape.map(|length| usize::try_from(length).unwrap_or_default()))
    }

    /// Every element as f64. Whole numbers beyond 2^53 are rounded.
    pub(super) fn to_f64(&self) -> Vec<f64> {
        self.element.to_f64(&self.data)
    }

    /// Every element as i64, if the tensor holds whole numbers.
    pub(super) fn to_i64(&self) -> Option<Vec<i64>> {
        match self.element {
            ElementType::I32 => Some(self.elements(|bytes| i64::from(i32::from_le_bytes(bytes)))),
            ElementType::I64 => Some(self.elements(i64::from_le_bytes)),
            _ => None,
        }
    }

    fn elements<const N: usize>(&self, read: impl Fn([u8; N]) -> i64) -> Vec<i64> {
        self.data.as_chunks::<N>().0.iter().map(|bytes| read(*bytes)).collect()
    }
}

/// A matrix `(n_samples, n_features)`; a tensor of one dimension is one row.
///
/// # Errors
/// [`Error::InvalidArgument`] if it is neither a row nor a matrix, or does not fit its bytes.
pub fn matrix_from(tensor: Tensor) -> Result<Array2<f64>> {
    packed_from(tensor).map(|matrix| matrix.to_array())
}

/// The same, whose numbers stay in the bytes of the message.
///
/// # Errors
/// As [`matrix_from`].
pub(super) fn packed_from(tensor: Tensor) -> Result<PackedMatrix> {
    let checked = checked("the matrix", tensor)?;
    let one_row = || checked.lengths().map(|[n_features]| [1, n_features]);
    let Some(shape) = checked.lengths().or_else(one_row) else {
        return Err(Error::invalid(format!(
            "the matrix has shape {:?}; it takes (n_samples, n_features), or (n_features) for one row",
            checked.shape
        )));
    };
    let matrix = PackedMatrix::new(checked.element, shape, checked.data);
    matrix.ok_or_else(|| Error::internal("a tensor whose shape fits its bytes makes no matrix"))
}

/// As it was packed; it shares its bytes.
pub(super) fn packed_to(matrix: &PackedMatrix) -> Tensor {
    let shape = [matrix.n_rows(), matrix.n_columns()];
    Tensor { data: Some(matrix.bytes().clone()), ..tensor(dtype(matrix.element()), &shape, vec![]) }
}

/// A vector `(n,)`.
///
/// # Errors
/// [`Error::InvalidArgument`] if it has another shape, or does not fit its bytes.
pub(super) fn vector_from(tensor: Tensor) -> Result<Array1<f64>> {
    let checked = one_dimension(tensor)?;
    Ok(checked.to_f64().into())
}

/// Positions that count from 0.
///
/// # Errors
/// [`Error::InvalidArgument`] if it is no vector of whole numbers from 0, or does not fit its bytes.
pub(super) fn positions_from(tensor: Tensor) -> Result<Vec<usize>> {
    let position = |number| usize::try_from(number).map_err(|_| Error::invalid(format!("{number} is not a position")));
    whole_numbers_from(tensor)?.into_iter().map(position).collect()
}

/// Whole numbers.
///
/// # Errors
/// [`Error::InvalidArgument`] if it is no vector of them, or does not fit its bytes.
pub(super) fn whole_numbers_from(tensor: Tensor) -> Result<Vec<i64>> {
    one_dimension(tensor)?.to_i64().ok_or_else(|| Error::invalid("the vector has no whole numbers"))
}

fn one_dimension(tensor: Tensor) -> Result<Checked> {
    let checked = checked("the vector", tensor)?;
    match checked.shape.len() {
        1 => Ok(checked),
        _ => Err(Error::invalid(format!("the vector has shape {:?}; it has one dimension", checked.shape))),
    }
}

/// F64, shape `(n, m)`.
pub fn matrix_to(matrix: ArrayView2<'_, f64>) -> Tensor {
    let data = match matrix.as_slice() {
        Some(values) => packed(values.iter().copied(), f64::to_le_bytes),
        None => packed(matrix.iter().copied(), f64::to_le_bytes),
    };
    tensor(DType::F64, &[matrix.nrows(), matrix.ncols()], data)
}

/// F64, shape `(n, m, k)`.
pub(super) fn cube_to(cube: ArrayView3<'_, f64>) -> Tensor {
    let (n, m, k) = cube.dim();
    tensor(DType::F64, &[n, m, k], packed(cube.iter().copied(), f64::to_le_bytes))
}

/// The same as it was received.
///
/// # Errors
/// [`Error::InvalidArgument`] if it has not three dimensions, or does not fit its bytes.
pub(super) fn cube_from(tensor: Tensor) -> Result<Array3<f64>> {
    let checked = checked("the tensor", tensor)?;
    let shape = checked
        .lengths::<3>()
        .ok_or_else(|| Error::invalid(format!("the tensor has shape {:?}; it has three dimensions", checked.shape)))?;
    Array3::from_shape_vec(shape, checked.to_f64()).map_err(|error| Error::internal(error.to_string()))
}

/// F64, shape `(n)`.
pub fn vector_to(vector: ArrayView1<'_, f64>) -> Tensor {
    let data = match vector.as_slice() {
        Some(values) => packed(values.iter().copied(), f64::to_le_bytes),
        None => packed(vector.iter().copied(), f64::to_le_bytes),
    };
    tensor(DType::F64, &[vector.len()], data)
}

/// F64, shape `(n)`; a missing value is written as zero and marked elsewhere.
pub(super) fn floats_to(values: &Float64Array) -> Tensor {
    let data = match values.null_count() {
        0 => packed(values.values().iter().copied(), f64::to_le_bytes),
        _ => packed(values.iter().map(Option::unwrap_or_default), f64::to_le_bytes),
    };
    tensor(DType::F64, &[values.len()], data)
}

/// I64, shape `(n)`; a missing value is written as zero and marked elsewhere.
pub(super) fn integers_to(values: &Int64Array) -> Tensor {
    let data = match values.null_count() {
        0 => packed(values.values().iter().copied(), i64::to_le_bytes),
        _ => packed(values.iter().map(Option::unwrap_or_default), i64::to_le_bytes),
    };
    tensor(DType::I64, &[values.len()], data)
}

/// BOOL, shape `(n)`; a missing value is written as zero and marked elsewhere.
pub(super) fn booleans_to(values: &BooleanArray) -> Tensor {
    tensor(DType::BOOL, &[values.len()], values.iter().map(|value| u8::from(value.unwrap_or_default())).collect())
}

/// I64, shape `(n)`.
pub(super) fn positions_to(positions: &[usize]) -> Tensor {
    let data = packed(positions.iter(), |value| i64::try_from(*value).unwrap_or(i64::MAX).to_le_bytes());
    tensor(DType::I64, &[positions.len()], data)
}

/// I64, shape `(n)`.
pub(super) fn whole_numbers_to(numbers: &[i64]) -> Tensor {
    tensor(DType::I64, &[numbers.len()], packed(numbers.iter().copied(), i64::to_le_bytes))
}

/// The bytes of all values. The number of values is known beforehand: the bytes are written where they stay.
fn packed<const N: usize, T>(values: impl Iterator<Item = T>, write: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.map(write).collect::<Vec<_>>().into_flattened()
}

fn tensor(dtype: DType, shape: &[usize], data: Vec<u8>) -> Tensor {
    let shape = shape.iter().map(|length| i64::try_from(*length).unwrap_or(i64::MAX)).collect();
    Tensor { dtype: Some(dtype), shape: Some(shape), data: Some(data.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    #[test]
    fn a_matrix_survives_the_wire_to_the_bit() {
        let matrix = array![[1.0, -0.0, f64::MIN_POSITIVE], [f64::MAX, 0.1, f64::NAN]];

        let back = matrix_from(matrix_to(matrix.view())).unwrap();

        let bits = |it: &Array2<f64>| it.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back), bits(&matrix));
    }

    #[test]
    fn a_shape_that_does_not_fit_its_bytes_is_refused_with_both() {
        let refused =
            matrix_from(Tensor { dtype: Some(DType::F64), shape: Some(vec![2, 3]), data: Some(vec![0; 40].into()) });

        let message = refused.unwrap_err().to_string();
        assert!(message.contains("[2, 3]") && message.contains("40 bytes"), "{message}");
    }

    #[test]
    fn a_matrix_in_column_order_travels_row_by_row() {
        let transposed = array![[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]].reversed_axes();

        assert_eq!(matrix_from(matrix_to(transposed.view())).unwrap(), array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    }

    proptest! {
        #[test]
        fn no_tensor_panics(dtype in 0i32..8, shape in proptest::collection::vec(any::<i64>(), 0..10), data in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = matrix_from(Tensor { dtype: Some(DType::from(dtype)), shape: Some(shape), data: Some(data.into()) });
        }
    }
}
