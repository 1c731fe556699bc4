"""Training jobs: what they are, and waiting for them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from modelwire_wire.training import ttypes as wire

from modelwire import _errors
from modelwire._calls import MAX_TRIES, pause_before_retry, run
from modelwire._deadline import Deadline
from modelwire._errors import (
    Cancelled,
    DeadlineExceeded,
    FailedPrecondition,
    ModelwireError,
    Overloaded,
    ProtocolError,
    Unavailable,
)
from modelwire._times import moment

if TYPE_CHECKING:
    from modelwire._models import ModelVersion
    from modelwire._search import SearchResult
    from modelwire._verbs import Verbs

_T = TypeVar("_T")
ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
_LONGEST_POLL_SECONDS = 10.0
_SHORTEST_POLL_SECONDS = 0.05
# A server that restarts is back much sooner.
_LONGEST_ABSENCE_SECONDS = 30.0


@dataclass(frozen=True)
class JobEvent:
    """Something that happened to a job; `sequence` counts from 1 within it, `progress` from 0 to 1."""

    sequence: int
    time: datetime | None
    state: str
    message: str | None
    progress: float | None


@dataclass(frozen=True, eq=False)
class _JobFields:
    """A training job as it was when the server was asked; it outlives a restart of the server.

    Attributes
    ----------
    state : str
        ``"QUEUED"``, ``"RUNNING"``, ``"SUCCEEDED"``, ``"FAILED"`` or ``"CANCELLED"``.
    model, version
        The model that it trains and, once it has succeeded, the version that it published.
    progress : float or None
        From 0 to 1.
    error : ModelwireError or None
        Why it failed.
    sequence : int
        Number of its latest event.
    """

    id: str
    state: str
    model: str
    version: int | None
    created: datetime | None
    started: datetime | None
    finished: datetime | None
    progress: float | None
    metrics: dict[str, float]
    error: ModelwireError | None
    sequence: int


@dataclass(frozen=True, eq=False)
class AsyncJob(_JobFields):
    __doc__ = _JobFields.__doc__
    _verbs: Verbs = field(repr=False)

    async def wait(
        self, timeout: float | None = None, *, on_event: Callable[[JobEvent], object] | None = None
    ) -> ModelVersion:
        """Wait until the job has ended and return the version that it published, as `Job.wait` does."""
        job, watch = await self._ended(timeout, on_event)
        if job.version is None:
            hint = "wait for a search that publishes nothing with result()"
            raise FailedPrecondition(f"job {job.id} has published no version", hint=hint, executed=True)
        return await watch.ask(lambda: job._verbs.describe_model(f"{job.model}@{job.version}"))

    async def result(
        self, timeout: float | None = None, *, on_event: Callable[[JobEvent], object] | None = None
    ) -> SearchResult:
        """Wait until a search has ended and return its table, as `Job.result` does."""
        job, watch = await self._ended(timeout, on_event)
        return await watch.ask(lambda: job._verbs.search_result(job.id))

    async def cancel(self, *, timeout: float | None = None) -> AsyncJob:
        """Cancel the job and return it as it is then; one that has ended stays as it is."""
        return await self._verbs.cancel_job(self.id, timeout=timeout)

    async def _ended(
        self, timeout: float | None, on_event: Callable[[JobEvent], object] | None
    ) -> tuple[AsyncJob, Watch]:
        """Wait until the job has succeeded; the job as it is then."""
        job, watch = self, Watch(self._verbs, self.id, timeout)
        while (poll := await watch.next()) is not None:
            events, job = poll
            for event in events:
                if on_event is not None:
                    on_event(event)
        if job.state == "CANCELLED":
            raise Cancelled(f"job {job.id} was cancelled", executed=True)
        if job.error is not None:
            raise job.error
        if job.state != "SUCCEEDED":
            raise ProtocolError(f"job {job.id} ended as {job.state} and does not say why")
        return job, watch


@dataclass(frozen=True, eq=False)
class Job(_JobFields):
    __doc__ = _JobFields.__doc__
    _job: AsyncJob = field(repr=False)

    def wait(
        self, timeout: float | None = None, *, on_event: Callable[[JobEvent], object] | None = None
    ) -> ModelVersion:
        """Wait until the job has ended and return the version that it published.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait; the job goes on after them. None: as long as it takes.
        on_event : callable, optional
            Called with each event of the job, from its first.

        Raises
        ------
        ModelwireError
            The error of a job that failed, of its own kind.
        Cancelled
            If it was cancelled.
        DeadlineExceeded
            If `timeout` passes first.
        Unavailable
            If the server cannot be reached for half a minute and there is no `timeout`; a shorter absence, such as its
            restart, is waited for.
        """
        return run(self._job.wait(timeout, on_event=on_event))

    def result(
        self, timeout: float | None = None, *, on_event: Callable[[JobEvent], object] | None = None
    ) -> SearchResult:
        """Wait until a search has ended and return its table; what is waited for and raised is that of `wait`.

        Raises
        ------
        FailedPrecondition
            If the job is no search.
        """
        return run(self._job.result(timeout, on_event=on_event))

    def cancel(self, *, timeout: float | None = None) -> Job:
        """Cancel the job and return it as it is then; one that has ended stays as it is."""
        return blocking_job(run(self._job.cancel(timeout=timeout)))


def blocking_job(job: AsyncJob) -> Job:
    """Give the job of a blocking client the verbs of one."""
    return Job(**{each.name: getattr(job, each.name) for each in fields(_JobFields)}, _job=job)


class Watch:
    """Asks for the events of a job until it has ended, whether the server is there or not: asking again is harmless."""

    def __init__(self, verbs: Verbs, job_id: str, timeout: float | None) -> None:
        self._verbs = verbs
        self._job_id = job_id
        self._deadline = None if timeout is None else Deadline(timeout)
        self._sequence = 0
        self._ended = False
        # A server that answers a poll at once, with nothing, must not make us spin.
        self._not_before = 0.0

    async def next(self) -> tuple[list[JobEvent], AsyncJob] | None:
        """Wait for events: the new ones, and the job as it was then; None once it has ended and all have been seen."""
        if self._ended:
            return None
        if self._deadline is not None and self._deadline.remaining() <= 0:
            raise self._late()
        await self._verbs._sleep(max(0.0, self._not_before - time.monotonic()))
        began = time.monotonic()
        events, job = await self.ask(self._poll)
        self._sequence = events[-1].sequence if events else self._sequence
        self._ended = job.state in ENDED and (not events or self._sequence >= job.sequence)
        self._not_before = began if events else began + _SHORTEST_POLL_SECONDS
        return events, job

    async def ask(self, question: Callable[[], Awaitable[_T]]) -> _T:
        """Ask until there is an answer, or the time is up: what is left, or half a minute if that has no end."""
        absence = None
        for attempt in count(1):
            try:
                return await question()
            except (DeadlineExceeded, Overloaded, Unavailable) as error:
                absence = absence or self._deadline or Deadline(_LONGEST_ABSENCE_SECONDS)
                pause = pause_before_retry(min(attempt, MAX_TRIES), error.retry_after)
                if pause >= absence.remaining():
                    raise self._given_up(error) from error
            await self._verbs._sleep(pause)
        raise AssertionError("an answer or an error comes before the numbers end")

    async def _poll(self) -> tuple[list[JobEvent], AsyncJob]:
        left = _LONGEST_POLL_SECONDS if self._deadline is None else self._deadline.remaining()
        wait = min(_LONGEST_POLL_SECONDS, max(0.001, left))
        return await self._verbs._poll_job(self._job_id, self._sequence, wait)

    def _late(self, why: str = "") -> DeadlineExceeded:
        seconds = self._deadline.timeout if self._deadline is not None else _LONGEST_ABSENCE_SECONDS
        hint = f"it goes on; wait again with {self._again()}, or cancel it"
        return DeadlineExceeded(f"job {self._job_id} has not ended within {seconds:g} s{why}", hint=hint)

    def _given_up(self, error: ModelwireError) -> ModelwireError:
        if self._deadline is not None:
            return self._late(f" and the last poll failed: {error.message}")
        return type(error)(
            f"the server was lost while job {self._job_id} was waited for: {error.message}",
            code=error.code,
            hint=f"the job goes on where the server does; wait again with {self._again()}",
            executed=error.executed,
            retry_after=error.retry_after,
            request_id=error.request_id,
        )

    def _again(self) -> str:
        return f'client.get_job("{self._job_id}").wait()'


def job_from_wire(job: wire.Job, verbs: Verbs) -> AsyncJob:
    """Read a job."""
    return AsyncJob(
        id=job.id,
        state=_state(job),
        model=job.model,
        version=job.version,
        created=moment(job.created_ms),
        started=moment(job.started_ms),
        finished=moment(job.finished_ms),
        progress=job.progress,
        metrics=dict(job.metrics or {}),
        error=None if job.error is None else _errors.from_wire(job.error),
        sequence=job.sequence or 0,
        _verbs=verbs,
    )


def event_from_wire(event: wire.JobEvent) -> JobEvent:
    """Read an event."""
    return JobEvent(event.sequence, moment(event.time_ms), _state(event), event.message, event.progress)


def _state(of: Any) -> str:
    return of.state_name or f"JOB_STATE_{of.state}"
