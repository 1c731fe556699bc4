"""Models as files of other programs, and how much they rest on their columns."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Start
from modelwire_wire.models import ttypes as models_wire
from modelwire_wire.training import ttypes as training_wire
from real_server import needs_server, running

import modelwire
from modelwire import Client, _tensors

FILE = b"a file of several pieces"


class Pieces:
    """Answers pieces of ten bytes, and remembers what was asked for."""

    def __init__(self, sha256: str, next_bytes: tuple[int | None, ...] = (10, 20, None)) -> None:
        self.asked: list[tuple[str, str, int | None]] = []
        self._sha256, self._next_bytes = sha256, next_bytes

    def export_model(self, request: models_wire.ExportModelRequest) -> models_wire.ExportModelResponse:
        self.asked.append((request.model, request.format, request.from_byte))
        first = request.from_byte or 0
        return models_wire.ExportModelResponse(
            model="wine",
            version=2,
            file_name="wine-2.onnx",
            content=FILE[first : first + 10],
            total_bytes=len(FILE),
            sha256=self._sha256,
            next_byte=self._next_bytes[len(self.asked) - 1],
        )


SHA256 = hashlib.sha256(FILE).hexdigest()


def test_a_large_file_is_read_in_pieces_of_one_version(start: Start) -> None:
    pieces = Pieces(SHA256)

    exported = start(pieces).export_model("wine@canary")

    assert pieces.asked == [("wine@canary", "onnx", None), ("wine@2", "onnx", 10), ("wine@2", "onnx", 20)]
    assert exported == modelwire.ExportedModel("wine", 2, "wine-2.onnx", SHA256, FILE)


@pytest.mark.parametrize("next_bytes", [(9,), (0,), (10, 10), (10, 30)])
def test_pieces_that_do_not_follow_each_other_are_no_file(start: Start, next_bytes: tuple[int, ...]) -> None:
    with pytest.raises(modelwire.ProtocolError, match="goes on at byte"):
        start(Pieces(SHA256, next_bytes)).export_model("wine")


def test_a_file_that_changed_on_its_way_is_refused(start: Start) -> None:
    with pytest.raises(modelwire.ProtocolError, match=r"wine-2\.onnx came with another SHA-256"):
        start(Pieces("0" * 64)).export_model("wine")


class Importances:
    """Answers these, and remembers what was asked for."""

    def __init__(self, **parts: Any) -> None:
        self.request = training_wire.PermutationImportanceRequest()
        numbers = np.array([[0.5, 1.0], [0.0, 0.0]])
        fitting = {
            "features": ["size", "noise"],
            "importances": _tensors.to_tensor(numbers),
            "importances_mean": _tensors.to_tensor(numbers.mean(axis=1)),
            "importances_std": _tensors.to_tensor(numbers.std(axis=1)),
        }
        self._answer = training_wire.PermutationImportanceResponse(
            model="house", version=3, n_samples=2, scoring="neg_mean_absolute_error", baseline=-0.25, **fitting | parts
        )

    def permutation_importance(
        self, request: training_wire.PermutationImportanceRequest
    ) -> training_wire.PermutationImportanceResponse:
        self.request = request
        return self._answer


def test_importances_are_arrays_under_the_names_of_scikit_learn(start: Start) -> None:
    handler = Importances()

    found = start(handler).permutation_importance(
        "house", [[1.0], [2.0]], [3.0, 4.0], scoring="neg_mean_absolute_error", n_repeats=2, seed=7
    )

    request = handler.request
    assert (request.model, request.target, request.scoring) == ("house", "target", "neg_mean_absolute_error")
    assert (request.n_repeats, request.seed, request.sample_weight) == (2, 7, None)
    assert (found.version, found.generation, found.n_samples, found.baseline) == (3, None, 2, -0.25)
    assert found.features == ("size", "noise")
    np.testing.assert_array_equal(found.importances, [[0.5, 1.0], [0.0, 0.0]])
    np.testing.assert_array_equal(found.importances_mean, [0.75, 0.0])
    np.testing.assert_array_equal(found.importances_std, [0.25, 0.0])


def test_importances_of_other_columns_are_refused(start: Start) -> None:
    with pytest.raises(modelwire.ProtocolError, match="2 importances came with 1 names"):
        start(Importances(features=["size"])).permutation_importance("house", dataset="rows")
    with pytest.raises(modelwire.InvalidArgument, match="n_repeats"):
        start(Importances()).permutation_importance("house", dataset="rows", n_repeats=0)


@needs_server
def test_the_server_exports_a_model_and_says_what_it_rests_on(tmp_path: Path) -> None:
    rows = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0], [4.0, 5.0]])
    with running(tmp_path) as address, Client(address) as client:
        client.train("line", "linear_regression", features=rows, target=2 * rows[:, 0]).wait()

        exported = client.export_model("line")
        found = client.permutation_importance("line", rows, 2 * rows[:, 0], n_repeats=3)

        assert exported.file_name == "line-1.onnx"
        assert exported.content.count(b"MatMul") >= 1
        assert found.importances.shape == (2, 3)
        assert (found.scoring, found.baseline) == ("r2", 1.0)
        np.testing.assert_array_equal(found.importances[1], 0.0)
        with pytest.raises(modelwire.InvalidArgument, match="there is onnx"):
            client.export_model("line", "pmml")  # type: ignore[arg-type]
