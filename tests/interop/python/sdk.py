"""Calls by our SDK, through its public names only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from player import Refused

from modelwire import Client, ColumnSchema, Job, LearnedBatch, ModelwireError, Prediction, Step, Tls, read_csv

_T = TypeVar("_T")
_ARRAYS = ("values", "labels", "probabilities", "classes", "clusters", "distances", "transformed")


class SdkDriver:
    """One client."""

    def __init__(self, address: str, data: Path, ca: Path | None, token: str | None) -> None:
        self._client = Client(address, tls=None if ca is None else Tls(ca=ca), token=token)
        self._data = data
        self.job = ""

    def close(self) -> None:
        self._client.close()

    def hello(self, step: dict[str, Any]) -> Any:
        greeting = _called(lambda: self._client.hello(step["name"]))
        return {"greeting": greeting.greeting, "server": greeting.server, "version": greeting.version}

    def echo(self, step: dict[str, Any]) -> Any:
        payload = bytes(at * at % 65521 % 256 for at in range(step["bytes"]))
        answer = _called(lambda: self._client.echo(payload))
        return {"bytes": len(payload) if answer == payload else "other bytes came back"}

    def train(self, step: dict[str, Any]) -> Any:
        job = _called(
            lambda: self._client.train(
                step["model"],
                [Step(each["algorithm"], each["parameters"], each.get("columns")) for each in step["steps"]],
                table=self._rows(step),
                dataset=step.get("dataset"),
                target=step.get("target"),
                targets=step.get("targets"),
                features=step.get("features"),
                sample_weight=step.get("sample_weight"),
                seed=step.get("seed"),
            )
        )
        self.job = job.id
        _called(job.wait)
        return _job(_called(lambda: self._client.get_job(job.id)))

    def search(self, step: dict[str, Any]) -> Any:
        tries = {
            f"{each['algorithm']}__{each['name']}" if "algorithm" in each else each["name"]: each["values"]
            for each in step["tries"]
        }
        job = _called(
            lambda: self._client.search(
                step["model"],
                [Step(each["algorithm"], each["parameters"]) for each in step["steps"]],
                tries,
                table=self._rows(step),
                dataset=step.get("dataset"),
                target=step.get("target"),
                targets=step.get("targets"),
                seed=step.get("seed"),
                cv=step.get("folds"),
                groups=step.get("group"),
                publish=step.get("publish", False),
            )
        )
        self.job = job.id
        found = _called(job.result)
        return vars(found) | {
            "candidates": [vars(each) for each in found.candidates],
            "best_steps": [vars(each) for each in found.best_steps or ()],
        }

    def evaluate(self, step: dict[str, Any]) -> Any:
        found = _called(
            lambda: self._client.evaluate(
                step["model"],
                table=self._rows(step),
                dataset=step.get("dataset"),
                target=step.get("target"),
                sample_weight=step.get("sample_weight"),
            )
        )
        return vars(found) | {
            "labels": None if found.labels is None else found.labels.tolist(),
            "classes": None if found.classes is None else [vars(each) for each in found.classes],
            "confusion": None if found.confusion is None else found.confusion.tolist(),
        }

    def permutation_importance(self, step: dict[str, Any]) -> Any:
        found = _called(
            lambda: self._client.permutation_importance(
                step["model"],
                table=self._rows(step),
                dataset=step.get("dataset"),
                target=step.get("target"),
                sample_weight=step.get("sample_weight"),
                scoring=step.get("scoring"),
                n_repeats=step.get("n_repeats"),
                seed=step.get("seed"),
            )
        )
        return vars(found) | {
            "features": list(found.features),
            "importances_mean": found.importances_mean.tolist(),
            "importances_std": found.importances_std.tolist(),
            "importances": found.importances.tolist(),
        }

    def predict(self, step: dict[str, Any]) -> Any:
        return _prediction(_called(lambda: self._client.predict(step["model"], _asked(step))))

    def predict_many(self, step: dict[str, Any]) -> Any:
        requests = [(item["model"], _asked(item)) for item in step["items"]]
        return {"outcomes": [_outcome(each) for each in _called(lambda: self._client.predict_many(requests))]}

    def explain(self, step: dict[str, Any]) -> Any:
        explanation = _called(lambda: self._client.explain(step["model"], _asked(step)))
        classes = explanation.classes
        return vars(explanation) | {
            "base_values": explanation.base_values.tolist(),
            "contributions": explanation.contributions.tolist(),
            "features": list(explanation.features),
            "classes": None if classes is None else classes.tolist(),
            "outputs": None if explanation.outputs is None else list(explanation.outputs),
        }

    def upload(self, step: dict[str, Any]) -> Any:
        path = self._data / step["csv"]
        dataset = _called(lambda: self._client.upload(step["dataset"], path, rows_per_piece=step["rows_per_piece"]))
        return {"dataset": {"name": dataset.name, "version": dataset.version, "n_rows": dataset.n_rows}}

    def describe_dataset(self, step: dict[str, Any]) -> Any:
        described = _called(lambda: self._client.describe_dataset(step["dataset"]))
        dataset = described.dataset
        return {
            "dataset": {
                "name": dataset.name,
                "version": dataset.version,
                "n_rows": dataset.n_rows,
                "columns": [_column(column) for column in dataset.columns],
            },
            "statistics": [vars(it) | {"column": _column(it.column)} for it in described.statistics],
        }

    def list_models(self, _step: dict[str, Any]) -> Any:
        return {"models": [vars(model) for model in _called(self._client.list_models)]}

    def describe_model(self, step: dict[str, Any]) -> Any:
        model = _called(lambda: self._client.describe_model(step["model"]))
        schema = model.schema
        return {
            "model": vars(model)
            | {
                "steps": [_step(step) for step in model.steps],
                "schema": {
                    "features": [_column(column) for column in schema.features],
                    "target": None if schema.target is None else _column(schema.target),
                    "classes": None if schema.classes is None else schema.classes.tolist(),
                    "targets": [_column(target) for target in schema.targets] or None,
                    "outputs": None if schema.outputs is None else list(schema.outputs),
                },
                "aliases": list(model.aliases),
            }
        }

    def get_training_result(self, step: dict[str, Any]) -> Any:
        result = _called(lambda: self._client.training_result(step["model"]))
        rows = {"labels": result.labels, "embedding": result.embedding}
        read = {name: None if values is None else values.tolist() for name, values in rows.items()}
        return {"model": result.model, "version": result.version, **read}

    def export_model(self, step: dict[str, Any]) -> Any:
        file = _called(lambda: self._client.export_model(step["model"], step["format"]))
        return {
            "model": file.model,
            "version": file.version,
            "file_name": file.file_name,
            "sha256": file.sha256,
            "bytes": len(file.content),
        }

    def set_alias(self, step: dict[str, Any]) -> Any:
        alias = _called(
            lambda: self._client.set_alias(
                step["model"], step["alias"], step["version"], expected_generation=step.get("expected_generation")
            )
        )
        return {"current": None if alias is None else vars(alias)}

    def load_model(self, step: dict[str, Any]) -> Any:
        return {"model_bytes": _called(lambda: self._client.load_model(step["model"], step["version"]))}

    def unload_model(self, step: dict[str, Any]) -> Any:
        _called(lambda: self._client.unload_model(step["model"], step["version"]))
        return {}

    def delete_version(self, step: dict[str, Any]) -> Any:
        _called(lambda: self._client.delete_version(step["model"], step["version"]))
        return {}

    def get_job(self, step: dict[str, Any]) -> Any:
        return {"job": _job(_called(lambda: self._client.get_job(step["job"])))}

    def partial_fit(self, step: dict[str, Any]) -> Any:
        steps = [Step(each["algorithm"], each["parameters"], each.get("columns")) for each in step.get("steps", [])]
        learned = _called(
            lambda: self._client.partial_fit(
                step["model"],
                steps or None,
                table=self._rows(step),
                target=step.get("target"),
                expected_batch=step.get("expected_batch"),
            )
        )
        return _learned(learned)

    def get_learner(self, step: dict[str, Any]) -> Any:
        learner = _called(lambda: self._client.get_learner(step["model"]))
        recent = [_learned(each) for each in learner.recent]
        return {
            "learner": {
                "model": learner.model,
                "batches": learner.batches,
                "samples": learner.samples,
                "last_version": learner.last_version,
                "recent": recent,
            }
        }

    def delete_learner(self, step: dict[str, Any]) -> Any:
        _called(lambda: self._client.delete_learner(step["model"]))
        return {}

    def _rows(self, step: dict[str, Any]) -> Any:
        return read_csv(self._data / step["csv"]) if "csv" in step else step.get("table")


def _called(call: Callable[[], _T]) -> _T:
    try:
        return call()
    except ModelwireError as error:
        raise Refused(error.code, str(error)) from error


def _learned(learned: LearnedBatch) -> dict[str, Any]:
    return vars(learned) | {"notes": list(learned.notes) or None}


def _job(job: Job) -> dict[str, Any]:
    error = None if job.error is None else {"code_name": job.error.code, "message": job.error.message}
    return {
        "id": job.id,
        "state_name": job.state,
        "model": job.model,
        "version": job.version,
        "metrics": job.metrics,
        "error": error,
    }


def _asked(step: dict[str, Any]) -> Any:
    return np.array(step["matrix"], np.float64) if "matrix" in step else step["table"]


def _outcome(outcome: Prediction | ModelwireError) -> dict[str, Any]:
    if isinstance(outcome, ModelwireError):
        return {"error": {"code_name": outcome.code, "message": outcome.message}}
    return {"response": _prediction(outcome)}


def _prediction(prediction: Prediction) -> dict[str, Any]:
    arrays = {name: getattr(prediction, name) for name in _ARRAYS}
    return {
        "model": prediction.model,
        "version": prediction.version,
        "generation": prediction.generation,
        **{name: array.tolist() for name, array in arrays.items() if array is not None},
    }


def _step(step: Step) -> dict[str, Any]:
    return vars(step) | {"columns": None if step.columns is None else list(step.columns)}


def _column(column: ColumnSchema) -> dict[str, str]:
    return {"name": column.name, "type_name": column.type}
