"""Rows to predict: as they travel, whole or in the pieces that calls hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
from modelwire_wire.types import ttypes as wire

from modelwire import _columns
from modelwire._columns import Column
from modelwire._tensors import to_matrix, to_tensor


@dataclass(frozen=True)
class Rows:
    """Rows that were checked: a matrix by position or columns by name, exactly one of them.

    Attributes
    ----------
    matrix : ndarray of shape (n, n_features) or (n_features,)
    columns : sequence of Column
    """

    matrix: npt.NDArray[Any] | None
    columns: Sequence[Column]

    @staticmethod
    def of(rows: Any) -> Rows:
        """Check what a caller passed.

        Raises
        ------
        InvalidArgument
            If that is neither a matrix nor a table, or ragged.
        """
        if _columns.is_table(rows):
            return Rows(None, _columns.to_table(rows))
        return Rows(to_matrix(rows), ())

    def __len__(self) -> int:
        if self.matrix is None:
            return len(self.columns[0])
        return len(self.matrix) if self.matrix.ndim == 2 else 1

    def fit(self, max_bytes: int) -> bool:
        """Tell whether they are at most this large as they travel."""
        if self.matrix is not None:
            return self.matrix.nbytes <= max_bytes
        return sum(column.sent_bytes() for column in self.columns) <= max_bytes

    def wire(self) -> dict[str, wire.Tensor | wire.Table]:
        """Write them, by the name of the field that they are for."""
        if self.matrix is None:
            return {"table": _columns.to_wire(self.columns)}
        return {"matrix": to_tensor(self.matrix)}

    def between(self, start: int, end: int) -> Rows:
        """Rows `start` to `end`, a view."""
        if self.matrix is None:
            return Rows(None, [column.rows(start, end) for column in self.columns])
        return Rows(self.matrix[start:end], ())

    def pieces(self, start: int, max_bytes: int, max_rows: int) -> Iterator[tuple[int, Rows]]:
        """Cut the rows from `start` on in pieces below both limits: for each the row that it starts at, and its rows.

        Raises
        ------
        InvalidArgument
            If a single row of a table is larger than `max_bytes`.
        """
        if self.matrix is None:
            rest = [column.rows(start, len(self)) for column in self.columns]
            for offset, columns in _columns.pieces(rest, max_bytes, max_rows):
                yield start + offset, Rows(None, columns)
            return
        row_bytes = max(1, self.matrix.nbytes // max(1, len(self)))
        step = max(1, min(max_rows, max_bytes // row_bytes))
        for at in range(start, len(self), step):
            yield at, self.between(at, at + step)
