"""Calls by the generated clients and the Apache library alone, as somebody without our SDK makes them."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from connection import Connection, connect
from expectations import Unexpected
from modelwire_wire.datasets import Datasets
from modelwire_wire.datasets import ttypes as datasets
from modelwire_wire.health import Health
from modelwire_wire.health import ttypes as health
from modelwire_wire.inference import Inference
from modelwire_wire.inference import ttypes as inference
from modelwire_wire.models import Models
from modelwire_wire.models import ttypes as models
from modelwire_wire.search import ttypes as search
from modelwire_wire.training import Training
from modelwire_wire.training import ttypes as training
from modelwire_wire.types import ttypes as types
from player import Refused
from thrift.protocol.TMultiplexedProtocol import TMultiplexedProtocol

from modelwire import read_csv

_ENDED = {"SUCCEEDED", "FAILED", "CANCELLED"}
_DTYPES = {"BOOL": "?", "I32": "<i4", "I64": "<i8", "F32": "<f4", "F64": "<f8"}
_COLUMN_TYPES = {"f": ("FLOAT", "F64"), "i": ("INTEGER", "I64"), "b": ("BOOLEAN", "BOOL")}


class GeneratedDriver:
    """All services on one connection."""

    def __init__(self, connection: Connection, data: Path, multiplexed: bool) -> None:
        self._wire = connect(connection)
        self._multiplexed = multiplexed
        self._data = data
        self.job = ""

    def close(self) -> None:
        self._wire.transport.close()

    def hello(self, step: dict[str, Any]) -> Any:
        return self._call(Health, "hello", health.HelloRequest(name=step["name"]))

    def echo(self, step: dict[str, Any]) -> Any:
        payload = bytes(at * at % 65521 % 256 for at in range(step["bytes"]))
        answer = self._call(Health, "echo", health.EchoRequest(payload=payload))
        return {"bytes": len(payload) if answer["payload"] == payload else "other bytes came back"}

    def train(self, step: dict[str, Any]) -> Any:
        request = training.TrainRequest(
            model=step["model"],
            steps=[_step(each) for each in step["steps"]],
            table=self._rows(step),
            dataset=step.get("dataset"),
            target=step.get("target"),
            targets=step.get("targets"),
            features=step.get("features"),
            sample_weight=step.get("sample_weight"),
            seed=step.get("seed"),
        )
        return self._ended(self._call(Training, "train", request)["job"])

    def search(self, step: dict[str, Any]) -> Any:
        tries = [
            search.SearchedParameter(
                name=each["name"],
                algorithm=each.get("algorithm"),
                values=[_parameter(each["name"], value) for value in each["values"]],
            )
            for each in step["tries"]
        ]
        request = search.SearchRequest(
            model=step["model"],
            steps=[_step(each) for each in step["steps"]],
            table=self._rows(step),
            dataset=step.get("dataset"),
            target=step.get("target"),
            targets=step.get("targets"),
            seed=step.get("seed"),
            parameters=tries,
            cross_validation=search.CrossValidation(n_splits=step.get("folds"), group=step.get("group")),
            publish=step.get("publish"),
        )
        job = self._ended(self._call(Training, "search", request)["job"])
        return self._call(Training, "get_search_result", search.GetSearchResultRequest(job_id=job["id"]))

    def _ended(self, job: dict[str, Any]) -> dict[str, Any]:
        self.job = job["id"]
        while job["state_name"] not in _ENDED:
            watch = training.WatchJobRequest(job_id=self.job, after_sequence=job.get("sequence"), wait_ms=5_000)
            job = self._call(Training, "watch_job", watch)["job"]
        if job["state_name"] == "FAILED":
            raise Refused(job["error"]["code_name"], _text(job["error"].get("message"), job["error"].get("hint")))
        return job

    def evaluate(self, step: dict[str, Any]) -> Any:
        request = training.EvaluateRequest(
            model=step["model"],
            table=self._rows(step),
            dataset=step.get("dataset"),
            target=step.get("target"),
            sample_weight=step.get("sample_weight"),
        )
        return self._call(Training, "evaluate", request)

    def permutation_importance(self, step: dict[str, Any]) -> Any:
        request = training.PermutationImportanceRequest(
            model=step["model"],
            table=self._rows(step),
            dataset=step.get("dataset"),
            target=step.get("target"),
            sample_weight=step.get("sample_weight"),
            scoring=step.get("scoring"),
            n_repeats=step.get("n_repeats"),
            seed=step.get("seed"),
        )
        return self._call(Training, "permutation_importance", request)

    def predict(self, step: dict[str, Any]) -> Any:
        return self._call(Inference, "predict", inference.PredictRequest(model=step["model"], **_asked(step)))

    def predict_many(self, step: dict[str, Any]) -> Any:
        items = [inference.PredictItem(model=item["model"], **_asked(item)) for item in step["items"]]
        return self._call(Inference, "predict_many", inference.PredictManyRequest(items=items))

    def explain(self, step: dict[str, Any]) -> Any:
        return self._call(Inference, "explain", inference.ExplainRequest(model=step["model"], **_asked(step)))

    def upload(self, step: dict[str, Any]) -> Any:
        create = datasets.CreateDatasetRequest(name=step["dataset"])
        upload_id = self._call(Datasets, "create_dataset", create)["upload_id"]
        columns = read_csv(self._data / step["csv"])
        n_rows = len(next(iter(columns.values())))
        for offset in range(0, n_rows, step["rows_per_piece"]):
            rows = {name: values[offset : offset + step["rows_per_piece"]] for name, values in columns.items()}
            table = _table(rows)
            piece = datasets.AppendRowsRequest(upload_id=upload_id, offset=offset, table=table, crc32=_crc32(table))
            self._call(Datasets, "append_rows", piece)
        commit = datasets.CommitDatasetRequest(upload_id=upload_id, n_rows=n_rows)
        return self._call(Datasets, "commit_dataset", commit)

    def describe_dataset(self, step: dict[str, Any]) -> Any:
        return self._call(Datasets, "describe_dataset", datasets.DescribeDatasetRequest(dataset=step["dataset"]))

    def list_models(self, _step: dict[str, Any]) -> Any:
        listed, after = [], None
        while True:
            page = self._call(Models, "list_models", models.ListModelsRequest(after=after))
            listed += page.get("models", [])
            after = page.get("next_page")
            if after is None:
                return {"models": listed}

    def describe_model(self, step: dict[str, Any]) -> Any:
        return self._call(Models, "describe_model", models.DescribeModelRequest(model=step["model"]))

    def get_training_result(self, step: dict[str, Any]) -> Any:
        request = models.GetTrainingResultRequest(model=step["model"])
        return self._call(Models, "get_training_result", request)

    def export_model(self, step: dict[str, Any]) -> Any:
        file = self._call(Models, "export_model", models.ExportModelRequest(model=step["model"], format=step["format"]))
        if hashlib.sha256(file["content"]).hexdigest() != file["sha256"]:
            raise Unexpected("the file has another SHA-256 than its answer says")
        return file | {"content": None, "bytes": len(file["content"])}

    def set_alias(self, step: dict[str, Any]) -> Any:
        request = models.SetAliasRequest(
            model=step["model"],
            alias_name=step["alias"],
            version=step["version"],
            expected_generation=step.get("expected_generation"),
        )
        return self._call(Models, "set_alias", request)

    def load_model(self, step: dict[str, Any]) -> Any:
        request = models.LoadModelRequest(model=step["model"], version=step["version"])
        return self._call(Models, "load_model", request)

    def unload_model(self, step: dict[str, Any]) -> Any:
        request = models.UnloadModelRequest(model=step["model"], version=step["version"])
        return self._call(Models, "unload_model", request)

    def delete_version(self, step: dict[str, Any]) -> Any:
        request = models.DeleteVersionRequest(model=step["model"], version=step["version"])
        return self._call(Models, "delete_version", request)

    def get_job(self, step: dict[str, Any]) -> Any:
        return self._call(Training, "get_job", training.GetJobRequest(job_id=step["job"]))

    def partial_fit(self, step: dict[str, Any]) -> Any:
        request = training.PartialFitRequest(
            model=step["model"],
            table=self._rows(step),
            steps=[_step(each) for each in step.get("steps", [])] or None,
            target=step.get("target"),
            expected_batch=step.get("expected_batch"),
        )
        return self._call(Training, "partial_fit", request)

    def get_learner(self, step: dict[str, Any]) -> Any:
        return self._call(Training, "get_learner", training.GetLearnerRequest(model=step["model"]))

    def delete_learner(self, step: dict[str, Any]) -> Any:
        return self._call(Training, "delete_learner", training.DeleteLearnerRequest(model=step["model"]))

    def _call(self, service: Any, method: str, request: Any) -> Any:
        name = service.__name__.rpartition(".")[2]
        bare = self._wire.protocol
        # Replies carry the bare name: only what is written is multiplexed.
        client = service.Client(bare, TMultiplexedProtocol(bare, name) if self._multiplexed else bare)
        self._wire.authorize(request)
        try:
            answer = getattr(client, method)(request)
        except types.ServiceError as error:
            raise Refused(error.code_name, _text(error.message, error.hint)) from None
        return _record(answer)

    def _rows(self, step: dict[str, Any]) -> types.Table | None:
        if "csv" in step:
            return _table(read_csv(self._data / step["csv"]))
        return _table(step["table"]) if "table" in step else None


def _asked(step: dict[str, Any]) -> dict[str, types.Tensor | types.Table]:
    if "matrix" in step:
        return {"matrix": _tensor(np.array(step["matrix"], np.float64), "F64")}
    return {"table": _table(step["table"])}


def _table(columns: Mapping[str, Any]) -> types.Table:
    return types.Table(columns=[_column(name, values) for name, values in columns.items()])


def _column(name: str, values: Any) -> types.Column:
    array_type = None  # what the values say
    if isinstance(values, np.ndarray):
        array_type = None if values.dtype == object else values.dtype
        values = values.tolist()  # None where it is masked
    present = [value for value in values if value is not None]
    column = types.Column(name=name)
    if present and isinstance(present[0], str):
        texts = [(value or "").encode() for value in values]
        column.type_name, column.text_data = "TEXT", b"".join(texts)
        column.text_offsets = np.cumsum([0, *map(len, texts)]).astype("<i4").tobytes()
    else:
        array = np.array(present, array_type)
        column.type_name, dtype = _COLUMN_TYPES[array.dtype.kind]
        filled = np.zeros(len(values), array.dtype)
        filled[[value is not None for value in values]] = array
        column.tensor = _tensor(filled, dtype)
    column.type = getattr(types.ColumnType, column.type_name)
    if len(present) < len(values):
        column.missing = np.packbits([value is None for value in values], bitorder="little").tobytes()
    return column


def _tensor(array: np.ndarray, dtype: str) -> types.Tensor:
    data = array.astype(_DTYPES[dtype]).tobytes()
    return types.Tensor(dtype=getattr(types.DType, dtype), shape=list(array.shape), data=data)


def _step(step: dict[str, Any]) -> types.Step:
    parameters = [_parameter(name, value) for name, value in step["parameters"].items()]
    return types.Step(algorithm=step["algorithm"], parameters=parameters, columns=step.get("columns"))


def _parameter(name: str, value: Any) -> types.Parameter:
    fields = {bool: "flag", int: "integer", float: "number", str: "text"}
    return types.Parameter(name=name, **{fields[type(value)]: value})


def _crc32(table: types.Table) -> int:
    crc = 0
    for column in table.columns:
        data = column.tensor.data if column.tensor else None
        for part in (data, column.text_data, column.text_offsets, column.missing):
            crc = zlib.crc32(part or b"", crc)
    return crc


def _text(message: str | None, hint: str | None) -> str:
    return f"{message}; {hint}"


def _record(value: Any) -> Any:
    """A generated struct as a record: tensors and columns as lists, what is absent left out."""
    if isinstance(value, types.Tensor):
        dtype = _DTYPES[types.DType._VALUES_TO_NAMES[value.dtype]]
        return np.frombuffer(value.data, dtype).reshape(value.shape).tolist()
    if isinstance(value, types.Column):
        return _record(value.tensor) if value.tensor is not None else _texts(value)
    if hasattr(value, "thrift_spec"):
        fields = ((field[2], getattr(value, field[2])) for field in value.thrift_spec or () if field)
        return {name: _record(field) for name, field in fields if field is not None}
    if isinstance(value, list):
        return [_record(each) for each in value]
    return value


def _texts(column: types.Column) -> list[str]:
    offsets = np.frombuffer(column.text_offsets, "<i4").tolist()
    return [column.text_data[start:end].decode() for start, end in pairwise(offsets)]
