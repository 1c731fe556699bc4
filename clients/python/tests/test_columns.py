"""Columns and tables: what callers may pass, and what travels."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest
from modelwire_wire.types import ttypes as wire
from thrift.protocol.TCompactProtocol import TCompactProtocol

import modelwire
from modelwire import _codec, _columns, _inference, _methods, _tensors
from modelwire._rows import Rows


class Frame:
    """What pandas and polars have in common."""

    def __init__(self, **columns: Any) -> None:
        self._columns = columns
        self.columns = list(columns)

    def __getitem__(self, name: str) -> Any:
        return self._columns[name]


class NAType:
    """What pandas.NA is called."""


def written(values: Any) -> wire.Column:
    return _columns.to_wire([_columns.to_column("c", values)]).columns[0]


@pytest.mark.parametrize(
    ("values", "type_name", "dtype"),
    [
        ([1, 2], "INTEGER", "I64"),
        ([1, 2.5], "FLOAT", "F64"),
        ([True, False], "BOOLEAN", "BOOL"),
        (np.array([1, 2], np.int32), "INTEGER", "I32"),
        (np.array([1, 2], np.uint8), "INTEGER", "I64"),
        (np.array([1, 2], np.float32), "FLOAT", "F32"),
        (np.array([1, 2], np.float16), "FLOAT", "F64"),
        (np.array([1, 2], ">f8"), "FLOAT", "F64"),
        (np.arange(4.0)[::2], "FLOAT", "F64"),
        (range(3), "INTEGER", "I64"),
    ],
)
def test_the_type_of_a_column_is_that_of_its_values(values: Any, type_name: str, dtype: str) -> None:
    column = written(values)

    assert (column.type_name, column.tensor.dtype) == (type_name, getattr(wire.DType, dtype))
    np.testing.assert_array_equal(_columns.from_wire(column), np.asarray(values))


@pytest.mark.parametrize("values", [["a", "bé", ""], np.array(["a", "bé", ""]), ("a", "bé", "")])
def test_text_travels_as_bytes_with_offsets(values: Any) -> None:
    column = written(values)

    assert (column.type_name, column.text_data) == ("TEXT", "abé".encode())
    assert np.frombuffer(column.text_offsets, "<i4").tolist() == [0, 1, 4, 4]
    np.testing.assert_array_equal(_columns.from_wire(column), ["a", "bé", ""])


@pytest.mark.parametrize(
    ("values", "type_name"),
    [
        ([None, 1.5, 2.0], "FLOAT"),
        ([None, 1, 2], "INTEGER"),
        ([None, True, False], "BOOLEAN"),
        ([None, "a", "b"], "TEXT"),
        ([float("nan"), "a", "b"], "TEXT"),
        ([NAType(), 1, 2], "INTEGER"),
        (np.ma.MaskedArray([9, 1, 2], [True, False, False]), "INTEGER"),
        ([None, None], "INTEGER"),
    ],
)
def test_missing_values_are_marked_lowest_bit_first(values: Any, type_name: str) -> None:
    column = written(values)

    assert column.type_name == type_name
    assert column.missing == (b"\x03" if len(values) == 2 else b"\x01")


def test_nan_stays_a_number_because_the_schema_decides_what_it_means() -> None:
    column = written([1.0, float("nan")])

    assert column.missing is None


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (["a", 1], "mixes int, str"),
        ([True, 1], "mixes bool, int"),
        ([b"a"], "mixes bytes"),
        ([2**63], "whole numbers lie in"),
        (np.array([2**63], np.uint64), "largest integer"),
        (np.array([1], "M8[s]"), "datetime64"),
        ([[1], [2]], "mixes list"),
        (np.zeros((2, 2)), "one dimension"),
        ("text", "a column is a sequence"),
        (3, "a column is a sequence"),
        (["\ud800"], "not Unicode"),
    ],
)
def test_values_that_are_no_column_are_refused_with_its_name(values: Any, why: str) -> None:
    with pytest.raises(modelwire.InvalidArgument, match=why) as caught:
        _columns.to_column("age", values)

    assert '"age"' in str(caught.value)


def test_columns_of_different_length_are_refused_with_both_lengths() -> None:
    with pytest.raises(modelwire.InvalidArgument, match='"b" has 1 values and column "a" has 2'):
        _columns.to_table({"a": [1, 2], "b": [1]})


def test_a_data_frame_is_a_table() -> None:
    columns = _columns.to_table(Frame(age=[1, 2], name=["x", "y"]))

    assert [(column.name, column.type) for column in columns] == [("age", "INTEGER"), ("name", "TEXT")]


@pytest.mark.parametrize("table", [{}, [1, 2], 3])
def test_what_is_no_table_is_refused(table: Any) -> None:
    with pytest.raises(modelwire.InvalidArgument):
        _columns.to_table(table)


def test_pieces_are_below_the_limit_and_together_the_whole() -> None:
    columns = _columns.to_table({"n": range(1000), "t": ["x" * (at % 50) for at in range(1000)]})

    cut = list(_columns.pieces(columns, 1000, None))

    sizes = [
        sum(len(it.tensor.data if it.tensor else it.text_data) for it in _columns.to_wire(piece).columns)
        for _, piece in cut
    ]
    assert max(sizes) <= 1000
    assert [start for start, _ in cut] == np.cumsum([0, *(len(piece[0]) for _, piece in cut)]).tolist()[:-1]
    assert np.concatenate([piece[0].values for _, piece in cut]).tolist() == list(range(1000))


def test_pieces_have_at_most_so_many_rows() -> None:
    columns = _columns.to_table({"n": range(10)})

    assert [len(piece[0]) for _, piece in _columns.pieces(columns, 10_000, 4)] == [4, 4, 2]


def test_a_row_larger_than_a_piece_is_refused_with_its_number() -> None:
    columns = _columns.to_table({"t": ["x", "x" * 2000]})

    with pytest.raises(modelwire.InvalidArgument, match="row 1"):
        list(_columns.pieces(columns, 1000, None))


def test_the_checksum_covers_data_offsets_and_missing_in_the_order_of_the_columns() -> None:
    table = _columns.to_wire(_columns.to_table({"n": np.array([1, 0], "i4"), "t": ["a", "b"]}))
    table.columns[1].missing = b"\x01"

    whole = bytes.fromhex("01000000 00000000") + b"ab" + bytes.fromhex("00000000 01000000 02000000" + "01")
    assert _columns.checksum(table) == zlib.crc32(whole)


@pytest.mark.parametrize("offsets", [b"", b"\0" * 3, b"\0\0\0\0\5\0\0\0", b"\0\0\0\0\2\0\0\0\1\0\0\0"])
def test_offsets_that_do_not_fit_the_text_are_a_protocol_error(offsets: bytes) -> None:
    with pytest.raises((modelwire.ProtocolError, ValueError)):
        _columns.from_wire(wire.Column(name="c", text_data=b"a", text_offsets=offsets))


def test_a_tensor_whose_bytes_do_not_fit_its_shape_is_a_protocol_error() -> None:
    for shape, data in [([3], b"\0" * 16), ([-1, -2], b"\0" * 16), ([2], b"")]:
        with pytest.raises(modelwire.ProtocolError, match="shape"):
            _tensors.from_tensor(wire.Tensor(dtype=wire.DType.F64, shape=shape, data=data))


@pytest.mark.parametrize(
    ("rows", "dtype", "shape"),
    [
        ([[1, 2], [3, 4]], np.float64, (2, 2)),
        ([1.0, 2.0, 3.0], np.float64, (3,)),
        (np.ones((2, 3), np.float32), np.float32, (2, 3)),
        (np.ones((2, 3), np.int64), np.float64, (2, 3)),
        (np.ones((3, 2)).T, np.float64, (2, 3)),
        (np.array([[1, 2.5]], object), np.float64, (1, 2)),
        (np.empty((0, 4)), np.float64, (0, 4)),
    ],
)
def test_a_matrix_is_float64_unless_it_is_float32(rows: Any, dtype: Any, shape: tuple[int, ...]) -> None:
    matrix = _tensors.to_matrix(rows)
    tensor = _tensors.to_tensor(matrix)

    assert (matrix.dtype, tuple(tensor.shape)) == (dtype, shape)
    np.testing.assert_array_equal(_tensors.from_tensor(tensor), np.asarray(rows, dtype))


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([[1, 2], [3]], "row 1 has 1 values and row 0 has 2"),
        ([[1, 2], 3], "row 1 has a single value"),
        ([["a", "b"]], "holds numbers"),
        ([[1j]], "holds numbers"),
        (np.zeros((2, 2, 2)), r"\(2, 2, 2\)"),
        (np.array(3.0), "shape"),
    ],
)
def test_what_is_no_matrix_of_numbers_is_refused(rows: Any, why: str) -> None:
    with pytest.raises(modelwire.InvalidArgument, match=why):
        _tensors.to_matrix(rows)


def test_tensors_travel_the_same_without_the_c_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = {"n": [1, 2], "x": [0.5, 1.5]}
    accelerated = _codec.encode(_methods.PREDICT, 1, _inference.request("wine", Rows.of(columns)), 10_000)
    monkeypatch.setattr(_codec, "TCompactProtocolAccelerated", lambda transport, **_: TCompactProtocol(transport))

    plain = _codec.encode(_methods.PREDICT, 1, _inference.request("wine", Rows.of(columns)), 10_000)

    assert plain == accelerated
