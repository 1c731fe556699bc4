"""Rows that take more than one call, and several requests in one: by both clients, from a server that takes notes."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from fake_server import FakeServer, answering
from modelwire_wire.inference.ttypes import PredictManyResponse, PredictOutcome, PredictResponse
from modelwire_wire.types.ttypes import ServiceError
from of_asyncio import both_clients  # noqa: F401

import modelwire
from modelwire import Client, _columns, _tensors


class Doubling:
    """Answers twice the first column, as version 1 of a model whose alias moves after the first call."""

    def __init__(self, classes: list[str] | None = None, wrong_from: int | None = None) -> None:
        self.asked: list[tuple[str, int]] = []
        self._classes = classes
        self._wrong_from = wrong_from
        self._lock = threading.Lock()

    def predict(self, request: Any) -> PredictResponse:
        rows = _tensors.from_tensor(request.matrix)
        assert rows is not None
        with self._lock:
            self.asked.append((request.model, len(rows)))
            version = 1 if request.model.endswith("@1") or len(self.asked) == 1 else 2
        if self._wrong_from is not None and rows[-1, 0] >= self._wrong_from:
            raise ServiceError(code=1, code_name="INVALID_ARGUMENT", message="row 5 is NaN", executed=False)
        response = PredictResponse(model="double", version=version, generation=version)
        response.values = _tensors.to_tensor(2 * rows[:, 0])
        if self._classes is not None:
            classes = np.array(self._classes, dtype=object)
            labels = classes[rows[:, 0].astype(int) % len(classes)]
            response.labels, response.classes = (
                _columns._write(_columns.to_column(name, values)) for name, values in [("l", labels), ("c", classes)]
            )
        return response

    def predict_many(self, request: Any) -> PredictManyResponse:
        outcomes = [PredictOutcome(response=PredictResponse(model=item.model)) for item in request.items[:-1]]
        error = ServiceError(code=2, code_name="NOT_FOUND", message=f"no {request.items[-1].model}", executed=False)
        return PredictManyResponse(outcomes=[*outcomes, PredictOutcome(error=error)])


def rows(count: int) -> Any:
    return np.arange(count, dtype=np.float64).reshape(-1, 1).repeat(2, axis=1)


def predicted(handler: Doubling, count: int, **options: Any) -> modelwire.Prediction:
    with FakeServer(answering(handler)) as server, Client(server.address, **options) as client:
        prediction: modelwire.Prediction = client.predict("double@canary", rows(count))
        return prediction


def test_rows_that_fit_a_call_are_one_call() -> None:
    handler = Doubling()

    predicted(handler, 100, max_frame_bytes=3200)

    assert handler.asked == [("double@canary", 100)]


def test_rows_beyond_a_call_are_answered_whole_in_order_and_by_one_version() -> None:
    handler = Doubling()

    prediction = predicted(handler, 1000, max_frame_bytes=3200)

    assert prediction.values is not None
    np.testing.assert_array_equal(prediction.values, 2.0 * np.arange(1000))
    assert not prediction.values.flags.writeable
    assert (prediction.model, prediction.version, prediction.generation) == ("double", 1, 1)
    assert handler.asked[0] == ("double@canary", 1)
    assert sorted(handler.asked[1:]) == [("double@1", 99)] + 9 * [("double@1", 100)]


def test_answers_that_are_larger_than_their_rows_decide_where_these_are_cut() -> None:
    handler = Doubling(classes=[f"class-{at:03}" for at in range(10)])

    prediction = predicted(handler, 1000, max_frame_bytes=16_000)

    assert prediction.labels is not None
    assert prediction.labels.tolist() == [f"class-{at % 10:03}" for at in range(1000)]
    assert max(count for _, count in handler.asked) == 8000 // (4 + 9 + 8 * 10)


def test_the_error_of_a_piece_says_from_where_its_rows_are_counted() -> None:
    handler = Doubling(wrong_from=901)

    with pytest.raises(modelwire.InvalidArgument, match=r"row 5 is NaN \(rows are counted from row 901\)"):
        predicted(handler, 1000, max_frame_bytes=3200)


def test_a_client_that_has_one_connection_sends_the_pieces_over_it() -> None:
    handler = Doubling()

    prediction = predicted(handler, 1000, max_frame_bytes=3200, max_connections=1)

    assert prediction.values is not None
    assert len(prediction.values) == 1000


def test_each_of_many_requests_has_its_answer_or_its_error() -> None:
    with FakeServer(answering(Doubling())) as server, Client(server.address) as client:
        answers = client.predict_many([("a", rows(1)), ("b", {"x": [1.0]}), ("c", rows(2))])

    assert [getattr(answer, "model", None) for answer in answers] == ["a", "b", None]
    assert isinstance(answers[2], modelwire.NotFound)
    assert (str(answers[2]), answers[2].executed) == ("no c", False)


@pytest.mark.parametrize(("wrong", "why"), [("wine", "a model and its rows"), (("wine", [[1.0], []]), "row 1 has 0")])
def test_a_request_that_is_none_is_named_and_nothing_is_sent(wrong: Any, why: str) -> None:
    with (
        Client("127.0.0.1:1") as client,
        pytest.raises(modelwire.InvalidArgument, match=f"request 1.*{why}"),
    ):
        client.predict_many([("wine", [[1.0]]), wrong])
