"""The runner's own rules: an expectation that cannot fail would hide every fault."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from expectations import Unexpected, at, check, holds, recorded
from player import Refused, play


@pytest.mark.parametrize(
    ("expectation", "holds_for", "fails_for"),
    [
        (1, 1.0, 2),
        (None, None, 0),
        (["a", "b"], ["a", "b"], ["b", "a"]),
        ({"near": 2.0, "relative": 0.1}, 2.1, 2.3),
        ({"near": [1.0, 2.0], "relative": 0.1}, [1.0, 2.1], [1.0]),
        ({"near": [1.0], "relative": 0.1}, [1.0], None),
        ({"between": [0, 1]}, [[0.5, 1.0]], [[0.5, 1.5]]),
        ({"between": [0, 1]}, 0, "0"),
        ({"contains": "age"}, 'column "age"', "column"),
        ({"contains": "a"}, [{"name": "a"}], [{"name": "ab"}]),
        ({"contains": "a"}, ["a"], None),
    ],
)
def test_an_expectation_holds_for_what_it_says_and_fails_for_the_rest(
    expectation: Any, holds_for: Any, fails_for: Any
) -> None:
    assert holds(expectation, holds_for)
    assert not holds(expectation, fails_for)


def test_a_path_leads_through_records_and_lists() -> None:
    answer = {"model": {"steps": [{"algorithm": "k_means"}]}}

    assert at(answer, "model.steps.0.algorithm") == "k_means"
    assert at(answer, "model.steps.1.algorithm") is at(answer, "model.name") is at(answer, "x.y") is None


def test_what_differs_is_named() -> None:
    with pytest.raises(Unexpected, match="version is 2, expected 1"):
        check({"version": 1}, {"version": 2})


def test_doubles_are_recorded_as_their_bits() -> None:
    answer = {"values": [1.0, -0.0], "labels": ["a"], "clusters": [3], "version": 1, "distances": None}

    assert recorded(answer) == {"values": ["3ff0000000000000", "8000000000000000"], "labels": ["a"], "clusters": [3]}


class Scripted:
    """Refuses or answers `predict` as told."""

    job = ""

    def __init__(self, *answers: Any) -> None:
        self._answers = iter(answers)

    def predict(self, _step: dict[str, Any]) -> Any:
        answer = next(self._answers)
        if isinstance(answer, Refused):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("step", "answer", "why"),
    [
        ({"expect_error": {"code": "NOT_FOUND", "contains": "x"}}, {}, "expected NOT_FOUND"),
        ({"expect_error": {"code": "NOT_FOUND", "contains": "x"}}, Refused("INTERNAL", "x"), "expected NOT_FOUND"),
        ({"expect_error": {"code": "NOT_FOUND", "contains": "x"}}, Refused("NOT_FOUND", "y"), "expected NOT_FOUND"),
        ({}, Refused("NOT_FOUND", "y"), "refused with NOT_FOUND: y"),
        ({"expect": {"version": 1}}, {"version": 2}, "version is 2"),
    ],
)
def test_a_step_that_goes_otherwise_fails_its_scenario(step: dict[str, Any], answer: Any, why: str) -> None:
    scenario = {"name": "s", "steps": [{"call": "predict", **step}]}

    with pytest.raises(Unexpected, match=why):
        play(scenario, Scripted(answer), "run")  # type: ignore[arg-type]  # it is asked to predict only


def test_predictions_that_differ_by_a_bit_are_not_the_same() -> None:
    steps = [{"call": "predict", "record": "a"}, {"call": "predict", "same_as": "a"}]
    answers = [{"values": [1.0]}, {"values": [1.0000000000000002]}]

    with pytest.raises(Unexpected, match="differs from a"):
        play({"name": "s", "steps": steps}, Scripted(*answers), "run")  # type: ignore[arg-type]
    assert play({"name": "s {run}", "steps": steps}, Scripted(answers[0], answers[0]), "r") == {  # type: ignore[arg-type]
        "s {run}/a": {"values": ["3ff0000000000000"]}
    }


def test_the_numbers_of_the_scenarios_are_those_of_the_closed_forms() -> None:
    check_numbers = [sys.executable, str(Path(__file__).parents[1] / "expected_numbers.py"), "--check"]

    checked = subprocess.run(check_numbers, capture_output=True, text=True, check=False)

    assert (checked.stdout, checked.returncode) == ("", 0)
