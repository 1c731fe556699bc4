"""Client of Modelwire: train, version and call machine-learning models over Apache Thrift.

Close a `Client`, or use it in a ``with`` block. Reuse it: it keeps its connections. Threads may share it.

    from modelwire import Client

    with Client("127.0.0.1:9090", timeout=10.0) as client:
        job = client.train("wine", ["standard_scaler", "linear_regression"], features=X, target=y, names=columns)
        version = job.wait()
        prediction = client.predict("wine", X)

`AsyncClient` has the same verbs as coroutines, for the tasks of one event loop.

All errors are kinds of `ModelwireError`.
"""

from modelwire._async_client import AsyncClient
from modelwire._client import Client
from modelwire._columns import ColumnSchema
from modelwire._csv import read_csv
from modelwire._datasets import ColumnStatistics, Dataset, DatasetDescription
from modelwire._errors import (
    AlreadyExists,
    Cancelled,
    DeadlineExceeded,
    FailedPrecondition,
    Internal,
    InvalidArgument,
    ModelwireError,
    NotFound,
    Overloaded,
    PermissionDenied,
    ProtocolError,
    Unauthenticated,
    Unavailable,
)
from modelwire._evaluation import ClassMetrics, Evaluation
from modelwire._explanations import Explanation
from modelwire._exports import ExportedModel
from modelwire._health import (
    AlgorithmDescription,
    Description,
    Greeting,
    Limits,
    MethodDescription,
    ModelStatus,
    ParameterDescription,
    Status,
)
from modelwire._importances import PermutationImportance
from modelwire._inference import Prediction
from modelwire._jobs import AsyncJob, Job, JobEvent
from modelwire._learners import LearnedBatch, Learner
from modelwire._models import Alias, ModelSchema, ModelSummary, ModelVersion, TrainingResult
from modelwire._search import Candidate, CrossValidation, Range, SearchResult
from modelwire._steps import Step, StepLike
from modelwire._tls import Tls

__all__ = [
    "Client",
    "AsyncClient",
    "Tls",
    "Step",
    "StepLike",
    "Range",
    "CrossValidation",
    "read_csv",
    # what calls answer
    "Greeting",
    "Status",
    "ModelStatus",
    "Description",
    "Limits",
    "MethodDescription",
    "AlgorithmDescription",
    "ParameterDescription",
    "Prediction",
    "Evaluation",
    "ClassMetrics",
    "PermutationImportance",
    "Explanation",
    "Job",
    "AsyncJob",
    "JobEvent",
    "SearchResult",
    "Candidate",
    "LearnedBatch",
    "Learner",
    "ModelVersion",
    "ModelSchema",
    "ModelSummary",
    "Alias",
    "TrainingResult",
    "ExportedModel",
    "ColumnSchema",
    "Dataset",
    "DatasetDescription",
    "ColumnStatistics",
    # what goes wrong
    "ModelwireError",
    "InvalidArgument",
    "NotFound",
    "AlreadyExists",
    "FailedPrecondition",
    "Overloaded",
    "DeadlineExceeded",
    "Cancelled",
    "Unauthenticated",
    "PermissionDenied",
    "Unavailable",
    "Internal",
    "ProtocolError",
]

for _name in __all__:
    # Users see and pickle modelwire.Client, not the private module it is written in.
    if isinstance(globals()[_name], type):
        globals()[_name].__module__ = __name__
del _name
