"""The verbs, written once: `AsyncClient` has them as they are, `Client` finishes each at once."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, Self

from modelwire_wire.datasets import ttypes as datasets_wire
from modelwire_wire.health import ttypes as health_wire
from modelwire_wire.models import ttypes as models_wire
from modelwire_wire.search import ttypes as search_wire
from modelwire_wire.training import ttypes as training_wire

from modelwire import (
    _checks,
    _datasets,
    _evaluation,
    _explanations,
    _exports,
    _health,
    _importances,
    _inference,
    _jobs,
    _learners,
    _methods,
    _models,
    _search,
    _training,
)
from modelwire._calls import Calls, Head, Lender, Sleep, new_idempotency_key
from modelwire._datasets import PIECE_BYTES, Dataset, DatasetDescription
from modelwire._deadline import Deadline
from modelwire._endpoint import Endpoint
from modelwire._errors import InvalidArgument, ModelwireError, ProtocolError
from modelwire._evaluation import Evaluation
from modelwire._explanations import Explanation
from modelwire._exports import ExportedModel, Format
from modelwire._health import Description, Greeting, Status
from modelwire._importances import PermutationImportance
from modelwire._inference import Prediction
from modelwire._jobs import AsyncJob, JobEvent
from modelwire._learners import LearnedBatch, Learner
from modelwire._methods import Method
from modelwire._models import Alias, ModelSummary, ModelVersion, Replacement, TrainingResult
from modelwire._rows import Rows
from modelwire._search import CrossValidation, SearchResult
from modelwire._steps import Step, StepLike
from modelwire._together import Together

_MAX_POLLS = 64


class Carrier(NamedTuple):
    """What carries calls: how to make a pool of connections of a size, to wait, and to make several calls at once."""

    make_pool: Callable[[Endpoint, int], Lender[Any]]
    sleep: Sleep
    together: Together


class Verbs:
    """The verbs of the server. `Client` says what each does."""

    def __init__(
        self, endpoint: Endpoint, carrier: Carrier, *, timeout: float, token: str | None, max_connections: int
    ) -> None:
        size = _checks.whole("max_connections", max_connections, least=1)
        self._timeout = Deadline(timeout).timeout
        self._head = Head(token=_checks.token(token))
        self._sleep = carrier.sleep
        self._together = carrier.together
        self._piece_bytes = min(PIECE_BYTES, max(1, endpoint.max_frame_bytes // 2))
        self._calls = Calls(carrier.make_pool(endpoint, size), carrier.sleep, endpoint.max_frame_bytes)
        # Long polls have connections of their own: replies leave a connection in order, calls would wait behind them.
        self._polls = Calls(carrier.make_pool(endpoint, _MAX_POLLS), carrier.sleep, endpoint.max_frame_bytes)

    async def close(self) -> None:
        """Close all connections. Calls that are under way finish, later ones raise `FailedPrecondition`."""
        await self._calls.close()
        await self._polls.close()

    def with_options(
        self, *, timeout: float | None = None, token: str | None = None, request_id: str | None = None
    ) -> Self:
        """Return this client with other options for its calls, over the same connections."""
        given = {"token": _checks.token(token), "request_id": request_id}
        verbs = copy.copy(self)
        verbs._timeout = self._timeout if timeout is None else Deadline(timeout).timeout
        verbs._head = replace(self._head, **{name: value for name, value in given.items() if value is not None})
        return verbs

    # Health

    async def hello(self, name: str | None = None, *, timeout: float | None = None) -> Greeting:
        """Greet the server; it greets `name`, or the world."""
        response = await self._call(_methods.HELLO, health_wire.HelloRequest(name=name), timeout)
        return _health.greeting_from_wire(response)

    async def status(self, *, timeout: float | None = None) -> Status:
        """Ask whether the server and its models are live and ready."""
        return _health.status_from_wire(await self._call(_methods.STATUS, health_wire.StatusRequest(), timeout))

    async def describe(self, *, timeout: float | None = None) -> Description:
        """Ask for the server's version, limits and methods, and its algorithms with their hyper-parameters."""
        response = await self._call(_methods.DESCRIBE, health_wire.DescribeRequest(), timeout)
        return _health.description_from_wire(response)

    async def echo(self, payload: bytes, *, timeout: float | None = None) -> bytes:
        """Send bytes and get them back, to measure latency and bandwidth."""
        response = await self._call(_methods.ECHO, health_wire.EchoRequest(payload=payload), timeout)
        return bytes(response.payload or b"")

    # Inference

    async def predict(self, model: str, rows: Any, *, timeout: float | None = None) -> Prediction:
        """Predict each row."""
        deadline, checked = self._deadline(timeout), Rows.of(rows)
        if len(checked) < 2 or checked.fit(self._piece_bytes):
            return await self._predict(model, checked, deadline)
        # The first row goes first: its answer says which version answers all, and how large the other answers will be.
        first = await self._predict(model, checked.between(0, 1), deadline)
        version, max_rows = f"{first.model}@{first.version}", self._piece_bytes // _inference.answer_bytes(first)
        pieces = checked.pieces(1, self._piece_bytes, max(1, max_rows))
        rest = await self._together(
            partial(self._predict_piece, version, start, piece, deadline) for start, piece in pieces
        )
        return _inference.joined([first, *rest])

    async def predict_many(
        self, requests: Iterable[tuple[str, Any]], *, timeout: float | None = None
    ) -> list[Prediction | ModelwireError]:
        """Answer independent requests in one call, each by its predictions or by an error of its own."""
        request = _inference.many_request(requests)
        response = await self._call(_methods.PREDICT_MANY, request, timeout)
        return _inference.many_from_wire(response, len(request.items))

    async def explain(self, model: str, rows: Any, *, timeout: float | None = None) -> Explanation:
        """Answer what each column adds to the answers of `predict`."""
        request = _explanations.request(model, Rows.of(rows))
        return _explanations.from_wire(await self._call(_methods.EXPLAIN, request, timeout))

    async def _predict(self, model: str, rows: Rows, deadline: Deadline) -> Prediction:
        request = _inference.request(model, rows)
        return _inference.from_wire(await self._call_before(deadline, _methods.PREDICT, request))

    async def _predict_piece(self, version: str, start: int, rows: Rows, deadline: Deadline) -> Prediction:
        try:
            return await self._predict(version, rows, deadline)
        except InvalidArgument as error:
            error.message += f" (rows are counted from row {start})"
            raise

    # Training

    async def train(
        self,
        model: str,
        steps: str | Step | Sequence[StepLike],
        *,
        features: Any = None,
        target: Any = None,
        targets: Any = None,
        names: Sequence[str] | None = None,
        table: Any = None,
        dataset: str | None = None,
        seed: int | None = None,
        validation_fraction: float | None = None,
        sample_weight: Any = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> AsyncJob:
        """Start training a new version of a model and return the job at once; its `wait` waits for it."""
        request = _training.request(
            model,
            steps,
            features=features,
            target=target,
            names=names,
            table=table,
            dataset=dataset,
            sample_weight=sample_weight,
            targets=targets,
        )
        request.seed, request.validation_fraction = seed, validation_fraction
        key = idempotency_key or new_idempotency_key()
        return _jobs.job_from_wire((await self._call(_methods.TRAIN, request, timeout, key)).job, self)

    async def search(
        self,
        model: str,
        steps: str | Step | Sequence[StepLike],
        parameters: Mapping[Any, Any],
        *,
        features: Any = None,
        target: Any = None,
        targets: Any = None,
        names: Sequence[str] | None = None,
        table: Any = None,
        dataset: str | None = None,
        seed: int | None = None,
        sample_weight: Any = None,
        strategy: str | None = None,
        n_candidates: int | None = None,
        factor: int | None = None,
        min_resources: int | None = None,
        cv: int | CrossValidation | None = None,
        groups: Any = None,
        scoring: str | None = None,
        publish: bool = False,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> AsyncJob:
        """Start a search for hyper-parameters and return its job at once; its `wait` waits for it."""
        request = _search.request(
            model,
            steps,
            parameters,
            cv=cv,
            groups=groups,
            features=features,
            target=target,
            targets=targets,
            names=names,
            table=table,
            dataset=dataset,
            sample_weight=sample_weight,
        )
        request.seed, request.scoring, request.publish = seed, scoring, publish
        request.strategy, request.n_candidates = strategy, n_candidates
        request.factor, request.min_resources = factor, min_resources
        key = idempotency_key or new_idempotency_key()
        return _jobs.job_from_wire((await self._call(_methods.SEARCH, request, timeout, key)).job, self)

    async def search_result(self, job_id: str, *, timeout: float | None = None) -> SearchResult:
        """Return the table of a search that has ended."""
        request = search_wire.GetSearchResultRequest(job_id=job_id)
        pages: list[search_wire.GetSearchResultResponse] = []
        while True:
            pages.append(await self._call(_methods.GET_SEARCH_RESULT, request, timeout))
            from_candidate = pages[-1].next_candidate
            if from_candidate is None:
                return _search.from_wire(pages)
            read = sum(len(page.candidates or ()) for page in pages)
            if from_candidate != read or not pages[-1].candidates:
                raise ProtocolError(f"a table goes on at candidate {from_candidate} after {read} candidates")
            request = search_wire.GetSearchResultRequest(job_id=job_id, from_candidate=read)

    async def evaluate(
        self,
        model: str,
        features: Any = None,
        target: Any = None,
        *,
        names: Sequence[str] | None = None,
        table: Any = None,
        dataset: str | None = None,
        sample_weight: Any = None,
        timeout: float | None = None,
    ) -> Evaluation:
        """Return what a model is worth on rows whose targets are known."""
        request = _evaluation.request(
            model, features, target, names=names, table=table, dataset=dataset, sample_weight=sample_weight
        )
        return _evaluation.from_wire(await self._call(_methods.EVALUATE, request, timeout))

    async def permutation_importance(
        self,
        model: str,
        features: Any = None,
        target: Any = None,
        *,
        names: Sequence[str] | None = None,
        table: Any = None,
        dataset: str | None = None,
        sample_weight: Any = None,
        scoring: str | None = None,
        n_repeats: int | None = None,
        seed: int | None = None,
        timeout: float | None = None,
    ) -> PermutationImportance:
        """Return how much worse a metric is when the values of one column are shuffled, of each column."""
        if n_repeats is not None:
            _checks.whole("n_repeats", n_repeats, least=1)
        rows = _evaluation.request(
            model, features, target, names=names, table=table, dataset=dataset, sample_weight=sample_weight
        )
        request = _importances.request(rows, scoring=scoring, n_repeats=n_repeats, seed=seed)
        return _importances.from_wire(await self._call(_methods.PERMUTATION_IMPORTANCE, request, timeout))

    async def get_job(self, job_id: str, *, timeout: float | None = None) -> AsyncJob:
        """Return a job as it is now."""
        request = training_wire.GetJobRequest(job_id=job_id)
        return _jobs.job_from_wire((await self._call(_methods.GET_JOB, request, timeout)).job, self)

    async def watch_job(self, job_id: str, *, timeout: float | None = None) -> AsyncIterator[JobEvent]:
        """Yield the events of a job, from its first, until it has ended."""
        watch = _jobs.Watch(self, job_id, timeout)
        while (poll := await watch.next()) is not None:
            for event in poll[0]:
                yield event

    async def list_jobs(self, *, limit: int | None = None, timeout: float | None = None) -> list[AsyncJob]:
        """Return the jobs, newest first, at most `limit` of them."""
        pages = await self._pages(_methods.LIST_JOBS, training_wire.ListJobsRequest, limit, timeout)
        return [_jobs.job_from_wire(job, self) for page in pages for job in page.jobs or ()][:limit]

    async def cancel_job(self, job_id: str, *, timeout: float | None = None) -> AsyncJob:
        """Cancel a job and return it as it is then; one that has ended stays as it is."""
        request = training_wire.CancelJobRequest(job_id=job_id)
        return _jobs.job_from_wire((await self._call(_methods.CANCEL_JOB, request, timeout)).job, self)

    async def partial_fit(
        self,
        model: str,
        steps: StepLike | Sequence[StepLike] | None = None,
        *,
        features: Any = None,
        target: Any = None,
        names: Sequence[str] | None = None,
        table: Any = None,
        classes: Any = None,
        seed: int | None = None,
        publish_every: int | None = None,
        keep_versions: int | None = None,
        move_stable: bool | None = None,
        expected_batch: int | None = None,
        publish: bool | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> LearnedBatch:
        """Let a model learn from a batch of rows; the first one makes its learner."""
        request = _learners.request(
            model, steps, features=features, target=target, names=names, table=table, classes=classes
        )
        request.seed, request.expected_batch, request.publish = seed, expected_batch, publish
        request.publish_every, request.keep_versions, request.move_stable = publish_every, keep_versions, move_stable
        key = idempotency_key or new_idempotency_key()
        return _learners.learned_from_wire(await self._call(_methods.PARTIAL_FIT, request, timeout, key))

    async def get_learner(self, model: str, *, timeout: float | None = None) -> Learner:
        """Return how a learner is."""
        request = training_wire.GetLearnerRequest(model=model)
        return _learners.learner_from_wire((await self._call(_methods.GET_LEARNER, request, timeout)).learner)

    async def delete_learner(self, model: str, *, timeout: float | None = None) -> None:
        """Delete a learner; the versions that it published stay."""
        await self._call(_methods.DELETE_LEARNER, training_wire.DeleteLearnerRequest(model=model), timeout)

    # Models

    async def list_models(self, *, timeout: float | None = None) -> list[ModelSummary]:
        """Return the models by name, with their versions and aliases."""
        pages = await self._pages(_methods.LIST_MODELS, models_wire.ListModelsRequest, None, timeout)
        return [_models.summary_from_wire(model) for page in pages for model in page.models or ()]

    async def describe_model(self, model: str, *, timeout: float | None = None) -> ModelVersion:
        """Return what a version takes, how it was made and how well it fits; `model` as in `predict`."""
        request = models_wire.DescribeModelRequest(model=model)
        return _models.version_from_wire((await self._call(_methods.DESCRIBE_MODEL, request, timeout)).model)

    async def training_result(self, model: str, *, timeout: float | None = None) -> TrainingResult:
        """Return what a transductive model made of the rows that it was trained on; `model` as in `predict`."""
        request = models_wire.GetTrainingResultRequest(model=model)
        pages: list[TrainingResult] = []
        while True:
            response = await self._call(_methods.GET_TRAINING_RESULT, request, timeout)
            pages.append(_models.training_result_from_wire(response))
            if response.next_row is None:
                return _models.joined(pages)
            read = sum(len(page) for page in pages)
            if response.next_row != read or not len(pages[-1]):
                raise ProtocolError(f"a training result goes on at row {response.next_row} after {read} rows")
            # An alias may move meanwhile: the version is that of the first page.
            version = f"{pages[0].model}@{pages[0].version}"
            request = models_wire.GetTrainingResultRequest(model=version, from_row=read)

    async def export_model(self, model: str, to: Format = "onnx", *, timeout: float | None = None) -> ExportedModel:
        """Return a version as a file that other programs compute predictions with; `model` as in `predict`."""
        request = models_wire.ExportModelRequest(model=model, format=to)
        pieces: list[models_wire.ExportModelResponse] = []
        while True:
            pieces.append(await self._call(_methods.EXPORT_MODEL, request, timeout))
            from_byte = pieces[-1].next_byte
            if from_byte is None:
                return _exports.joined(pieces)
            read = sum(len(piece.content or b"") for piece in pieces)
            if from_byte != read or not pieces[-1].content:
                raise ProtocolError(f"a file goes on at byte {from_byte} after {read} bytes")
            # An alias may move meanwhile: the version is that of the first piece.
            version = f"{pieces[0].model}@{pieces[0].version}"
            request = models_wire.ExportModelRequest(model=version, format=to, from_byte=read)

    async def set_alias(
        self,
        model: str,
        alias: str,
        version: int,
        *,
        expected_generation: int | None = None,
        timeout: float | None = None,
    ) -> Alias | None:
        """Point an alias of a model at a version, and return it; version 0 removes it, and returns None."""
        request = models_wire.SetAliasRequest(
            model=model, alias_name=alias, version=version, expected_generation=expected_generation
        )
        return _models.alias_from_wire((await self._call(_methods.SET_ALIAS, request, timeout)).current)

    async def load_model(
        self, model: str, version: int, *, replacement: Replacement | None = None, timeout: float | None = None
    ) -> int:
        """Serve a version that is on disk; answer the bytes that it takes."""
        request = models_wire.LoadModelRequest(model=model, version=version, replacement=replacement)
        reply = await self._call(_methods.LOAD_MODEL, request, timeout)
        return reply.model_bytes or 0

    async def unload_model(self, model: str, version: int, *, timeout: float | None = None) -> None:
        """Serve a version no more; it stays on disk."""
        request = models_wire.UnloadModelRequest(model=model, version=version)
        await self._call(_methods.UNLOAD_MODEL, request, timeout)

    async def delete_version(self, model: str, version: int, *, timeout: float | None = None) -> None:
        """Delete a version for good."""
        request = models_wire.DeleteVersionRequest(model=model, version=version)
        await self._call(_methods.DELETE_VERSION, request, timeout)

    # Data sets

    async def upload(
        self,
        name: str,
        rows: Any,
        *,
        rows_per_piece: int | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Dataset:
        """Store a table as a new version of a data set, in pieces of at most 8 MiB."""
        requests = _datasets.append_requests(rows, rows_per_piece)
        create = datasets_wire.CreateDatasetRequest(name=name)
        created = await self._call(_methods.CREATE_DATASET, create, timeout, idempotency_key or new_idempotency_key())
        n_rows = 0
        for request in requests:
            request.upload_id = created.upload_id
            n_rows = (await self._call(_methods.APPEND_ROWS, request, timeout)).n_rows
        commit = datasets_wire.CommitDatasetRequest(upload_id=created.upload_id, n_rows=n_rows)
        return _datasets.dataset_from_wire((await self._call(_methods.COMMIT_DATASET, commit, timeout)).dataset)

    async def describe_dataset(self, dataset: str, *, timeout: float | None = None) -> DatasetDescription:
        """Return schema and statistics of ``"wine"`` (newest version) or ``"wine@2"``."""
        request = datasets_wire.DescribeDatasetRequest(dataset=dataset)
        return _datasets.description_from_wire(await self._call(_methods.DESCRIBE_DATASET, request, timeout))

    async def list_datasets(self, *, timeout: float | None = None) -> list[Dataset]:
        """Return the data sets by name, then by version."""
        pages = await self._pages(_methods.LIST_DATASETS, datasets_wire.ListDatasetsRequest, None, timeout)
        return [_datasets.dataset_from_wire(dataset) for page in pages for dataset in page.datasets or ()]

    async def delete_dataset(self, name: str, version: int | None = None, *, timeout: float | None = None) -> None:
        """Delete a version of a data set, or all of them."""
        request = datasets_wire.DeleteDatasetRequest(name=name, version=version)
        await self._call(_methods.DELETE_DATASET, request, timeout)

    async def _call(
        self, method: Method, request: Any, timeout: float | None, idempotency_key: str | None = None
    ) -> Any:
        return await self._call_before(self._deadline(timeout), method, request, idempotency_key)

    async def _call_before(
        self, deadline: Deadline, method: Method, request: Any, idempotency_key: str | None = None
    ) -> Any:
        return await self._calls.call(method, request, deadline, replace(self._head, idempotency_key=idempotency_key))

    def _deadline(self, timeout: float | None) -> Deadline:
        return Deadline(self._timeout if timeout is None else timeout)

    async def _poll_job(self, job_id: str, after_sequence: int, wait: float) -> tuple[list[JobEvent], AsyncJob]:
        request = training_wire.WatchJobRequest(
            job_id=job_id, after_sequence=after_sequence, wait_ms=max(1, round(wait * 1000))
        )
        response = await self._polls.call(_methods.WATCH_JOB, request, Deadline(wait + self._timeout), self._head)
        return [_jobs.event_from_wire(it) for it in response.events or ()], _jobs.job_from_wire(response.job, self)

    async def _pages(
        self, method: Method, make_request: Callable[..., Any], limit: int | None, timeout: float | None
    ) -> list[Any]:
        if limit is not None:
            _checks.whole("limit", limit, least=0)
        page_size = None if limit is None else max(1, min(limit, 1000))
        pages: list[Any] = []
        left = limit
        while left is None or left > 0:
            after = pages[-1].next_page if pages else None
            if pages and after is None:
                break
            pages.append(await self._call(method, make_request(after=after, limit=page_size), timeout))
            left = None if left is None or page_size is None else left - page_size
        return pages
