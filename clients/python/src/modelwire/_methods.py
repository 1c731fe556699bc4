"""The methods of the IDL that this client calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modelwire_wire.datasets import Datasets
from modelwire_wire.health import Health
from modelwire_wire.inference import Inference
from modelwire_wire.models import Models
from modelwire_wire.training import Training

_FEWER_ROWS = "send fewer rows a call"


@dataclass(frozen=True)
class Method:
    """A method: how its bytes are written and read, and whether calling it twice does what calling it once does."""

    name: str
    arguments: Any
    result: Any
    idempotent: bool
    #: What to do about a call that is larger than a frame.
    when_too_large: str | None = None


def _method(service: Any, name: str, *, idempotent: bool, when_too_large: str | None = None) -> Method:
    arguments, result = getattr(service, f"{name}_args"), getattr(service, f"{name}_result")
    return Method(name, arguments, result, idempotent, when_too_large)


HELLO = _method(Health, "hello", idempotent=True)
STATUS = _method(Health, "status", idempotent=True)
DESCRIBE = _method(Health, "describe", idempotent=True)
ECHO = _method(Health, "echo", idempotent=True)

PREDICT = _method(Inference, "predict", idempotent=True, when_too_large=_FEWER_ROWS)
PREDICT_MANY = _method(Inference, "predict_many", idempotent=True, when_too_large="send fewer requests a call")
EXPLAIN = _method(Inference, "explain", idempotent=True, when_too_large=_FEWER_ROWS)

LIST_MODELS = _method(Models, "list_models", idempotent=True)
DESCRIBE_MODEL = _method(Models, "describe_model", idempotent=True)
GET_TRAINING_RESULT = _method(Models, "get_training_result", idempotent=True)
EXPORT_MODEL = _method(Models, "export_model", idempotent=True)
LOAD_MODEL = _method(Models, "load_model", idempotent=True)
UNLOAD_MODEL = _method(Models, "unload_model", idempotent=True)
SET_ALIAS = _method(Models, "set_alias", idempotent=False)
DELETE_VERSION = _method(Models, "delete_version", idempotent=False)

TRAIN = _method(Training, "train", idempotent=False, when_too_large="upload() the rows and train on dataset= instead")
GET_JOB = _method(Training, "get_job", idempotent=True)
WATCH_JOB = _method(Training, "watch_job", idempotent=True)
LIST_JOBS = _method(Training, "list_jobs", idempotent=True)
CANCEL_JOB = _method(Training, "cancel_job", idempotent=True)
SEARCH = _method(
    Training, "search", idempotent=False, when_too_large="upload() the rows and search on dataset= instead"
)
GET_SEARCH_RESULT = _method(Training, "get_search_result", idempotent=True)
EVALUATE = _method(
    Training, "evaluate", idempotent=True, when_too_large="upload() the rows and evaluate on dataset= instead"
)
PERMUTATION_IMPORTANCE = _method(
    Training, "permutation_importance", idempotent=True, when_too_large="upload() the rows and ask for dataset= instead"
)

PARTIAL_FIT = _method(Training, "partial_fit", idempotent=False, when_too_large="send fewer rows a batch")
GET_LEARNER = _method(Training, "get_learner", idempotent=True)
DELETE_LEARNER = _method(Training, "delete_learner", idempotent=False)

CREATE_DATASET = _method(Datasets, "create_dataset", idempotent=False)
APPEND_ROWS = _method(Datasets, "append_rows", idempotent=True, when_too_large=_FEWER_ROWS)
COMMIT_DATASET = _method(Datasets, "commit_dataset", idempotent=True)
DESCRIBE_DATASET = _method(Datasets, "describe_dataset", idempotent=True)
LIST_DATASETS = _method(Datasets, "list_datasets", idempotent=True)
DELETE_DATASET = _method(Datasets, "delete_dataset", idempotent=False)

ALL = tuple(each for each in list(globals().values()) if isinstance(each, Method))
