"""What is known of a connection, whatever carries its bytes."""

from __future__ import annotations

import random
import ssl
import time

from modelwire import _tls
from modelwire._deadline import Deadline
from modelwire._endpoint import Endpoint
from modelwire._errors import DeadlineExceeded, FailedPrecondition, ProtocolError, Unavailable

# Below the server's 5 minutes; the age is spread, so that a new server soon gets its share.
_IDLE_SECONDS = 60.0
_AGE_SECONDS = 300.0
_LARGEST_SEQID = 2**31 - 1


class Line:
    """A connection to an endpoint, which carries one call at a time."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._name = endpoint.address.name
        self._dies_at = time.monotonic() + _AGE_SECONDS * random.uniform(0.8, 1.2)
        self._used_at = time.monotonic()
        self._seqid = 0
        self._has_answered = False
        self.closed = False
        #: It broke before the first byte of a reply, after it had answered before: the server may have closed it while
        #: it was idle.
        self.was_stale = False

    def next_seqid(self) -> int:
        """Return a number that no call on this connection had before it."""
        self._seqid = self._seqid % _LARGEST_SEQID + 1
        return self._seqid

    def _is_young(self) -> bool:
        now = time.monotonic()
        return now <= self._dies_at and now <= self._used_at + _IDLE_SECONDS

    def _answered(self) -> None:
        self._has_answered = True
        self._used_at = time.monotonic()

    def _lost(self, cause: Exception, *, executed: bool | None) -> Unavailable:
        if not self._has_answered and isinstance(cause, ssl.SSLError) and _tls.is_alert(cause):
            # A server of TLS 1.3 judges this client's certificate after this side of the handshake is done.
            return _tls.refused(self._endpoint.address, cause)
        wants_tls = self._endpoint.secured is None and not self._has_answered
        hint = "if the server takes TLS only, pass tls=Tls()" if wants_tls else None
        return Unavailable(f"the connection to {self._name} was lost: {cause}", hint=hint, executed=executed)

    def _not_taken(self, deadline: Deadline) -> DeadlineExceeded:
        return deadline.exceeded(f"{self._name} did not take the call", executed=False)

    def _not_answered(self, deadline: Deadline) -> DeadlineExceeded:
        return deadline.exceeded(f"{self._name} did not answer", executed=None)


def ended() -> EOFError:
    """The cause of a connection that was closed where a reply was due."""
    return EOFError("it was closed before the reply was complete")


def not_asked_for(size: int) -> ProtocolError:
    """Bytes behind a reply: what comes after them is anybody's guess."""
    return ProtocolError(f"{size} bytes that nobody asked for came after the reply")


def client_closed() -> FailedPrecondition:
    """What a call of a closed client ends with."""
    return FailedPrecondition("this client is closed", hint="make a new one", executed=False)
