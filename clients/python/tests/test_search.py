"""Searches for hyper-parameters: what is sent, and the table that comes back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import Start
from modelwire_wire.search import ttypes as search_wire
from modelwire_wire.training import ttypes as training_wire
from modelwire_wire.types import ttypes as wire
from test_client import Recorder

import modelwire
from modelwire import CrossValidation, Range


def job(state: str = "QUEUED") -> training_wire.Job:
    return training_wire.Job(id="j1", state_name=state, model="line", progress=0.0, sequence=1)


def candidate(number: int, **parts: Any) -> search_wire.SearchCandidate:
    parameter = wire.Parameter(name="alpha", number=0.5)
    chosen = search_wire.CandidateParameter(step=1, algorithm="ridge", parameter=parameter)
    return search_wire.SearchCandidate(number=number, rank=1, parameters=[chosen], n_resources=100, **parts)


TABLE = search_wire.GetSearchResultResponse(
    scoring="r2",
    n_splits=2,
    candidates=[
        candidate(
            2, mean_test_score=0.25, std_test_score=0.125, split_test_scores=[0.125, 0.375], mean_fit_seconds=1.5
        ),
        candidate(1, error="fold 1 of 2: why"),
    ],
    best_steps=[wire.Step(algorithm="ridge", parameters=[wire.Parameter(name="alpha", number=0.5)])],
)


def test_what_is_searched_travels(start: Start) -> None:
    handler = Recorder(search=training_wire.SearchResponse(job=job()))

    started = start(handler).search(
        "line",
        ["pca", "ridge"],
        {"alpha": [1.0, 2], "pca__n_components": Range(1, 3, "integers"), (0, "whiten"): np.array([True])},
        dataset="rows@2",
        target="y",
        seed=3,
        strategy="random",
        n_candidates=5,
        cv=CrossValidation("group_k_fold", n_splits=3, shuffle=True),
        groups="patient",
        scoring="neg_rmse",
        publish=True,
    )

    request = handler.request
    assert (started.id, request.model, request.dataset, request.target, request.seed) == (
        "j1",
        "line",
        "rows@2",
        "y",
        3,
    )
    assert (request.strategy, request.n_candidates, request.factor) == ("random", 5, None)
    folds = request.cross_validation
    assert (folds.kind, folds.n_splits, folds.shuffle, folds.group) == ("group_k_fold", 3, True, "patient")
    assert (request.scoring, request.publish) == ("neg_rmse", True)
    alpha, components, whiten = request.parameters
    assert (alpha.name, alpha.step, alpha.algorithm) == ("alpha", None, None)
    assert [(each.number, each.integer) for each in alpha.values] == [(1.0, None), (None, 2)]
    assert (components.algorithm, components.name, components.distribution) == ("pca", "n_components", "integers")
    assert (components.low, components.high, components.values) == (1, 3, None)
    assert (whiten.step, whiten.name, whiten.values[0].flag) == (0, "whiten", True)


def test_several_targets_travel_by_their_names(start: Start) -> None:
    handler = Recorder(search=training_wire.SearchResponse(job=job()))
    client = start(handler)

    client.search("lines", "ridge", {"alpha": [1.0]}, dataset="rows", targets=["z", "y"])
    stored = handler.request
    client.search("lines", "ridge", {"alpha": [1.0]}, features=np.eye(2), targets=[[1.0, 2.0], [3.0, 4.0]])
    sent = handler.request

    assert (stored.targets, stored.target, stored.table) == (["z", "y"], None, None)
    assert (sent.targets, sent.features) == (["target0", "target1"], ["x0", "x1"])
    assert [each.name for each in sent.table.columns] == ["x0", "x1", "target0", "target1"]


def test_groups_of_rows_travel_as_a_column_that_is_no_feature(start: Start) -> None:
    handler = Recorder(search=training_wire.SearchResponse(job=job()))

    start(handler).search(
        "line", "ridge", {"alpha": [1.0]}, features=np.eye(2), target=[1.0, 2.0], groups=["a", "b"], cv=2
    )

    request = handler.request
    assert [each.name for each in request.table.columns] == ["x0", "x1", "target", "group"]
    assert (request.features, request.cross_validation.group) == (["x0", "x1"], "group")
    assert request.cross_validation.n_splits == 2


def test_a_table_is_its_candidates_best_first(start: Start) -> None:
    found = start(Recorder(get_search_result=TABLE)).search_result("j1")

    best, failed = found.candidates
    assert found.best is best
    assert (best.number, best.parameters, best.mean_test_score, best.std_test_score) == (2, {"alpha": 0.5}, 0.25, 0.125)
    assert (best.split_test_scores, best.mean_fit_time, best.n_resources) == ([0.125, 0.375], 1.5, 100)
    assert (failed.error, failed.mean_test_score, failed.split_test_scores) == ("fold 1 of 2: why", None, [])
    assert (found.scoring, found.n_splits, found.best_steps) == ("r2", 2, [modelwire.Step("ridge", {"alpha": 0.5})])


def page(number: int, **parts: Any) -> search_wire.GetSearchResultResponse:
    return search_wire.GetSearchResultResponse(scoring="r2", n_splits=2, candidates=[candidate(number)], **parts)


def test_a_large_table_is_read_page_by_page(start: Start) -> None:
    pages = {None: page(2, next_candidate=1), 1: page(3, next_candidate=2), 2: page(1)}
    handler = Recorder(get_search_result=lambda request: pages[request.from_candidate])

    found = start(handler).search_result("j1")

    assert ([each.number for each in found.candidates], handler.request.job_id) == ([2, 3, 1], "j1")


@pytest.mark.parametrize("wrong", [page(2, next_candidate=2), search_wire.GetSearchResultResponse(next_candidate=0)])
def test_a_table_that_does_not_go_on_where_it_ended_is_a_protocol_error(start: Start, wrong: Any) -> None:
    with pytest.raises(modelwire.ProtocolError):
        start(Recorder(get_search_result=wrong)).search_result("j1")


def test_a_search_that_publishes_nothing_is_waited_for_by_its_table(start: Start) -> None:
    ended = training_wire.WatchJobResponse(events=[], job=job("SUCCEEDED"))
    handler = Recorder(search=training_wire.SearchResponse(job=job()), watch_job=ended, get_search_result=TABLE)
    started = start(handler).search("line", "ridge", {"alpha": [1.0]}, dataset="rows", target="y")

    assert started.result().best.number == 2
    with pytest.raises(modelwire.FailedPrecondition, match="published no version"):
        started.wait()


@pytest.mark.parametrize("parameters", [["alpha"], {"alpha": 1.0}, {"alpha": "abc"}, {1: [2]}, {"alpha": [object()]}])
def test_what_cannot_be_tried_is_refused(start: Start, parameters: Any) -> None:
    with pytest.raises(modelwire.InvalidArgument):
        start(Recorder()).search("line", "ridge", parameters, dataset="rows", target="y")


def test_groups_that_do_not_go_with_the_rows_are_refused(start: Start) -> None:
    client = start(Recorder())

    with pytest.raises(modelwire.InvalidArgument, match="groups is the name of a column"):
        client.search("line", "ridge", {"alpha": [1.0]}, dataset="rows", target="y", groups=[1, 2])
    with pytest.raises(modelwire.InvalidArgument, match="names a column"):
        client.search("line", "ridge", {"alpha": [1.0]}, features=np.eye(2), target=[1.0, 2.0], groups="patient")
