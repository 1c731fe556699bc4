"""CSV files as typed columns, a bounded number of cells at a time.

The first line names the columns; quotes are those of RFC 4180. The values of a column say its type, by the same rule in
every client: an empty field is missing; if all others are whole numbers of 64 bits it is INTEGER, if all are finite
decimal numbers FLOAT, if all are true or false in any case BOOLEAN, else TEXT. A column without any value is INTEGER.
"""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modelwire._columns import Column, check_lengths
from modelwire._errors import InvalidArgument

_CELLS_AT_ONCE = 250_000
_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TRUTHS = {"true", "false"}
_NUMPY: dict[str, Any] = {
    "INTEGER": np.int64,
    "FLOAT": np.float64,
    "BOOLEAN": np.bool_,
    "TEXT": object,
}


def read_csv(path: str | os.PathLike[str]) -> dict[str, npt.NDArray[Any]]:
    """Read a CSV file as columns by name, typed by their values.

    Returns
    -------
    dict of str to ndarray of shape (n_rows,)
        int64, float64 or bool; text as objects of type str. A column with missing values is a masked array.

    Raises
    ------
    InvalidArgument
        If it is no CSV file with a header; the message names the line.
    """
    parts = list(read_columns(path))
    return {of[0].name: _joined(of) for of in zip(*parts, strict=True)}


def read_columns(path: str | os.PathLike[str]) -> Iterator[list[Column]]:
    """Read a file as tables of some rows each, all of the same types; at least one, which may have no rows."""
    header, types = _scan(Path(path))
    rows = _rows(Path(path), header)
    at_once = max(1, _CELLS_AT_ONCE // len(header))
    part = list(islice(rows, at_once))
    while True:
        cells = zip(*part, strict=True) if part else [()] * len(header)
        yield [_column(name, kind, each) for name, kind, each in zip(header, types, cells, strict=True)]
        part = list(islice(rows, at_once))
        if not part:
            return


def _scan(path: Path) -> tuple[list[str], list[str]]:
    """Header and types, from a first pass over the file."""
    header = _header(path)
    rules = [_TypeRule() for _ in header]
    for row in _rows(path, header):
        for rule, cell in zip(rules, row, strict=True):
            rule.see(cell)
    return header, [rule.answer() for rule in rules]


class _TypeRule:
    """Finds the type of a column from its cells."""

    def __init__(self) -> None:
        self._whole = self._numbers = self._truths = True

    def see(self, cell: str) -> None:
        if cell:
            self._whole = self._whole and _is_whole(cell)
            self._numbers = self._numbers and (self._whole or _is_number(cell))
            self._truths = self._truths and cell.lower() in _TRUTHS

    def answer(self) -> str:
        if self._whole:
            return "INTEGER"
        if self._numbers:
            return "FLOAT"
        return "BOOLEAN" if self._truths else "TEXT"


def _is_whole(cell: str) -> bool:
    # Python refuses to read numbers of thousands of digits; 64 bits need 19.
    return len(cell) < 100 and _WHOLE.fullmatch(cell) is not None and -(2**63) <= int(cell) < 2**63


def _is_number(cell: str) -> bool:
    # Words (nan, inf) and underscores are text, although Python would read them.
    return _NUMBER.fullmatch(cell) is not None and math.isfinite(float(cell))


def _header(path: Path) -> list[str]:
    header = next(_records(path), None)
    if header is None:
        raise InvalidArgument(f"{path} is empty; its first line names the columns")
    check_lengths([Column(name, "TEXT", np.empty(0, object)) for name in header])
    if "" in header:
        raise InvalidArgument(f"{path} has no name for column {header.index('') + 1}; its first line names the columns")
    return header


def _rows(path: Path, header: list[str]) -> Iterator[list[str]]:
    """Rows below the header; empty lines are skipped."""
    rows = _records(path)
    next(rows, None)
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise InvalidArgument(f"{path} row {number} has {len(row)} fields and the header has {len(header)}")
        yield row


def _records(path: Path) -> Iterator[list[str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            yield from (record for record in csv.reader(file, strict=True) if record)
    except (csv.Error, UnicodeDecodeError) as cause:
        raise InvalidArgument(f"{path} is no CSV file in UTF-8: {cause}") from cause


def _column(name: str, kind: str, cells: Any) -> Column:
    missing = np.array([cell == "" for cell in cells], np.bool_)
    values = np.zeros(len(cells), _NUMPY[kind])
    values[:] = [_parse(cell, kind) for cell in cells]
    return Column(name, kind, values, missing if missing.any() else None)


def _parse(cell: str, kind: str) -> Any:
    if kind == "TEXT":
        return cell.encode()
    if kind == "BOOLEAN":
        return cell.lower() == "true"
    return (int if kind == "INTEGER" else float)(cell or "0")


def _joined(parts: tuple[Column, ...]) -> npt.NDArray[Any]:
    values = np.concatenate([part.values for part in parts])
    if parts[0].type == "TEXT":
        values[:] = [value.decode() for value in values]
    missing = np.concatenate(
        [np.zeros(len(part), np.bool_) if part.missing is None else part.missing for part in parts]
    )
    return np.ma.MaskedArray(values, missing) if missing.any() else values
