"""Plays scenarios over a driver: the generated client, or our SDK."""

from __future__ import annotations

from typing import Any, Protocol

from expectations import Unexpected, check, recorded, shortened


class Refused(Exception):
    """The server refused a call: its code, and its message and hint as one text."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class Driver(Protocol):
    """Makes calls. Each method takes the arguments of a step and answers a record with the IDL's field names."""

    #: The id of the job that the latest `train` started; "" before the first.
    job: str

    def hello(self, step: dict[str, Any]) -> Any: ...
    def echo(self, step: dict[str, Any]) -> Any: ...
    def train(self, step: dict[str, Any]) -> Any: ...
    def permutation_importance(self, step: dict[str, Any]) -> Any: ...
    def predict(self, step: dict[str, Any]) -> Any: ...
    def predict_many(self, step: dict[str, Any]) -> Any: ...
    def explain(self, step: dict[str, Any]) -> Any: ...
    def upload(self, step: dict[str, Any]) -> Any: ...
    def describe_dataset(self, step: dict[str, Any]) -> Any: ...
    def list_models(self, step: dict[str, Any]) -> Any: ...
    def describe_model(self, step: dict[str, Any]) -> Any: ...
    def get_training_result(self, step: dict[str, Any]) -> Any: ...
    def export_model(self, step: dict[str, Any]) -> Any: ...
    def set_alias(self, step: dict[str, Any]) -> Any: ...
    def load_model(self, step: dict[str, Any]) -> Any: ...
    def unload_model(self, step: dict[str, Any]) -> Any: ...
    def delete_version(self, step: dict[str, Any]) -> Any: ...
    def get_job(self, step: dict[str, Any]) -> Any: ...
    def partial_fit(self, step: dict[str, Any]) -> Any: ...
    def get_learner(self, step: dict[str, Any]) -> Any: ...
    def delete_learner(self, step: dict[str, Any]) -> Any: ...
    def close(self) -> None: ...


def play(scenario: dict[str, Any], driver: Driver, run: str) -> dict[str, Any]:
    """Play the steps of a scenario and return what it recorded, by key; `Unexpected` says where it went wrong."""
    records: dict[str, Any] = {}
    for number, step in enumerate(scenario["steps"], 1):
        step = substituted(step, {"{run}": run, "{job}": driver.job})
        try:
            answer = _call(step, driver)
            check(step.get("expect", {}), answer)
            _compare_and_record(step, answer, records)
        except Unexpected as why:
            raise Unexpected(f"step {number}, {step['call']}: {why}") from why
    return {f"{scenario['name']}/{key}": value for key, value in records.items()}


def substituted(node: Any, values: dict[str, str]) -> Any:
    """Replace {run} and {job} in every string."""
    if isinstance(node, str):
        for name, value in values.items():
            node = node.replace(name, value)
        return node
    if isinstance(node, list):
        return [substituted(each, values) for each in node]
    if isinstance(node, dict):
        return {key: substituted(each, values) for key, each in node.items()}
    return node


def _call(step: dict[str, Any], driver: Driver) -> Any:
    expected = step.get("expect_error")
    try:
        answer = getattr(driver, step["call"])(step)
    except Refused as refusal:
        if expected is None:
            raise Unexpected(f"refused with {refusal}") from refusal
        if refusal.code != expected["code"] or expected["contains"] not in refusal.text:
            raise Unexpected(
                f"refused with {refusal}, expected {expected['code']}: …{expected['contains']}…"
            ) from refusal
        return {}
    if expected is not None:
        raise Unexpected(f"answered {shortened(answer)}, expected {expected['code']}")
    return answer


def _compare_and_record(step: dict[str, Any], answer: Any, records: dict[str, Any]) -> None:
    if "same_as" in step and recorded(answer) != records[step["same_as"]]:
        raise Unexpected(f"{recorded(answer)} differs from {step['same_as']}: {records[step['same_as']]}")
    if "record" in step:
        records[step["record"]] = recorded(answer)
