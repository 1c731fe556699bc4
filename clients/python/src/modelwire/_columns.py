"""Named columns and tables: what callers pass, what travels, what comes back."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from modelwire_wire.types import ttypes as wire

from modelwire._errors import InvalidArgument, ProtocolError
from modelwire._tensors import from_tensor, to_tensor

_INTEGERS = (-(2**63), 2**63 - 1)


@dataclass(frozen=True)
class ColumnSchema:
    """Name and type of a column; `type` is ``"FLOAT"``, ``"INTEGER"``, ``"BOOLEAN"`` or ``"TEXT"``."""

    name: str
    type: str


@dataclass(frozen=True)
class Column:
    """A column that is ready to travel.

    Attributes
    ----------
    type : str
        As in `ColumnSchema`.
    values : ndarray of shape (n,)
        float64, float32, int64, int32 or bool; of TEXT the UTF-8 bytes of each value, as objects.
    missing : ndarray of bool of shape (n,), or None
        True where there is no value. None: none is missing.
    """

    name: str
    type: str
    values: npt.NDArray[Any]
    missing: npt.NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, start: int, end: int) -> Column:
        """Rows `start` to `end`, a view."""
        missing = None if self.missing is None else self.missing[start:end]
        return Column(self.name, self.type, self.values[start:end], missing)

    def sent_bytes(self) -> int:
        """Size on the wire, rounded up."""
        if self.type != "TEXT":
            return (self.values.itemsize + 1) * len(self)
        return sum(len(value) + 5 for value in self.values)

    def row_bytes(self) -> npt.NDArray[np.int64]:
        """Size of each row on the wire, rounded up; shape (n,)."""
        if self.type != "TEXT":
            return np.full(len(self), self.values.itemsize + 1, np.int64)
        return np.fromiter((len(value) + 5 for value in self.values), np.int64, len(self))


def to_column(name: str, values: Any) -> Column:
    """Check the values of a column; its type is theirs. None and masked values are missing.

    Raises
    ------
    InvalidArgument
        If they are of several types, of none that a column has, or not in one dimension.
    """
    array = values if isinstance(values, np.ndarray) else _array(name, values)
    if array.ndim != 1:
        raise InvalidArgument(f'column "{name}" has shape {array.shape}; a column has one dimension')
    mask = np.ma.getmaskarray(array) if isinstance(array, np.ma.MaskedArray) else None
    plain = np.ma.getdata(array) if mask is not None else array
    if plain.dtype.kind in "OUST":
        return _column_of_objects(name, plain, mask)
    return _column_of_numbers(name, plain, mask)


def to_table(table: Any) -> list[Column]:
    """Check a mapping of names to values, or a data frame (of pandas, polars or pyarrow).

    Raises
    ------
    InvalidArgument
        If it is neither, has no column, or columns differ in length.
    """
    columns = [to_column(str(name), table[name]) for name in _names(table)]
    if not columns:
        raise InvalidArgument("a table has at least one column, got none")
    check_lengths(columns)
    return columns


def check_lengths(columns: Sequence[Column]) -> None:
    """Refuse columns of different lengths or the same name, with both values."""
    first, names = columns[0], set()
    for column in columns:
        if len(column) != len(first):
            raise InvalidArgument(
                f'column "{column.name}" has {len(column)} values and column "{first.name}" has {len(first)}'
            )
        if column.name in names:
            raise InvalidArgument(f'column "{column.name}" is there twice; names are unique')
        names.add(column.name)


def is_table(rows: Any) -> bool:
    """Tell a table by name from a matrix by position."""
    return isinstance(rows, Mapping) or hasattr(rows, "column_names") or hasattr(rows, "columns")


def to_wire(columns: Sequence[Column]) -> wire.Table:
    """Write columns as a Table."""
    return wire.Table(columns=[_write(column) for column in columns])


def checksum(table: wire.Table) -> int:
    """CRC-32 of the bytes of a Table's columns, in the order that `append_rows` documents."""
    crc = 0
    for column in table.columns:
        data = column.tensor.data if column.tensor is not None else None
        for part in (data, column.text_data, column.text_offsets, column.missing):
            crc = zlib.crc32(part or b"", crc)
    return crc


def pieces(columns: Sequence[Column], max_bytes: int, max_rows: int | None) -> Iterator[tuple[int, Sequence[Column]]]:
    """Cut a table in pieces that stay below both limits: for each the row that it starts at, and its columns.

    Raises
    ------
    InvalidArgument
        If a single row is larger than `max_bytes`.
    """
    ends = np.cumsum(sum(column.row_bytes() for column in columns))
    start = 0
    while start < len(ends):
        before = ends[start - 1] if start else 0
        end = int(np.searchsorted(ends, before + max_bytes, side="right"))
        if end == start:
            raise InvalidArgument(
                f"row {start} takes {ends[start] - before:,} bytes; a row holds at most {max_bytes:,}"
            )
        end = min(end, start + (max_rows or end))
        yield start, [column.rows(start, end) for column in columns]
        start = end


