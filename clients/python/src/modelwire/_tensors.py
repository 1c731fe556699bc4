"""Arrays of numpy to tensors of the wire and back."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from modelwire_wire.types.ttypes import DType, Tensor

from modelwire._errors import InvalidArgument, ProtocolError

_NUMPY = {
    DType.BOOL: np.dtype("?"),
    DType.I32: np.dtype("<i4"),
    DType.I64: np.dtype("<i8"),
    DType.F32: np.dtype("<f4"),
    DType.F64: np.dtype("<f8"),
}
_DTYPES = {dtype: number for number, dtype in _NUMPY.items()}


def to_tensor(array: npt.NDArray[Any]) -> Tensor:
    """Write an array of one of the five types, little-endian and row-major whatever it was."""
    dtype = array.dtype.newbyteorder("<")
    data = array.astype(dtype, copy=False).tobytes()
    return Tensor(dtype=_DTYPES[dtype], shape=list(array.shape), data=data)


def from_tensor(tensor: Tensor | None) -> npt.NDArray[Any] | None:
    """Read a tensor as a read-only view of the bytes that came.

    Raises
    ------
    ProtocolError
        If shape and bytes do not fit.
    """
    if tensor is None:
        return None
    dtype = _NUMPY.get(tensor.dtype)
    shape, data = tensor.shape or [], tensor.data or b""
    if dtype is None or any(size < 0 for size in shape) or math.prod(shape) * dtype.itemsize != len(data):
        raise ProtocolError(f"a tensor of type {tensor.dtype} and shape {shape} came with {len(data):,} bytes")
    return np.frombuffer(data, dtype).reshape(shape)


def to_matrix(rows: Any) -> npt.NDArray[Any]:
    """Check rows of numbers: shape (n, n_features), or (n_features) for one row; float32 stays, all else is float64.

    None of them is masked: a matrix has no missing values. NaN is a value.

    Raises
    ------
    InvalidArgument
        If rows differ in length, values are no numbers or are masked, or there are not one or two dimensions.
    """
    if not hasattr(rows, "__array__"):
        if isinstance(rows, str | bytes) or not isinstance(rows, Iterable):
            raise InvalidArgument(f"the rows are {rows!r}; they are a matrix of numbers or a table by name")
        rows = list(rows)
        _check_lengths(rows)
    _check_masks(rows)
    try:
        matrix = np.asarray(rows)
        if matrix.dtype != np.float32:
            matrix = matrix.astype(np.float64, casting="unsafe" if matrix.dtype == object else "same_kind")
    except (TypeError, ValueError, OverflowError) as cause:
        raise InvalidArgument(
            f"a matrix holds numbers: {cause}", hint="pass text, and columns of different types, as a table by name"
        ) from cause
    if matrix.ndim not in (1, 2):
        raise InvalidArgument(f"a matrix has shape (n, n_features), got {matrix.shape}")
    return matrix


def _check_masks(rows: Any) -> None:
    """Refuse masked values: what is below a mask is not meant to be seen, and an array of numbers would show it."""
    if isinstance(rows, np.ma.MaskedArray):
        if np.ma.is_masked(rows):
            raise _masked(*np.argwhere(np.ma.getmaskarray(rows))[0].tolist())
    elif isinstance(rows, list):
        for at, row in enumerate(rows):
            values = row if isinstance(row, list | tuple) else ()
            if np.ma.is_masked(row):
                raise _masked(at, *np.argwhere(np.ma.getmaskarray(row))[0].tolist())
            if any(value is np.ma.masked for value in values):
                raise _masked(at, next(column for column, value in enumerate(values) if value is np.ma.masked))


def _masked(*at: int) -> InvalidArgument:
    row, column = (0, *at)[-2:]
    return InvalidArgument(
        f"row {row}, column {column} of the matrix is masked; a matrix has no missing values",
        hint="fill it, or pass columns by name, where masked values are missing",
    )


def _check_lengths(rows: list[Any]) -> None:
    lengths = [len(row) if hasattr(row, "__len__") and not isinstance(row, str | bytes) else None for row in rows]
    for at, length in enumerate(lengths):
        if length != lengths[0]:
            raise InvalidArgument(
                f"row {at} has {_count(length)} and row 0 has {_count(lengths[0])}; all rows have the same length"
            )


def _count(length: int | None) -> str:
    return "a single value" if length is None else f"{length} values"
