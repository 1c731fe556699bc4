"""Training jobs: what they are, and waiting for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from modelwire_wire.training import ttypes as wire

from modelwire import _errors
from modelwire._deadline import Deadline
from modelwire._errors import Cancelled, DeadlineExceeded, ModelwireError, ProtocolError
from modelwire._times import moment

if TYPE_CHECKING:
    from modelwire._client import Client
    from modelwire._models import ModelVersion

ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
_LONGEST_POLL_SECONDS = 10.0
# A server that answers a poll at once, with nothing, must not make us spin.
_SHORTEST_POLL_SECONDS = 0.05


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
        """
        job = self
        for events, latest in polls(self._client, self.id, timeout):
            job = latest
            for event in events:
                if on_event is not None:
                    on_event(event)
        return job._published()

    def cancel(self, *, timeout: float | None = None) -> Job:
        """Cancel the job and return it as it is then; one that has ended stays as it is."""
        return self._client.cancel_job(self.id, timeout=timeout)

    def _published(self) -> ModelVersion:
        if self.state == "CANCELLED":
            raise Cancelled(f"job {self.id} was cancelled", executed=True)
        if self.error is not None:
            raise self.error
        if self.state != "SUCCEEDED":
            raise ProtocolError(f"job {self.id} ended as {self.state} and does not say why")
        return self._client.describe_model(f"{self.model}@{self.version}")


def polls(client: Client, job_id: str, timeout: float | None) -> Iterator[tuple[list[JobEvent], Job]]:
    """Ask for events until the job has ended: for each poll the new ones, and the job as it was then."""
    deadline = None if timeout is None else Deadline(timeout)
    sequence, ended = 0, False
    while not ended:
        began = time.monotonic()
        events, job = client._poll_job(job_id, sequence, _next_wait(job_id, deadline))
        sequence = events[-1].sequence if events else sequence
        ended = job.state in ENDED and (not events or sequence >= job.sequence)
        yield events, job
        if not events and not ended:
            time.sleep(max(0.0, began + _SHORTEST_POLL_SECONDS - time.monotonic()))


def _next_wait(job_id: str, deadline: Deadline | None) -> float:
    if deadline is None:
        return _LONGEST_POLL_SECONDS
    if deadline.remaining() <= 0:
        raise DeadlineExceeded(
            f"job {job_id} has not ended within {deadline.timeout:g} s", hint="it goes on; wait again or cancel it"
        )
    return min(_LONGEST_POLL_SECONDS, deadline.remaining())


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
