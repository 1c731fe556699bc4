"""The public surface: one namespace, and no other way in."""

from __future__ import annotations

import inspect
import pickle
import re
import typing
from pathlib import Path

import pytest

import modelwire
from modelwire import _methods

IDL = Path(__file__).parents[3] / "idl"

NAMES = set(
    """
    AlgorithmDescription Alias AlreadyExists AsyncClient AsyncJob Cancelled Candidate ClassMetrics Client ColumnSchema
    ColumnStatistics CrossValidation Dataset DatasetDescription DeadlineExceeded Description Evaluation Explanation
    ExportedModel FailedPrecondition Greeting Internal InvalidArgument Job JobEvent LearnedBatch Learner Limits
    MethodDescription ModelSchema ModelStatus ModelSummary ModelVersion ModelwireError NotFound Overloaded
    ParameterDescription PermissionDenied PermutationImportance Prediction ProtocolError Range SearchResult Status
    Step StepLike Tls TrainingResult Unauthenticated Unavailable
    read_csv
    """.split()  # noqa: SIM905
)


def test_the_exported_names_are_these() -> None:
    assert sorted(modelwire.__all__) == sorted(NAMES)
    assert [name for name in dir(modelwire) if not name.startswith("_")] == sorted(NAMES)


@pytest.mark.parametrize("client", [modelwire.Client, modelwire.AsyncClient])
def test_no_generated_type_is_in_a_public_signature(client: type) -> None:
    for _, method in inspect.getmembers(client, inspect.isfunction):
        if not method.__name__.startswith("_"):
            assert "modelwire_wire" not in str(typing.get_type_hints(method)), method


def test_every_kind_of_error_survives_pickling() -> None:
    error = modelwire.NotFound("gone", hint="look", executed=False, retry_after=0.5, request_id="r")

    copied = pickle.loads(pickle.dumps(error))

    assert (type(copied), str(copied), copied.retry_after) == (modelwire.NotFound, "gone; look", 0.5)


def test_the_table_of_methods_is_that_of_the_idl() -> None:
    if not IDL.is_dir():
        pytest.skip("the IDL is not beside this package")
    pattern = re.compile(r"^  [\w.]+ (\w+)\(1: [\w.]+ request\) throws .*?\) \((.*?)\)$", re.MULTILINE)
    declared = {
        name: 'idempotent = "true"' in annotations
        for file in IDL.glob("*.thrift")
        for name, annotations in pattern.findall(file.read_text())
    }

    assert {method.name: method.idempotent for method in _methods.ALL} == declared
