"""Training jobs: what they are, and waiting for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from modelwire_wire.training import ttypes as wire

from modelwire import _errors
from modelwire._calls import MAX_TRIES, pause_before_retry
from modelwire._deadline import Deadline
from modelwire._errors import Cancelled, DeadlineExceeded, ModelwireError, Overloaded, ProtocolError, Unavailable
from modelwire._times import moment

if TYPE_CHECKING:
    from modelwire._client import Client
    from modelwire._models import ModelVersion

_T = TypeVar("_T")
ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
_LONGEST_POLL_SECONDS = 10.0
# A server that answers a poll at once, with nothing, must not make us spin.
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
class Job:
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
    _client: Client = field(repr=False)

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
        job, patience = self, _Patience(self.id, timeout)
        for events, latest in _polls(self._client, patience):
            job = latest
            for event in events:
                if on_event is not None:
                    on_event(event)
        return job._published(patience)

    def cancel(self, *, timeout: float | None = None) -> Job:
        """Cancel the job and return it as it is then; one that has ended stays as it is."""
        return self._client.cancel_job(self.id, timeout=timeout)

    def _published(self, patience: _Patience) -> ModelVersion:
        if self.state == "CANCELLED":
            raise Cancelled(f"job {self.id} was cancelled", executed=True)
        if self.error is not None:
            raise self.error
        if self.state != "SUCCEEDED":
            raise ProtocolError(f"job {self.id} ended as {self.state} and does not say why")
        return patience.ask(lambda: self._client.describe_model(f"{self.model}@{self.version}"))


class _Patience:
    """How long to wait for a job, whether the server is there or not: asking again is harmless."""

    def __init__(self, job_id: str, timeout: float | None) -> None:
        self.job_id = job_id
        self._deadline = None if timeout is None else Deadline(timeout)

    def ask(self, question: Callable[[], _T]) -> _T:
        """Ask until there is an answer, or the time is up: what is left, or half a minute if that has no end."""
        absence = None
        for attempt in count(1):
            try:
                return question()
            except (DeadlineExceeded, Overloaded, Unavailable) as error:
                absence = absence or self._deadline or Deadline(_LONGEST_ABSENCE_SECONDS)
                pause = pause_before_retry(min(attempt, MAX_TRIES), error.retry_after)
                if pause >= absence.remaining():
                    raise self._given_up(error) from error
            time.sleep(pause)
        raise AssertionError("an answer or an error comes before the numbers end")

    def next_wait(self) -> float:
        """Return seconds for which the server may keep the next poll waiting."""
        left = _LONGEST_POLL_SECONDS if self._deadline is None else self._deadline.remaining()
        return min(_LONGEST_POLL_SECONDS, max(0.001, left))

    def check(self) -> None:
        """Raise DeadlineExceeded if the time is up."""
        if self._deadline is not None and self._deadline.remaining() <= 0:
            raise self._late()

    def _late(self, why: str = "") -> DeadlineExceeded:
        seconds = self._deadline.timeout if self._deadline is not None else _LONGEST_ABSENCE_SECONDS
        hint = f"it goes on; wait again with {self._again()}, or cancel it"
        return DeadlineExceeded(f"job {self.job_id} has not ended within {seconds:g} s{why}", hint=hint)

    def _given_up(self, error: ModelwireError) -> ModelwireError:
        if self._deadline is not None:
            return self._late(f" and the last poll failed: {error.message}")
        return type(error)(
            f"the server was lost while job {self.job_id} was waited for: {error.message}",
            code=error.code,
            hint=f"the job goes on where the server does; wait again with {self._again()}",
            executed=error.executed,
            retry_after=error.retry_after,
            request_id=error.request_id,
        )

    def _again(self) -> str:
        return f'client.get_job("{self.job_id}").wait()'


def polls(client: Client, job_id: str, timeout: float | None) -> Iterator[tuple[list[JobEvent], Job]]:
    """Ask for events until the job has ended: for each poll the new ones, and the job as it was then."""
    return _polls(client, _Patience(job_id, timeout))


def _polls(client: Client, patience: _Patience) -> Iterator[tuple[list[JobEvent], Job]]:
    sequence, ended = 0, False
    while not ended:
        patience.check()
        began = time.monotonic()
        events, job = patience.ask(partial(_poll, client, patience, sequence))
        sequence = events[-1].sequence if events else sequence
        ended = job.state in ENDED and (not events or sequence >= job.sequence)
        yield events, job
        if not events and not ended:
            time.sleep(max(0.0, began + _SHORTEST_POLL_SECONDS - time.monotonic()))


def _poll(client: Client, patience: _Patience, after_sequence: int) -> tuple[list[JobEvent], Job]:
    return client._poll_job(patience.job_id, after_sequence, patience.next_wait())


def job_from_wire(job: wire.Job, client: Client) -> Job:
    """Read a job."""
    return Job(
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
        _client=client,
    )


def event_from_wire(event: wire.JobEvent) -> JobEvent:
    """Read an event."""
    return JobEvent(event.sequence, moment(event.time_ms), _state(event), event.message, event.progress)


def _state(of: Any) -> str:
    return of.state_name or f"JOB_STATE_{of.state}"
