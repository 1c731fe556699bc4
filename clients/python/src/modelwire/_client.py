"""The blocking client: a verb of the server is a method of it."""

from __future__ import annotations

import copy
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

from modelwire import _jobs
from modelwire._calls import blocking_sleep, run
from modelwire._codec import MAX_FRAME_BYTES
from modelwire._datasets import Dataset, DatasetDescription
from modelwire._endpoint import endpoint
from modelwire._errors import ModelwireError
from modelwire._evaluation import Evaluation
from modelwire._explanations import Explanation
from modelwire._exports import ExportedModel, Format
from modelwire._health import Description, Greeting, Status
from modelwire._importances import PermutationImportance
from modelwire._inference import Prediction
from modelwire._jobs import Job, JobEvent, blocking_job
from modelwire._learners import LearnedBatch, Learner
from modelwire._models import Alias, ModelSummary, ModelVersion, Replacement, TrainingResult
from modelwire._pool import Pool
from modelwire._search import CrossValidation, SearchResult
from modelwire._steps import Step, StepLike
from modelwire._tls import Tls
from modelwire._together import in_threads
from modelwire._verbs import Carrier, Verbs

_BLOCKING = Carrier(Pool, blocking_sleep, in_threads)


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
        where = endpoint(address, tls, connect_timeout, max_frame_bytes)
        self._verbs = Verbs(where, _BLOCKING, timeout=timeout, token=token, max_connections=max_connections)

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
        run(self._verbs.close())

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
        client = copy.copy(self)
        client._verbs = self._verbs.with_options(timeout=timeout, token=token, request_id=request_id)
        return client

    # Health

    def hello(self, name: str | None = None, *, timeout: float | None = None) -> Greeting:
        """Greet the server; it greets `name`, or the world."""
        return run(self._verbs.hello(name, timeout=timeout))

    def status(self, *, timeout: float | None = None) -> Status:
        """Ask whether the server and its models are live and ready."""
        return run(self._verbs.status(timeout=timeout))

    def describe(self, *, timeout: float | None = None) -> Description:
        """Ask for the server's version, limits and methods, and its algorithms with their hyper-parameters."""
        return run(self._verbs.describe(timeout=timeout))

    def echo(self, payload: bytes, *, timeout: float | None = None) -> bytes:
        """Send bytes and get them back, to measure latency and bandwidth."""
        return run(self._verbs.echo(payload, timeout=timeout))

    # Inference

    def predict(self, model: str, rows: Any, *, timeout: float | None = None) -> Prediction:
        """Predict each row.

        Rows of more than 8 MiB (or half of `max_frame_bytes`) travel in several calls, a few at once, all within
        `timeout`. The version that answers the first row answers all of them, though an alias may move meanwhile.

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
        return run(self._verbs.predict(model, rows, timeout=timeout))

    def predict_many(
        self, requests: Iterable[tuple[str, Any]], *, timeout: float | None = None
    ) -> list[Prediction | ModelwireError]:
        """Answer independent requests in one call: ``client.predict_many([("wine", rows), ("iris@3", others)])``.

        Parameters
        ----------
        requests : iterable of (str, rows)
            At most 1,000; model and rows of each as for `predict`.

        Returns
        -------
        list
            For each request its `Prediction`, or the error that `predict` would have raised. An error is returned, not
            raised, and changes no other answer; none is tried again.

        Raises
        ------
        InvalidArgument
            If there are more requests, the rows of one are no rows, or all take more than a call or its reply holds.
        """
        return run(self._verbs.predict_many(requests, timeout=timeout))

    def explain(self, model: str, rows: Any, *, timeout: float | None = None) -> Explanation:
        """Answer what each column adds to the answers of `predict`.

        Of a linear model that is the column times its coefficient, of a tree or a forest the Shapley value.

        Parameters
        ----------
        model : str
            As for `predict`.
        rows : array-like of shape (n, n_features) or (n_features,), mapping, or data frame
            As for `predict`, but all of them travel in one call.

        Raises
        ------
        NotFound
            If there is no such model, version or alias.
        FailedPrecondition
            If the answers of the model are no sums over columns: it is neither linear, nor a tree, nor a forest.
        InvalidArgument
            If the rows are not what the model takes, or are too many for a call or its reply; the message says how many
            a call may have.
        """
        return run(self._verbs.explain(model, rows, timeout=timeout))

    # Training

    def train(
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
    ) -> Job:
        """Start training a new version of a model and return the job at once; `Job.wait` waits for it.

        Parameters
        ----------
        model : str
            Name of the model; its first version becomes its alias `stable`.
        steps : sequence of str, (str, mapping) or Step
            Transformers, then one estimator or none: ``["standard_scaler", ("k_means", {"n_clusters": 3})]``; behind
            a classifier perhaps ``"platt_calibration"``.
        features : array-like of shape (n_samples, n_features), mapping or data frame; or sequence of str
            The rows to learn from. With `table` or `dataset`: the names of the columns to learn from, in the order in
            which `predict` takes them; None: all but targets and weights. A matrix with masked values is refused.
        target : array-like of shape (n_samples,), or str
            What to predict: numbers, or labels (whole numbers, truth values, text). With `table` or `dataset`: the name
            of its column. None for clusterers, outlier detectors and transformers.
        targets : array-like of shape (n_samples, n_targets), mapping or data frame; or sequence of str
            Instead of `target`: several columns of numbers for a regressor that learns several; `predict` answers them
            as `transformed`, in this order. Those of a matrix are called target0, target1, and so on. With `table` or
            `dataset`: the names of the columns.
        names : sequence of str, optional
            Names of the columns of a matrix; x0, x1, … if not given.
        table : mapping of str to array-like, or data frame, optional
            The rows, features and target together.
        dataset : str, optional
            The rows, stored: ``"wine"`` (newest version) or ``"wine@2"``.
        seed : int, optional
            Seed of everything random; 0 if not given. The same rows, steps and seed give the same model.
        validation_fraction : float, optional
            Share of the rows, from 0 to below 1, that metrics are measured on, by a second model that is fitted without
            them; 0 leaves it out, and the time that it takes. 0.2 if not given. The model itself learns from all rows.
        sample_weight : array-like of shape (n_samples,), or str, optional
            How often each row counts in what is learned and in metrics: numbers, 0 or greater. A row of weight 2 is the
            row twice, one of weight 0 is left out. With `table` or `dataset`: the name of its column, which is no
            feature.
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
        job = self._verbs.train(
            model,
            steps,
            features=features,
            target=target,
            targets=targets,
            names=names,
            table=table,
            dataset=dataset,
            seed=seed,
            validation_fraction=validation_fraction,
            sample_weight=sample_weight,
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return blocking_job(run(job))

    def search(
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
    ) -> Job:
        """Start a search for hyper-parameters and return its job at once; `Job.result` waits for its table.

        Parameters
        ----------
        model, steps, features, target, targets, names, table, dataset, seed, sample_weight, idempotency_key
            As for `train`. Steps have what is not searched. Of several `targets` a score is the mean over them.
        parameters : mapping of str or (int, str) to sequence or Range
            What to try: ``{"alpha": [0.1, 1.0]}`` of the last step, ``{"pca__n_components": [2, 3]}`` of the step of
            that algorithm, ``{(0, "n_components"): Range(2, 9, "integers")}`` of a step by its position.
        strategy : {"grid", "random", "halving"}, optional
            Every combination (if not given), `n_candidates` by chance, or all on few rows and the better ones on more.
        n_candidates : int, optional
            Combinations to draw.
        factor, min_resources : int, optional
            Of a halving: one in so many candidates goes on, with so many times the rows; rows of the first iteration.
        cv : int or CrossValidation, optional
            How rows are parted; a number is that of the folds, 5 if not given.
        groups : array-like of shape (n_samples,), or str, optional
            The group of each row, whole numbers, truth values or text: all rows of a group are on one side. With
            `table` or `dataset`: the name of its column, which is no feature.
        scoring : str, optional
            What candidates are ranked by, as scikit-learn names it, such as ``"neg_log_loss"``; ``"r2"`` or
            ``"accuracy"`` if not given.
        publish : bool
            Fit the best candidate on all rows and publish it as a version of the model, as `train` does.

        Raises
        ------
        InvalidArgument
            As for `train`; also for more fits than a search takes, or for what is searched, folds or scoring.
        NotFound
            If there is no such data set.
        """
        job = self._verbs.search(
            model,
            steps,
            parameters,
            features=features,
            target=target,
            targets=targets,
            names=names,
            table=table,
            dataset=dataset,
            seed=seed,
            sample_weight=sample_weight,
            strategy=strategy,
            n_candidates=n_candidates,
            factor=factor,
            min_resources=min_resources,
            cv=cv,
            groups=groups,
            scoring=scoring,
            publish=publish,
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return blocking_job(run(job))

    def search_result(self, job_id: str, *, timeout: float | None = None) -> SearchResult:
        """Return the table of a search that has ended, best candidate first.

        Raises
        ------
        FailedPrecondition
            If the job is no search, has not ended, or ended before all candidates were measured.
        NotFound
            If there is no such job.
        """
        return run(self._verbs.search_result(job_id, timeout=timeout))

    def evaluate(
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
        """Return what a model is worth on rows whose targets are known, with scikit-learn's metrics.

        Parameters
        ----------
        model : str
            ``"wine"`` (its alias `stable`), ``"wine@3"``, ``"wine@canary"`` or ``"wine@latest"``.
        features : array-like of shape (n_samples, n_features), mapping or data frame
            The rows, if they come neither as `table` nor from `dataset`; their columns have the model's names.
        target : array-like of shape (n_samples,), or str
            What the model should answer. With `table` or `dataset`: the name of its column; None for the column that
            the model learned. Of a clustering the groups to compare with, or None.
        names : sequence of str, optional
            Names of the columns of a matrix; x0, x1, … if not given.
        table : mapping of str to array-like, or data frame, optional
            The rows, features and target together; columns that the model does not take are passed over.
        dataset : str, optional
            The rows, stored: ``"wine"`` (newest version) or ``"wine@2"``.
        sample_weight : array-like of shape (n_samples,), or str, optional
            How often each row counts, as for `train`; a clustering takes none.

        Raises
        ------
        InvalidArgument
            If a column or value is wrong; the message names it. Also if the rows are more than a call holds: `upload`
            them then, and evaluate on `dataset`.
        NotFound
            If there is no such model or data set.
        """
        evaluation = self._verbs.evaluate(
            model,
            features,
            target,
            names=names,
            table=table,
            dataset=dataset,
            sample_weight=sample_weight,
            timeout=timeout,
        )
        return run(evaluation)

    def permutation_importance(
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
        """Return by how much a score falls when the values of one column are shuffled among the rows, of each column.

        Every shuffle predicts all rows: give the call time.

        Parameters
        ----------
        model, features, target, names, table, dataset, sample_weight
            As for `evaluate`.
        scoring : str, optional
            What falls, as scikit-learn names it and `search` takes it, such as ``"neg_log_loss"``; ``"r2"``,
            ``"accuracy"`` or ``"adjusted_rand_score"`` by the kind of the model if not given.
        n_repeats : int, optional
            How often each column is shuffled; 5 if not given, at most 1000.
        seed : int, optional
            Of the shuffling: the same rows and seed give the same answer.

        Raises
        ------
        InvalidArgument
            If a column, value, score or number is wrong; the message names it.
        NotFound
            If there is no such model or data set.
        """
        importance = self._verbs.permutation_importance(
            model,
            features,
            target,
            names=names,
            table=table,
            dataset=dataset,
            sample_weight=sample_weight,
            scoring=scoring,
            n_repeats=n_repeats,
            seed=seed,
            timeout=timeout,
        )
        return run(importance)

    def get_job(self, job_id: str, *, timeout: float | None = None) -> Job:
        """Return a job as it is now."""
        return blocking_job(run(self._verbs.get_job(job_id, timeout=timeout)))

    def watch_job(self, job_id: str, *, timeout: float | None = None) -> Iterator[JobEvent]:
        """Yield the events of a job, from its first, until it has ended.

        Raises
        ------
        DeadlineExceeded
            If `timeout` seconds pass first; None waits as long as it takes.
        Unavailable
            As in `Job.wait`.
        """
        watch = _jobs.Watch(self._verbs, job_id, timeout)
        while (poll := run(watch.next())) is not None:
            yield from poll[0]

    def list_jobs(self, *, limit: int | None = None, timeout: float | None = None) -> list[Job]:
        """Return the jobs, newest first, at most `limit` of them."""
        return [blocking_job(job) for job in run(self._verbs.list_jobs(limit=limit, timeout=timeout))]

    def cancel_job(self, job_id: str, *, timeout: float | None = None) -> Job:
        """Cancel a job and return it as it is then; one that has ended stays as it is."""
        return blocking_job(run(self._verbs.cancel_job(job_id, timeout=timeout)))

    def partial_fit(
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
        """Let a model learn from a batch of rows, and return what was learned, which is durable then.

        The first batch of a model makes its learner; it needs `steps` and a target. Versions are published as
        `publish_every` and `publish` say; `predict` answers by them while the learner goes on.

        Parameters
        ----------
        model : str
            Name of the model.
        steps : str, (str, mapping) or Step, or a list of one
            An algorithm that learns batch by batch. It may be left out after the first batch; given again it has to be
            the same, as have `target`, `features`, `classes` and `seed`.
        features, target, names, table
            The rows, as in `train`.
        classes : array-like, optional
            The labels that there will be; those of the first batch if not given.
        seed : int, optional
            Seed of everything random; 0 if not given. The same batches in the same order give the same model.
        publish_every : int, optional
            Publish a version after so many batches, 1 if not given; 0: only when `publish` asks for it. Given again it
            holds from then on, as do the next two.
        keep_versions : int, optional
            Versions beyond the newest so many are deleted, but for those that an alias names; 5 if not given.
        move_stable : bool, optional
            Whether the alias `stable` goes to each new version; True if not given. The first batch of a model that has
            versions already has to say it.
        expected_batch : int, optional
            The number that this batch should get, from 1; refused if it would be another.
        publish : bool, optional
            Publish a version after this batch.
        idempotency_key : str, optional
            At most 128 characters: a later call with the same key, also of another process, returns what the first one
            learned, and learns nothing twice. If not given, only the retries of this call are known by a key.

        Raises
        ------
        InvalidArgument
            If a name, step, hyper-parameter, column, class or value is wrong; nothing was learned.
        NotFound
            If there is no learner and no steps were given.
        FailedPrecondition
            If another batch is expected, or a version is asked for before a row of each class was seen.
        Overloaded
            If too many calls wait for this learner, or there are too many learners.
        """
        return run(
            self._verbs.partial_fit(
                model,
                steps,
                features=features,
                target=target,
                names=names,
                table=table,
                classes=classes,
                seed=seed,
                publish_every=publish_every,
                keep_versions=keep_versions,
                move_stable=move_stable,
                expected_batch=expected_batch,
                publish=publish,
                idempotency_key=idempotency_key,
                timeout=timeout,
            )
        )

    def get_learner(self, model: str, *, timeout: float | None = None) -> Learner:
        """Return how a learner is.

        Raises
        ------
        NotFound
            If there is none.
        """
        return run(self._verbs.get_learner(model, timeout=timeout))

    def delete_learner(self, model: str, *, timeout: float | None = None) -> None:
        """Delete a learner; the versions that it published stay.

        Raises
        ------
        NotFound
            If there is none.
        """
        run(self._verbs.delete_learner(model, timeout=timeout))

    # Models

    def list_models(self, *, timeout: float | None = None) -> list[ModelSummary]:
        """Return the models by name, with their versions and aliases."""
        return run(self._verbs.list_models(timeout=timeout))

    def describe_model(self, model: str, *, timeout: float | None = None) -> ModelVersion:
        """Return what a version takes, how it was made and how well it fits; `model` as in `predict`."""
        return run(self._verbs.describe_model(model, timeout=timeout))

    def training_result(self, model: str, *, timeout: float | None = None) -> TrainingResult:
        """Return what a transductive model, such as one of dbscan, made of the rows that it was trained on.

        `model` is as in `predict`. A large result comes in several calls, all of one version, each within `timeout`.

        Raises
        ------
        FailedPrecondition
            If the model is not transductive: it answers `predict`.
        """
        return run(self._verbs.training_result(model, timeout=timeout))

    def export_model(self, model: str, to: Format = "onnx", *, timeout: float | None = None) -> ExportedModel:
        """Return a version as a file that other programs, such as onnxruntime, compute predictions with.

        `model` is as in `predict`. A large file comes in several calls, all of one version, each within `timeout`.

        Raises
        ------
        FailedPrecondition
            If a step of the model cannot be written; the message says which can.
        """
        return run(self._verbs.export_model(model, to, timeout=timeout))

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
        return run(
            self._verbs.set_alias(model, alias, version, expected_generation=expected_generation, timeout=timeout)
        )

    def load_model(
        self, model: str, version: int, *, replacement: Replacement | None = None, timeout: float | None = None
    ) -> int:
        """Serve a version that is on disk, from now on and after a restart; answer the bytes that it takes.

        Parameters
        ----------
        replacement : {"swap", "drop_first"}, optional
            What gives way where there is no room: nothing, or other versions of the model that no alias names. As the
            server is set if it is not given.

        Raises
        ------
        FailedPrecondition
            If there is no room for it, or it is damaged.
        """
        return run(self._verbs.load_model(model, version, replacement=replacement, timeout=timeout))

    def unload_model(self, model: str, version: int, *, timeout: float | None = None) -> None:
        """Serve a version no more, until `load_model`; it stays on disk, and calls that have begun are answered.

        Raises
        ------
        FailedPrecondition
            If an alias names it.
        """
        run(self._verbs.unload_model(model, version, timeout=timeout))

    def delete_version(self, model: str, version: int, *, timeout: float | None = None) -> None:
        """Delete a version for good.

        Raises
        ------
        FailedPrecondition
            If an alias names it.
        """
        run(self._verbs.delete_version(model, version, timeout=timeout))

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
        return run(
            self._verbs.upload(
                name, rows, rows_per_piece=rows_per_piece, idempotency_key=idempotency_key, timeout=timeout
            )
        )

    def describe_dataset(self, dataset: str, *, timeout: float | None = None) -> DatasetDescription:
        """Return schema and statistics of ``"wine"`` (newest version) or ``"wine@2"``."""
        return run(self._verbs.describe_dataset(dataset, timeout=timeout))

    def list_datasets(self, *, timeout: float | None = None) -> list[Dataset]:
        """Return the data sets by name, then by version."""
        return run(self._verbs.list_datasets(timeout=timeout))

    def delete_dataset(self, name: str, version: int | None = None, *, timeout: float | None = None) -> None:
        """Delete a version of a data set, or all of them."""
        run(self._verbs.delete_dataset(name, version, timeout=timeout))
