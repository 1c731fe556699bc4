"""Arguments of a wrong kind: refused with what came and what is taken, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import modelwire
from modelwire import Client, Step, _tensors

ROWS = [[1.0], [2.0]]


@pytest.fixture
def client() -> Iterator[Client]:
    """A client of a port where nobody listens: a call that is sent is Unavailable."""
    with Client("127.0.0.1:1", timeout=1.0) as client:
        yield client


def train(client: Client, steps: Any = "k_means", **arguments: Any) -> Any:
    return client.train("m", steps, **({"features": ROWS} | arguments))


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda it: it.predict("p", 3), "rows are 3; they are a matrix"),
        (lambda it: it.predict("p", "abc"), "rows are 'abc'"),
        (lambda it: it.predict(3, ROWS), "model is 3; it is text"),
        (lambda it: it.predict("a\udc80", ROWS), "model is .* not Unicode text"),
        (lambda it: it.predict("p", [[10**400]]), "matrix holds numbers"),
        (lambda it: it.predict("p", {"a\udc80": [1]}), "name is .* not Unicode text"),
        (lambda it: train(it, None), "steps is None; it is a list of steps"),
        (lambda it: train(it, {"k_means": {}}), "list of steps"),
        (lambda it: train(it, "standard_scaler,linear_regression"), r"list: \['standard_scaler', 'linear_reg"),
        (lambda it: train(it, [Step("k_means", 3)]), "mapping of names to values"),  # type: ignore[arg-type]
        (lambda it: train(it, [Step("standard_scaler", columns="ab")]), "columns of standard_scaler is 'ab'"),
        (lambda it: train(it, names=[1]), r"names\[0\] is 1; it is text"),
        (lambda it: train(it, features=[[1, 2]], names="ab"), "names is 'ab'; it is a list of texts"),
        (lambda it: train(it, validation_fraction="a fifth"), "validation_fraction is 'a fifth'; it is a number"),
        (lambda it: train(it, sample_weight="count"), 'sample_weight="count" names a column'),
        (lambda it: train(it, sample_weight=[1.0, 2.0, 3.0]), "sample_weight"),
        (lambda it: train(it, target=[1.0, 2.0], targets=[[1.0], [2.0]]), "target= and targets= were both given"),
        (lambda it: train(it, targets=[1.0, 2.0]), r"targets have shape \(n_samples, n_targets\), got \(2,\)"),
        (lambda it: train(it, features={"a": [1.0]}, targets={"a": [2.0]}), '"a" is a feature and a target'),
        (lambda it: train(it, features=None, dataset="d", targets="ab"), "targets is 'ab'; it is a list of texts"),
        (lambda it: train(it, seed=2**63), "seed is 9223372036854775808; it is a whole number in"),
        (lambda it: train(it, features=3, dataset="d"), "features is 3"),
        (lambda it: it.set_alias("m", "stable", 2**70), "version is 1180591620717411303424"),
        (lambda it: it.set_alias("m", "stable", True), "version is True"),
        (lambda it: it.hello(timeout="3"), "time-out of '3' s"),
        (lambda it: it.hello(timeout=True), "time-out of True s"),
        (lambda it: it.hello(timeout=1e300), "at most 1e9"),
        (lambda it: it.echo("text"), "payload is 'text'; it is bytes"),
        (lambda it: it.list_jobs(limit="3"), "limit is '3'"),
        (lambda it: it.get_job(3), "job_id is 3"),
        (lambda it: it.upload("d", {"a": [1]}, rows_per_piece="3"), "rows_per_piece is '3'"),
        (lambda _: Client(None), "None is no address"),  # type: ignore[arg-type]
        (lambda _: Client("a" * 100).hello(), "no address of a server"),
        (lambda _: Client(max_connections="3"), "max_connections is '3'"),  # type: ignore[arg-type]
    ],
)
def test_an_argument_of_a_wrong_kind_is_refused(client: Client, call: Callable[[Client], Any], why: str) -> None:
    with pytest.raises(modelwire.InvalidArgument, match=why):
        call(client)


@pytest.mark.parametrize(
    ("rows", "where"),
    [
        (np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]], [[False, False], [True, False]]), "row 1, column 0"),
        (np.ma.masked_array([1.0, 2.0], [False, True]), "row 0, column 1"),
        ([[1.0, 2.0], np.ma.masked_array([3.0, 4.0], [False, True])], "row 1, column 1"),
        ([[1.0, np.ma.masked]], "row 0, column 1"),
    ],
)
def test_masked_values_of_a_matrix_are_refused(client: Client, rows: Any, where: str) -> None:
    for call in (lambda: client.predict("p", rows), lambda: train(client, features=rows)):
        with pytest.raises(modelwire.InvalidArgument, match=f"{where} of the matrix is masked"):
            call()


def test_a_mask_that_hides_nothing_is_no_mask() -> None:
    np.testing.assert_array_equal(_tensors.to_matrix(np.ma.masked_array(ROWS, mask=False)), ROWS)


def test_a_whole_number_of_numpy_is_a_whole_number(client: Client) -> None:
    with pytest.raises(modelwire.Unavailable):
        client.set_alias("m", "stable", np.int64(3))  # type: ignore[arg-type]
