"""Who is there, what can it do, how is it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from modelwire_wire.health import ttypes as wire

from modelwire._steps import value_of
from modelwire._times import moment


@dataclass(frozen=True)
class Greeting:
    """What `Client.hello` answers: `time` is the server's clock, `uptime` how long it has run."""

    greeting: str
    server: str
    version: str
    uptime: timedelta
    time: datetime | None


@dataclass(frozen=True)
class ModelStatus:
    """Whether a version of a model answers and, if not, why."""

    name: str
    version: int
    ready: bool
    reason: str | None


@dataclass(frozen=True)
class Status:
    """How a server is: `live` if it answers, `ready` if all its models do, else `reason` says why not."""

    live: bool
    ready: bool
    reason: str | None
    models: tuple[ModelStatus, ...]
    rows_in_flight: int
    jobs_in_flight: int


@dataclass(frozen=True)
class Limits:
    """The limits of a server that a client needs to know, as `idl/health.thrift` describes them."""

    max_frame_bytes: int
    max_elements: int
    max_depth: int
    max_calls_in_flight: int
    max_batch_rows: int
    max_queue_rows: int
    max_deadline: timedelta


@dataclass(frozen=True)
class MethodDescription:
    """A method of the server, the role that may call it, and whether a retry is harmless."""

    name: str
    service: str
    role: str
    idempotent: bool


@dataclass(frozen=True)
class ParameterDescription:
    """A hyper-parameter: `type` is ``"integer"``, ``"number"``, ``"flag"`` or ``"text"``, `range` is in words."""

    name: str
    type: str
    default: Any
    range: str | None
    meaning: str | None


@dataclass(frozen=True)
class AlgorithmDescription:
    """An algorithm.

    `kind` is ``"transformer"``, ``"regressor"``, ``"classifier"``, ``"clusterer"``, ``"outlier_detector"`` or
    ``"calibrator"``. One that is `transductive` says something of the rows that it is trained on, and of no others:
    `training_result`.
    """

    name: str
    kind: str
    summary: str | None
    parameters: tuple[ParameterDescription, ...]
    transductive: bool = False


@dataclass(frozen=True)
class Description:
    """What a server can do."""

    version: str
    idl_hash: str
    limits: Limits
    methods: tuple[MethodDescription, ...]
    algorithms: tuple[AlgorithmDescription, ...]


def greeting_from_wire(response: wire.HelloResponse) -> Greeting:
    """Read the answer of `hello`."""
    uptime = timedelta(milliseconds=response.uptime_ms or 0)
    return Greeting(response.greeting, response.server, response.version, uptime, moment(response.time_ms))


def status_from_wire(response: wire.StatusResponse) -> Status:
    """Read the answer of `status`."""
    return Status(
        live=bool(response.live),
        ready=bool(response.ready),
        reason=response.reason,
        models=tuple(ModelStatus(it.name, it.version, bool(it.ready), it.reason) for it in response.models or ()),
        rows_in_flight=response.rows_in_flight or 0,
        jobs_in_flight=response.jobs_in_flight or 0,
    )


def description_from_wire(response: wire.DescribeResponse) -> Description:
    """Read the answer of `describe`."""
    return Description(
        version=response.version,
        idl_hash=response.idl_hash,
        limits=_limits(response.limits or wire.Limits()),
        methods=tuple(
            MethodDescription(it.name, it.service_name, it.role, bool(it.idempotent)) for it in response.methods or ()
        ),
        algorithms=tuple(_algorithm(it) for it in response.algorithms or ()),
    )


def _limits(limits: wire.Limits) -> Limits:
    return Limits(
        max_frame_bytes=limits.max_frame_bytes,
        max_elements=limits.max_elements,
        max_depth=limits.max_depth,
        max_calls_in_flight=limits.max_calls_in_flight,
        max_batch_rows=limits.max_batch_rows,
        max_queue_rows=limits.max_queue_rows,
        max_deadline=timedelta(milliseconds=limits.max_deadline_ms or 0),
    )


def _algorithm(algorithm: wire.AlgorithmDescription) -> AlgorithmDescription:
    parameters = tuple(
        ParameterDescription(it.name, it.type_name, value_of(it.default_value), it.range, it.meaning)
        for it in algorithm.parameters or ()
    )
    transductive = bool(algorithm.transductive)
    return AlgorithmDescription(algorithm.name, algorithm.kind, algorithm.summary, parameters, transductive)
