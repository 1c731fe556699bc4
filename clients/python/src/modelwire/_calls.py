"""Calls with deadlines and retries, over a pool of connections.

They are written once, for asyncio. Over blocking sockets nothing in them ever waits for an event loop: `run` finishes
them.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from modelwire_wire.types.ttypes import RequestContext

from modelwire import _codec, _theader
from modelwire._checks import check_fields
from modelwire._deadline import Deadline
from modelwire._errors import ModelwireError, Overloaded, ProtocolError, Unavailable
from modelwire._methods import Method

_T = TypeVar("_T")
_E = TypeVar("_E", bound="Exchanger")
MAX_TRIES = 3
_SHORTEST_PAUSE = 0.010
_LONGEST_PAUSE = 1.0


@dataclass(frozen=True)
class Head:
    """What a caller says about a call beside its arguments and its time-out."""

    token: str | None = field(default=None, repr=False)
    #: Each call has one of its own if the caller gives none.
    request_id: str | None = None
    #: By it the server knows a try of a call that it has seen.
    idempotency_key: str | None = None


def new_idempotency_key() -> str:
    """Return a key that no other call has."""
    return secrets.token_hex(16)


class Exchanger(Protocol):
    """A connection, as a call needs it; `Connection` says what it does."""

    closed: bool
    was_stale: bool

    def next_seqid(self) -> int: ...
    async def exchange(self, frame: bytes, deadline: Deadline) -> memoryview: ...
    def close(self) -> None: ...


class Lender(Protocol[_E]):
    """A pool, as calls need it; `Pool` says what it does."""

    async def take(self, deadline: Deadline) -> _E: ...
    def give_back(self, connection: _E) -> None: ...
    async def close(self) -> None: ...


Sleep = Callable[[float], Awaitable[None]]


def run(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """Finish what is written for asyncio, over blocking sockets and without an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as finished:
        result: _T = finished.value
        return result
    raise AssertionError("over blocking sockets nothing waits for an event loop")


async def blocking_sleep(seconds: float) -> None:
    """Sleep, and the thread with it."""
    time.sleep(seconds)


class Calls(Generic[_E]):
    """Makes calls; as safe to share between threads, or tasks, as its pool."""

    def __init__(self, pool: Lender[_E], sleep: Sleep, max_frame_bytes: int) -> None:
        self._pool = pool
        self._sleep = sleep
        self._max_frame_bytes = max_frame_bytes

    async def call(self, method: Method, request: Any, deadline: Deadline, head: Head) -> Any:
        """Call a method and return its response struct; `request.context` is filled in here.

        A call with an idempotency key is repeated as one of an idempotent method is.

        Raises
        ------
        InvalidArgument
            If a field of the request is not of its type; nothing was sent.
        ModelwireError
            The kind says what went wrong. What was surely not executed has been tried three times by then.
        """
        request_id = head.request_id or secrets.token_hex(8)
        request.context = _context(head, request_id, deadline)
        check_fields(request)
        repeatable = method.idempotent or head.idempotency_key is not None
        for attempt in range(1, MAX_TRIES + 1):
            connection: _E | None = None
            try:
                connection = await self._pool.take(deadline)
                request.context = _context(head, request_id, deadline)
                return await self._call_on(connection, method, request, deadline)
            except (Overloaded, Unavailable) as error:
                error.request_id = error.request_id or request_id
                pause = pause_before_retry(attempt, error.retry_after)
                may_retry = error.executed is False or (_was_stale(connection) and repeatable)
                if attempt == MAX_TRIES or not may_retry or pause >= deadline.remaining():
                    raise
            except ModelwireError as error:
                error.request_id = error.request_id or request_id
                raise
            await self._sleep(pause)
        raise AssertionError("the last try returns or raises")

    async def close(self) -> None:
        """Close the pool."""
        await self._pool.close()

    async def _call_on(self, connection: _E, method: Method, request: Any, deadline: Deadline) -> Any:
        try:
            seqid = connection.next_seqid()
            frame = _codec.encode(method, seqid, request, self._max_frame_bytes)
            reply = _theader.unwrap(await connection.exchange(frame, deadline))
            if reply.is_last:
                connection.close()
            return _codec.decode(method, seqid, reply.message)
        except ProtocolError:
            connection.close()  # what comes next on it is anybody's guess
            raise
        finally:
            self._pool.give_back(connection)


def pause_before_retry(attempt: int, retry_after: float | None) -> float:
    """Return seconds to wait after failed try number `attempt`, from 1.

    At random up to 10 ms, 100 ms, 1 s: full jitter, M. Brooker, "Exponential Backoff And Jitter" (2015). Not before the
    server said.
    """
    longest = min(_LONGEST_PAUSE, _SHORTEST_PAUSE * 10.0 ** (attempt - 1))
    return max(retry_after or 0.0, random.uniform(0, longest))


def _context(head: Head, request_id: str, deadline: Deadline) -> RequestContext:
    return RequestContext(
        deadline_ms=deadline.remaining_ms(),
        request_id=request_id,
        token=head.token,
        idempotency_key=head.idempotency_key,
    )


def _was_stale(connection: Exchanger | None) -> bool:
    return connection is not None and connection.was_stale