def from_wire(column: wire.Column | None) -> npt.NDArray[Any] | None:
    """Read the values of a column that has none missing: labels or classes. Text comes as objects of type str."""
    if column is None:
        return None
    if column.tensor is not None:
        return from_tensor(column.tensor)
    data, offsets = column.text_data or b"", np.frombuffer(column.text_offsets or b"", "<i4")
    if len(offsets) == 0 or offsets[0] != 0 or offsets[-1] != len(data) or np.any(np.diff(offsets) < 0):
        raise ProtocolError(f'the offsets of text column "{column.name}" do not fit its {len(data):,} bytes')
    texts = [data[start:end].decode() for start, end in pairwise(offsets.tolist())]
    return _objects(texts)


def schemas_from_wire(columns: Sequence[wire.ColumnSchema] | None) -> tuple[ColumnSchema, ...]:
    """Read names and types."""
    return tuple(ColumnSchema(each.name, each.type_name) for each in columns or ())


def _names(table: Any) -> list[Any]:
    if isinstance(table, Mapping):
        return list(table)
    # pyarrow calls the names column_names and the values columns; pandas and polars call the names columns
    names = getattr(table, "column_names", None) or getattr(table, "columns", None)
    if names is None:
        raise InvalidArgument(f"a table is a mapping of names to values or a data frame, got {type(table).__name__}")
    return list(names)


def _array(name: str, values: Any) -> npt.NDArray[Any]:
    if hasattr(values, "__array__"):
        return np.asarray(values)
    if isinstance(values, str | bytes) or not hasattr(values, "__iter__"):
        raise InvalidArgument(f'column "{name}" is {values!r}; a column is a sequence of values')
    return _objects(list(values))


def _objects(values: list[Any]) -> npt.NDArray[Any]:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _column_of_numbers(name: str, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None) -> Column:
    kind, size = values.dtype.kind, values.dtype.itemsize
    missing = mask if mask is not None and mask.any() else None
    if kind == "b":
        return Column(name, "BOOLEAN", values, missing)
    if kind == "f":
        return Column(name, "FLOAT", values if size in (4, 8) else values.astype(np.float64), missing)
    if kind == "u" and size == 8 and len(values) and values.max() > _INTEGERS[1]:
        raise InvalidArgument(f'column "{name}" holds {values.max()}, which is above the largest integer, 2**63 - 1')
    if kind in "iu":
        keep = kind == "i" and size in (4, 8)
        return Column(name, "INTEGER", values if keep else values.astype(np.int64), missing)
    raise InvalidArgument(
        f'column "{name}" is of type {values.dtype}; columns hold numbers, whole numbers, truth values or text'
    )


def _column_of_objects(name: str, values: npt.NDArray[Any], mask: npt.NDArray[np.bool_] | None) -> Column:
    listed = values.tolist()
    missing = np.fromiter((_is_missing(value) for value in listed), np.bool_, len(listed))
    if mask is not None:
        missing |= mask
    present = [value for value, gone in zip(listed, missing, strict=True) if not gone]
    if any(isinstance(value, str) for value in present):
        missing |= np.fromiter((isinstance(value, float) and value != value for value in listed), np.bool_, len(listed))
        present = [value for value, gone in zip(listed, missing, strict=True) if not gone]
    kind, typed = _typed(name, present)
    filled = np.empty(len(listed), typed.dtype) if kind == "TEXT" else np.zeros(len(listed), typed.dtype)
    filled[missing] = b"" if kind == "TEXT" else 0
    filled[~missing] = typed
    return Column(name, kind, filled, missing if missing.any() else None)


def _typed(name: str, present: list[Any]) -> tuple[str, npt.NDArray[Any]]:
    """Type and array of values that are all there."""
    if all(isinstance(value, bool | np.bool_) for value in present) and present:
        return "BOOLEAN", np.array(present, np.bool_)
    if all(isinstance(value, str) for value in present) and present:
        return "TEXT", _objects([_utf8(name, value) for value in present])
    if all(isinstance(value, int | np.integer) and not isinstance(value, bool) for value in present):
        beyond = next((value for value in present if not _INTEGERS[0] <= value <= _INTEGERS[1]), None)
        if beyond is not None:
            raise InvalidArgument(f'column "{name}" holds {beyond}; whole numbers lie in -2**63 .. 2**63 - 1')
        return "INTEGER", np.array(present, np.int64)
    if all(isinstance(value, int | float | np.number) and not isinstance(value, bool) for value in present):
        return "FLOAT", np.array(present, np.float64)
    kinds = ", ".join(sorted({type(value).__name__ for value in present}))
    raise InvalidArgument(f'column "{name}" mixes {kinds}; it holds numbers, whole numbers, truth values or text')


def _utf8(name: str, value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError as cause:
        raise InvalidArgument(f'column "{name}" holds {value!r}, which is not Unicode text') from cause


def _is_missing(value: Any) -> bool:
    # pandas.NA, without importing pandas
    return value is None or value is np.ma.masked or type(value).__name__ == "NAType"


def _write(column: Column) -> wire.Column:
    written = wire.Column(name=column.name, type=getattr(wire.ColumnType, column.type), type_name=column.type)
    if column.type == "TEXT":
        lengths = [0, *map(len, column.values)]
        written.text_data = b"".join(column.values)
        written.text_offsets = np.cumsum(lengths, dtype=np.int64).astype("<i4").tobytes()
    else:
        written.tensor = to_tensor(column.values)
    if column.missing is not None and column.missing.any():
        written.missing = np.packbits(column.missing, bitorder="little").tobytes()
    return written
