"""What transductive models made of their training rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Start
from modelwire_wire.models import ttypes as wire
from real_server import needs_server, running

import modelwire
from modelwire import Client, _tensors


class Pages:
    """Answers pages of three rows, and remembers what was asked for."""

    def __init__(self, field: str, rows: Any, next_rows: tuple[int | None, ...] = (3, 6, None)) -> None:
        self.asked: list[tuple[str, int | None]] = []
        self._field, self._rows, self._next_rows = field, rows, next_rows

    def get_training_result(self, request: wire.GetTrainingResultRequest) -> wire.GetTrainingResultResponse:
        self.asked.append((request.model, request.from_row))
        first = request.from_row or 0
        response = wire.GetTrainingResultResponse(
            model="groups", version=2, total_rows=len(self._rows), next_row=self._next_rows[len(self.asked) - 1]
        )
        setattr(response, self._field, _tensors.to_tensor(self._rows[first : first + 3]))
        return response


def test_a_large_result_is_read_in_pages_of_one_version(start: Start) -> None:
    pages = Pages("labels", np.array([0, 0, 1, -1, 1, 2, 2]))

    result = start(pages).training_result("groups@canary")

    assert pages.asked == [("groups@canary", None), ("groups@2", 3), ("groups@2", 6)]
    assert (result.model, result.version, len(result), result.embedding) == ("groups", 2, 7, None)
    assert result.labels is not None
    assert result.labels.tolist() == [0, 0, 1, -1, 1, 2, 2]


def test_an_embedding_keeps_its_bits(start: Start) -> None:
    places = np.random.default_rng(5).normal(size=(8, 2))

    result = start(Pages("embedding", places)).training_result("places")

    assert result.labels is None
    assert result.embedding is not None
    assert result.embedding.tobytes() == places.tobytes()


@pytest.mark.parametrize("next_rows", [(2,), (0,), (3, 3), (3, 7)])
def test_pages_that_do_not_follow_each_other_are_no_result(start: Start, next_rows: tuple[int, ...]) -> None:
    client = start(Pages("labels", np.arange(7), next_rows))

    with pytest.raises(modelwire.ProtocolError, match="goes on at row"):
        client.training_result("groups")


def test_a_result_of_nothing_is_none(start: Start) -> None:
    class Nothing:
        def get_training_result(self, _: Any) -> wire.GetTrainingResultResponse:
            return wire.GetTrainingResultResponse(model="groups", version=1, total_rows=0)

    with pytest.raises(modelwire.ProtocolError, match="neither labels nor"):
        start(Nothing()).training_result("groups")


@needs_server
def test_the_server_labels_its_training_rows_and_no_others(tmp_path: Path) -> None:
    rows = [[0.0], [0.1], [0.2], [9.0]]
    with running(tmp_path) as address, Client(address) as client:
        version = client.train("groups", [("dbscan", {"min_samples": 2})], features=rows).wait()

        result = client.training_result("groups")
        algorithms = {it.name: it.transductive for it in client.describe().algorithms}

        assert result.labels is not None
        assert result.labels.tolist() == [0, 0, 0, -1]
        assert version.metrics == {"n_clusters": 1.0, "noise": 0.25}
        assert (algorithms["dbscan"], algorithms["k_means"]) == (True, False)
        with pytest.raises(modelwire.FailedPrecondition, match="get_training_result"):
            client.predict("groups", rows)
