"""Stored tables, and the pieces in which they travel."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from modelwire_wire.datasets import ttypes as wire

from modelwire import _checks, _columns
from modelwire._checks import check_fields
from modelwire._columns import Column, ColumnSchema
from modelwire._csv import read_columns
from modelwire._errors import InvalidArgument
from modelwire._times import moment

#: Half a frame, so that a piece always fits in one.
PIECE_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Dataset:
    """A version of a stored table, which never changes; `sha256` is of its rows, in hex."""

    name: str
    version: int
    n_rows: int
    columns: tuple[ColumnSchema, ...]
    sha256: str | None
    size_bytes: int | None
    created: datetime | None


@dataclass(frozen=True)
class ColumnStatistics:
    """What is in a column; numbers are None for text.

    Attributes
    ----------
    count, missing : int
        Values that are there, and that are not.
    mean, deviation, minimum, maximum : float
        Truth values count as 0 and 1; the standard deviation is the population's.
    """

    column: ColumnSchema
    count: int
    missing: int
    mean: float | None
    deviation: float | None
    minimum: float | None
    maximum: float | None


@dataclass(frozen=True)
class DatasetDescription:
    """A version of a data set with the statistics of its columns, in their order."""

    dataset: Dataset
    statistics: tuple[ColumnStatistics, ...]


def append_requests(rows: Any, rows_per_piece: int | None = None) -> Iterator[wire.AppendRowsRequest]:
    """Write a table, or the CSV file at a path, as pieces with offset and checksum; they lack only the upload.

    The first piece is checked at once: a wrong table is refused before an upload is opened for it.

    Raises
    ------
    InvalidArgument
        If that is no table, or one without rows.
    """
    if rows_per_piece is not None:
        _checks.whole("rows_per_piece", rows_per_piece, least=1)
    requests = _requests(rows, rows_per_piece)
    first = next(requests, None)
    if first is None:
        raise InvalidArgument("there are no rows to store; a data set has at least one row")
    check_fields(first)
    return chain([first], requests)


def _requests(rows: Any, rows_per_piece: int | None) -> Iterator[wire.AppendRowsRequest]:
    offset = 0
    for part in _parts(rows):
        for start, piece in _columns.pieces(part, PIECE_BYTES, rows_per_piece):
            table = _columns.to_wire(piece)
            crc32 = _columns.checksum(table)
            yield wire.AppendRowsRequest(offset=offset + start, table=table, crc32=crc32)
        offset += len(part[0])


def _parts(rows: Any) -> Iterator[list[Column]]:
    if isinstance(rows, str | os.PathLike):
        return read_columns(rows)
    return iter([_columns.to_table(rows)])


def dataset_from_wire(dataset: wire.Dataset) -> Dataset:
    """Read a data set."""
    return Dataset(
        name=dataset.name,
        version=dataset.version,
        n_rows=dataset.n_rows,
        columns=_columns.schemas_from_wire(dataset.columns),
        sha256=dataset.sha256,
        size_bytes=dataset.size_bytes,
        created=moment(dataset.created_ms),
    )


def description_from_wire(response: wire.DescribeDatasetResponse) -> DatasetDescription:
    """Read a data set with its statistics."""
    statistics = tuple(_statistics(it) for it in response.statistics or ())
    return DatasetDescription(dataset_from_wire(response.dataset), statistics)


def _statistics(of: wire.ColumnStatistics) -> ColumnStatistics:
    return ColumnStatistics(
        column=_columns.schemas_from_wire([of.column])[0],
        count=of.count or 0,
        missing=of.missing or 0,
        mean=of.mean,
        deviation=of.deviation,
        minimum=of.minimum,
        maximum=of.maximum,
    )
