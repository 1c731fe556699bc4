"""Calls with deadlines and retries, over a pool of connections."""

from __future__ import annotations

import random
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from modelwire_wire.types.ttypes import RequestContext

from modelwire import _codec, _theader
from modelwire._checks import check_fields
from modelwire._connection import Connection
from modelwire._deadline import Deadline
from modelwire._errors import ModelwireError, Overloaded, ProtocolError, Unavailable
from modelwire._methods import Method
from modelwire._pool import Pool

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


class Calls:
    """Makes calls; safe to share between threads."""

    def __init__(self, pool: Pool, max_frame_bytes: int) -> None:
        self._pool = pool
        self._max_frame_bytes = max_frame_bytes

    def call(self, method: Method, request: Any, deadline: Deadline, head: Head) -> Any:
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
            connection = None
            try:
                connection = self._pool.take(deadline)
                request.context = _context(head, request_id, deadline)
                return self._call_on(connection, method, request, deadline)
            except (Overloaded, Unavailable) as error:
                error.request_id = error.request_id or request_id
                pause = pause_before_retry(attempt, error.retry_after)
                may_retry = error.executed is False or (_was_stale(connection) and repeatable)
                if attempt == MAX_TRIES or not may_retry or pause >= deadline.remaining():
                    raise
            except ModelwireError as error:
                error.request_id = error.request_id or request_id
                raise
            time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()

    def _call_on(self, connection: Connection, method: Method, request: Any, deadline: Deadline) -> Any:
        try:
            seqid = connection.next_seqid()
            frame = _codec.encode(method, seqid, request, self._max_frame_bytes)
            reply = _theader.unwrap(connection.exchange(frame, deadline))
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


def _was_stale(connection: Connection | None) -> bool:
    return connection is not None and connection.was_stale
