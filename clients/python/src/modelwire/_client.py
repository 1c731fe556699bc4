"""The client: a verb of the server is a method of it."""

from __future__ import annotations

import copy
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, TypeVar

from modelwire_wire.datasets import ttypes as datasets_wire
from modelwire_wire.health import ttypes as health_wire
from modelwire_wire.models import ttypes as models_wire
from modelwire_wire.training import ttypes as training_wire

from modelwire import _address, _checks, _datasets, _health, _inference, _jobs, _methods, _models, _tls, _training
from modelwire._calls import Calls, Head, new_idempotency_key
from modelwire._codec import MAX_FRAME_BYTES
from modelwire._connection import Connection
from modelwire._datasets import Dataset, DatasetDescription
from modelwire._deadline import Deadline
from modelwire._health import Description, Greeting, Status
from modelwire._inference import Prediction
from modelwire._jobs import Job, JobEvent
from modelwire._methods import Method
from modelwire._models import Alias, ModelSummary, ModelVersion
from modelwire._pool import Pool
from modelwire._steps import Step, StepLike
from modelwire._tls import Tls

_T = TypeVar("_T")
_MAX_POLLS = 64


class Client:
    """A client of one Modelwire server.

    Close it, or use it in a ``with`` block. Reuse it: it keeps its connections. Threads may share it.

    Every call takes `timeout`, in seconds, instead of the client's; the server is told, and drops work that is late.
    A call that surely was not executed is tried up to three times within that time; one that may have been is repeated
    only where that is harmless.

    Parameters
    ----------
    address : str
        ``host:port``, the port being 9090 if it is not there, or ``unix:/path`` of a socket in the file system. Nothing
        is sent before the first call.
    tls : Tls or ssl.SSLContext, optional
        Calls travel encrypted, and the server shows who it is. None: they travel in the clear.
    token : str, optional
        Who calls. Without `tls` it travels in the clear.
    timeout : float
        Seconds that a call may take, connecting and retries included.
    connect_timeout : float
        Seconds that connecting may take.
    max_connections : int
        Calls that are under way at once; a further one waits for its turn. Waiting for jobs does not count.
    max_frame_bytes : int
        Largest call and reply; `describe` says the server's limit.
    """

    def __init__(
        self,
        address: str = "127.0.0.1:9090",
        *,
        tls: Tls | ssl.SSLContext | None = None,
        token: str | None = None,
        timeout: float = 30.0,
        connect_timeout: float = 1.0,
        max_connections: int = 8,
        max_frame_bytes: int = MAX_FRAME_BYTES,
    ) -> None:
        where = _address.parse(address)
        secured = _tls.secured(tls, where)
        Deadline(timeout), Deadline(connect_timeout)  # refuses what is no time-out
        _checks.whole("max_connections", max_connections, least=1)
        _checks.whole("max_frame_bytes", max_frame_bytes, least=1)

        def connect(deadline: Deadline) -> Connection:
            time_left = max(0.001, deadline.remaining())
            return Connection(where, secured, min(connect_timeout, time_left), max_frame_bytes)

        self._timeout = timeout
        self._head = Head(token=_checks.token(token))
        self._calls = Calls(Pool(connect, max_connections), max_frame_bytes)
        # Long polls have connections of their own: replies leave a connection in order, calls would wait behind them.
        self._polls = Calls(Pool(connect, _MAX_POLLS), max_frame_bytes)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections. Calls that are under way finish, later ones raise `FailedPrecondition`.

        Closing twice is fine.
        """
        self._calls.close()
        self._polls.close()

    def with_options(
        self, *, timeout: float | None = None, token: str | None = None, request_id: str | None = None
    ) -> Client:
        """Return this client with other options for its calls: ``client.with_options(request_id="r-17").predict(…)``.

        It shares the connections; closing either closes both.

        Parameters
        ----------
        timeout : float, optional
            Seconds that a call may take.
        token : str, optional
            Who calls.
        request_id : str, optional
            At most 128 characters that name the calls in errors and in the server's log; else each call has an id of
            its own.
        """
        given = {"token": _checks.token(token), "request_id": request_id}
        client = copy.copy(self)
        client._timeout = self._timeout if timeout is None else Deadline(timeout).timeout
        client._head = replace(self._head, **{name: value for name, value in given.items() if value is not None})
        return client

    # Health

    def hello(self, name: str | None = None, *, timeout: float | None = None) -> Greeting:
        """Greet the server; it greets `name`, or the world."""
        return _health.greeting_from_wire(self._call(_methods.HELLO, health_wire.HelloRequest(name=name), timeout))

    def status(self, *, timeout: float | None = None) -> Status:
        """Ask whether the server and its models are live and ready."""
        return _health.status_from_wire(self._call(_methods.STATUS, health_wire.StatusRequest(), timeout))

    def describe(self, *, timeout: float | None = None) -> Description:
        """Ask for the server's version, limits and methods, and its algorithms with their hyper-parameters."""
        return _health.description_from_wire(self._call(_methods.DESCRIBE, health_wire.DescribeRequest(), timeout))

    def echo(self, payload: bytes, *, timeout: float | None = None) -> bytes:
        """Send bytes and get them back, to measure latency and bandwidth."""
        response = self._call(_methods.ECHO, health_wire.EchoRequest(payload=payload), timeout)
        return bytes(response.payload or b"")

    # Inference

    def predict(self, model: str, rows: Any, *, timeout: float | None = None) -> Prediction:
        """Predict each row.

        Parameters
        ----------
        model : str
            ``"wine"`` (its alias `stable`), ``"wine@3"``, ``"wine@latest"`` or ``"wine@canary"`` (an alias).
        rows : array-like of shape (n, n_features) or (n_features,), mapping, or data frame
            Numbers by position, in the order of the model's features, or columns by name, in any order. float32 travels
            as it is, other numbers as float64. A matrix has no missing values; a table by name has: None and masked
            ones.

        Raises
        ------
        NotFound
            If there is no such model, version or alias.
        InvalidArgument
            If the rows are not what the model takes, or some of a matrix are masked; the message names row and column.
        """
        return _inference.from_wire(self._call(_methods.PREDICT, _inference.request(model, rows), timeout))

    # Training

    def train(
        self,
        model: str,
        steps: str | Step | Sequence[StepLike],
        *,
        features: Any = None,
        target: Any = None,
        names: Sequence[str] | None = None,
        table: Any = None,
        dataset: str | None = None,
        seed: int | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Job:
        """Start training a new version of a model and return the job at once; `Job.wait` waits for it.

        Parameters
        ----------
        model : str
            Name of the model; its first version becomes its alias `stable`.
        steps : sequence of str, (str, mapping) or Step
            Transformers, then one estimator: ``["standard_scaler", ("k_means", {"n_clusters": 3})]``.
        features : array-like of shape (n_samples, n_features), mapping or data frame; or sequence of str
            The rows to learn from. With `table` or `dataset`: the names of the columns to learn from, in the order in
            which `predict` takes them; None: all but the target. A matrix with masked values is refused.
        target : array-like of shape (n_samples,), or str
            What to predict: numbers, or labels (whole numbers, truth values, text). With `table` or `dataset`: the name
            of its column. None for clustering.
        names : sequence of str, optional
            Names of the columns of a matrix; x0, x1, … if not given.
        table : mapping of str to array-like, or data frame, optional
            The rows, features and target together.
        dataset : str, optional
            The rows, stored: ``"wine"`` (newest version) or ``"wine@2"``.
        seed : int, optional
            Seed of everything random; 0 if not given. The same rows, steps and seed give the same model.
        idempotency_key : str, optional
            At most 128 characters: a later call with the same key, also of another process, returns the job that the
            first one started. If not given, only the retries of this call are known by a key.

        Raises
        ------
        InvalidArgument
            If a name, step, hyper-parameter, column or value is wrong; the message names it. Also if the rows are more
            than a call holds: `upload` them then, and train on `dataset`.
        NotFound
            If there is no such data set.
        """
        request = _training.request(
            model, steps, features=features, target=target, names=names, table=table, dataset=dataset, seed=seed
        )
        key = idempotency_key or new_idempotency_key()
        return _jobs.job_from_wire(self._call(_methods.TRAIN, request, timeout, key).job, self)

    def get_job(self, job_id: str, *, timeout: float | None = None) -> Job:
        """Return a job as it is now."""
        request = training_wire.GetJobRequest(job_id=job_id)
        return _jobs.job_from_wire(self._call(_methods.GET_JOB, request, timeout).job, self)

    def watch_job(self, job_id: str, *, timeout: float | None = None) -> Iterator[JobEvent]:
        """Yield the events of a job, from its first, until it has ended.

        Raises
        ------
        DeadlineExceeded
            If `timeout` seconds pass first; None waits as long as it takes.
        Unavailable
            As in `Job.wait`.
        """
        for events, _ in _jobs.polls(self, job_id, timeout):
            yield from events

    def list_jobs(self, *, limit: int | None = None, timeout: float | None = None) -> list[Job]:
        """Return the jobs, newest first, at most `limit` of them."""
        pages = self._pages(_methods.LIST_JOBS, training_wire.ListJobsRequest, limit, timeout)
        return [_jobs.job_from_wire(job, self) for page in pages for job in page.jobs or ()][:limit]

    def cancel_job(self, job_id: str, *, timeout: float | None = None) -> Job:
        """Cancel a job and return it as it is then; one that has ended stays as it is."""
        request = training_wire.CancelJobRequest(job_id=job_id)
        return _jobs.job_from_wire(self._call(_methods.CANCEL_JOB, request, timeout).job, self)

    # Models

    def list_models(self, *, timeout: float | None = None) -> list[ModelSummary]:
        """Return the models by name, with their versions and aliases."""
        pages = self._pages(_methods.LIST_MODELS, models_wire.ListModelsRequest, None, timeout)
        return [_models.summary_from_wire(model) for page in pages for model in page.models or ()]

    def describe_model(self, model: str, *, timeout: float | None = None) -> ModelVersion:
        """Return what a version takes, how it was made and how well it fits; `model` as in `predict`."""
        request = models_wire.DescribeModelRequest(model=model)
        return _models.version_from_wire(self._call(_methods.DESCRIBE_MODEL, request, timeout).model)

    def set_alias(
        self,
        model: str,
        alias: str,
        version: int,
        *,
        expected_generation: int | None = None,
        timeout: float | None = None,
    ) -> Alias | None:
        """Point an alias of a model at a version, and return it; version 0 removes it, and returns None.

        Raises
        ------
        FailedPrecondition
            If `expected_generation` is given (0 for an alias that is new) and the alias has another, that is, somebody
            else has set it. Nothing has changed then.
        """
        request = models_wire.SetAliasRequest(
            model=model, alias_name=alias, version=version, expected_generation=expected_generation
        )
        return _models.alias_from_wire(self._call(_methods.SET_ALIAS, request, timeout).current)

    def delete_version(self, model: str, version: int, *, timeout: float | None = None) -> None:
        """Delete a version for good.

        Raises
        ------
        FailedPrecondition
            If an alias names it.
        """
        self._call(_methods.DELETE_VERSION, models_wire.DeleteVersionRequest(model=model, version=version), timeout)

    # Data sets

    def upload(
        self,
        name: str,
        rows: Any,
        *,
        rows_per_piece: int | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Dataset:
        """Store a table as a new version of a data set, in pieces of at most 8 MiB.

        Parameters
        ----------
        rows : mapping of str to array-like, data frame, or path of a CSV file
            A file is never held in memory as a whole; `read_csv` says how its columns are typed.
        rows_per_piece : int, optional
            Most rows of a piece.
        idempotency_key : str, optional
            As in `train`: a later upload of the same rows with the same key goes on with the first one, as long as that
            is not complete; then it raises `FailedPrecondition`.
        timeout : float, optional
            Seconds for each piece.

        Raises
        ------
        InvalidArgument
            If that is no table, or it has no rows; nothing is opened at the server for what its first rows show to be
            wrong.
        """
        requests = _datasets.append_requests(rows, rows_per_piece)
        create = datasets_wire.CreateDatasetRequest(name=name)
        created = self._call(_methods.CREATE_DATASET, create, timeout, idempotency_key or new_idempotency_key())
        n_rows = 0
        for request in requests:
            request.upload_id = created.upload_id
            n_rows = self._call(_methods.APPEND_ROWS, request, timeout).n_rows
        commit = datasets_wire.CommitDatasetRequest(upload_id=created.upload_id, n_rows=n_rows)
        return _datasets.dataset_from_wire(self._call(_methods.COMMIT_DATASET, commit, timeout).dataset)

    def describe_dataset(self, dataset: str, *, timeout: float | None = None) -> DatasetDescription:
        """Return schema and statistics of ``"wine"`` (newest version) or ``"wine@2"``."""
        request = datasets_wire.DescribeDatasetRequest(dataset=dataset)
        return _datasets.description_from_wire(self._call(_methods.DESCRIBE_DATASET, request, timeout))

    def list_datasets(self, *, timeout: float | None = None) -> list[Dataset]:
        """Return the data sets by name, then by version."""
        pages = self._pages(_methods.LIST_DATASETS, datasets_wire.ListDatasetsRequest, None, timeout)
        return [_datasets.dataset_from_wire(dataset) for page in pages for dataset in page.datasets or ()]

    def delete_dataset(self, name: str, version: int | None = None, *, timeout: float | None = None) -> None:
        """Delete a version of a data set, or all of them."""
        self._call(_methods.DELETE_DATASET, datasets_wire.DeleteDatasetRequest(name=name, version=version), timeout)

    def _call(self, method: Method, request: Any, timeout: float | None, idempotency_key: str | None = None) -> Any:
        deadline = Deadline(self._timeout if timeout is None else timeout)
        return self._calls.call(method, request, deadline, replace(self._head, idempotency_key=idempotency_key))

    def _poll_job(self, job_id: str, after_sequence: int, wait: float) -> tuple[list[JobEvent], Job]:
        request = training_wire.WatchJobRequest(
            job_id=job_id, after_sequence=after_sequence, wait_ms=max(1, round(wait * 1000))
        )
        response = self._polls.call(_methods.WATCH_JOB, request, Deadline(wait + self._timeout), self._head)
        return [_jobs.event_from_wire(it) for it in response.events or ()], _jobs.job_from_wire(response.job, self)

    def _pages(
        self, method: Method, make_request: Callable[..., Any], limit: int | None, timeout: float | None
    ) -> Iterable[Any]:
        if limit is not None:
            _checks.whole("limit", limit, least=0)
        page_size = None if limit is None else max(1, min(limit, 1000))
        after = None
        left = limit
        while left is None or left > 0:
            page = self._call(method, make_request(after=after, limit=page_size), timeout)
            yield page
            after = page.next_page
            if after is None:
                return
            left = None if left is None or page_size is None else left - page_size
