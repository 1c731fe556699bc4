"""What a step expects of an answer, as tests/interop/README.md says."""

from __future__ import annotations

import struct
from typing import Any

RECORDED = (
    *("values", "labels", "probabilities", "classes", "clusters", "distances", "transformed"),
    *("base_values", "contributions"),
)


class Unexpected(Exception):
    """An answer is not what a scenario expects."""


def check(expected: dict[str, Any], answer: Any) -> None:
    """Compare what stands at each path of the answer."""
    for path, expectation in expected.items():
        actual = at(answer, path)
        if not holds(expectation, actual):
            raise Unexpected(f"{path} is {shortened(actual)}, expected {shortened(expectation)}")


def at(answer: Any, path: str) -> Any:
    """What stands at a dotted path; None if nothing does."""
    for name in path.split("."):
        if isinstance(answer, list) and name.isdigit() and int(name) < len(answer):
            answer = answer[int(name)]
        elif isinstance(answer, dict):
            answer = answer.get(name)
        else:
            return None
    return answer


def holds(expectation: Any, actual: Any) -> bool:
    """Tell whether one expectation holds."""
    if not isinstance(expectation, dict):
        return bool(expectation == actual)
    if "near" in expectation:
        return _is_near(expectation["near"], expectation["relative"], actual)
    if "between" in expectation:
        low, high = expectation["between"]
        return _is_between(low, high, actual)
    return _contains(actual, expectation["contains"])


def recorded(answer: dict[str, Any]) -> dict[str, Any]:
    """The predictions of an answer, doubles as the hex digits of their bits."""
    return {name: _bits(answer[name]) for name in RECORDED if answer.get(name) is not None}


def shortened(value: Any) -> str:
    """A value as an error shows it."""
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _is_near(expected: Any, relative: float, actual: Any) -> bool:
    if isinstance(expected, list):
        return (
            isinstance(actual, list)
            and len(actual) == len(expected)
            and all(_is_near(left, relative, right) for left, right in zip(expected, actual, strict=True))
        )
    return isinstance(actual, int | float) and abs(actual - expected) <= relative * max(abs(expected), 1e-300)


def _is_between(low: float, high: float, actual: Any) -> bool:
    if isinstance(actual, list):
        return all(_is_between(low, high, each) for each in actual)
    return isinstance(actual, int | float) and low <= actual <= high


def _contains(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, list):
        return any(each == wanted or (isinstance(each, dict) and each.get("name") == wanted) for each in actual)
    return isinstance(actual, str) and wanted in actual


def _bits(value: Any) -> Any:
    if isinstance(value, list):
        return [_bits(each) for each in value]
    return struct.pack(">d", value).hex() if isinstance(value, float) else value
