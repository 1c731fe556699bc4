"""CSV files: the type of a column is what its values say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import modelwire
from modelwire import _csv


def read(folder: Path, text: str | bytes) -> dict[str, Any]:
    path = folder / "table.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return modelwire.read_csv(path)


@pytest.mark.parametrize(
    ("cells", "dtype", "values"),
    [
        (["1", "-2", "+3"], np.int64, [1, -2, 3]),
        (["1", "2.5", "-3e2"], np.float64, [1, 2.5, -300]),
        ([".5", "1.", "1E+2"], np.float64, [0.5, 1, 100]),
        (["9223372036854775807"], np.int64, [2**63 - 1]),
        (["9223372036854775808"], np.float64, [2.0**63]),
        (["1" * 5000, "x"], object, ["1" * 5000, "x"]),
        (["1", "inf"], object, ["1", "inf"]),
        (["-Infinity"], object, ["-Infinity"]),
        (["NaN"], object, ["NaN"]),
        (["1e999"], object, ["1e999"]),
        (["0x10"], object, ["0x10"]),
        (["true", "FALSE", "True"], np.bool_, [True, False, True]),
        (["true", "1"], object, ["true", "1"]),
        (["1", "true"], object, ["1", "true"]),
        (["1", " 2"], object, ["1", " 2"]),
        (["1_000"], object, ["1_000"]),
        (["\u0661"], object, ["\u0661"]),
        (["1", "red"], object, ["1", "red"]),
    ],
)
def test_values_say_the_type(tmp_path: Path, cells: list[str], dtype: type, values: list[object]) -> None:
    column = read(tmp_path, "\n".join(["c", *cells]))["c"]

    assert (column.dtype, column.tolist()) == (dtype, values)


@pytest.mark.parametrize("cells", [["1", "", "3"], ["1.5", "", "3"], ["true", "", "false"], ["a", "", "b"]])
def test_an_empty_field_is_missing(tmp_path: Path, cells: list[str]) -> None:
    column = read(tmp_path, "\n".join(["c,d", *(f"{cell},x" for cell in cells)]))["c"]

    assert isinstance(column, np.ma.MaskedArray)
    assert column.mask.tolist() == [False, True, False]


def test_a_column_without_any_value_is_one_of_whole_numbers(tmp_path: Path) -> None:
    column = read(tmp_path, "c,d\n,x\n,y\n")["c"]

    assert column.dtype == np.int64
    assert column.tolist() == [None, None]


def test_quotes_line_ends_and_byte_order_marks_are_understood(tmp_path: Path) -> None:
    table = read(tmp_path, b'\xef\xbb\xbf"a, b",c\r\n"x ""y""\r\nz",1\r\n\r\n')

    assert {name: column.tolist() for name, column in table.items()} == {"a, b": ['x "y"\r\nz'], "c": [1]}


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    assert {name: len(column) for name, column in read(tmp_path, "a,b\n").items()} == {"a": 0, "b": 0}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n3\n", "row 2 has 1 fields and the header has 2"),
        ("a,a\n1,2\n", '"a" is there twice'),
        ("a,\n1,2\n", "no name for column 2"),
        ('a\n"x', "no CSV file"),
        (b"a\n\xff\n", "UTF-8"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, text: str | bytes, why: str) -> None:
    with pytest.raises(modelwire.InvalidArgument, match=why):
        read(tmp_path, text)


def test_a_long_file_is_read_in_parts_of_the_same_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_csv, "_CELLS_AT_ONCE", 4)
    path = tmp_path / "table.csv"
    path.write_text("n,t\n1,a\n2,b\n3,\n4.5,d\n5,e\n")

    parts = list(_csv.read_columns(path))
    table = modelwire.read_csv(path)

    assert [len(part[0]) for part in parts] == [2, 2, 1]
    assert table["n"].tolist() == [1, 2, 3, 4.5, 5]
    assert table["t"].tolist() == ["a", "b", None, "d", "e"]
