"""One connection: writes a frame, reads a frame, within a deadline."""

from __future__ import annotations

import random
import socket
import ssl
import time

from modelwire import _address, _tls
from modelwire._address import Address
from modelwire._codec import frame_length
from modelwire._deadline import Deadline
from modelwire._errors import ProtocolError, Unavailable
from modelwire._theader import LENGTH
from modelwire._tls import Secured

_READ_BYTES = 65_536
_LARGEST_READ_BYTES = 1_048_576
# Below the server's 5 minutes; the age is spread, so that a new server soon gets its share.
_IDLE_SECONDS = 60.0
_AGE_SECONDS = 300.0
# A socket takes no longer time-out.
_LONGEST_SILENCE_SECONDS = 2_000_000.0
_LARGEST_SEQID = 2**31 - 1


class Connection:
    """A connected socket. Not for two threads at once: the pool lends it to one."""

    def __init__(self, address: Address, secured: Secured | None, timeout: float, max_frame_bytes: int) -> None:
        """Connect within `timeout` seconds, the handshake of TLS included.

        Raises
        ------
        Unavailable
            If nobody answers there, or the two sides do not agree on TLS; nothing was executed.
        InvalidArgument
            If no host can have that name.
        """
        self._address = address
        self._secured = secured
        self._socket = _connect(address, secured, timeout)
        self._max_frame_bytes = max_frame_bytes
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

    def exchange(self, frame: bytes, deadline: Deadline) -> memoryview:
        """Write a frame and read the one that comes back, without its length. Any error closes the connection.

        Raises
        ------
        DeadlineExceeded, Unavailable
            With ``executed=False`` if the frame was not fully written.
        ProtocolError
            If what came back is no frame.
        """
        try:
            self._write(frame, deadline)
            reply = self._read(deadline)
        except BaseException:  # also an interrupt: the reply that is still to come must not answer the next call
            self.close()
            raise
        self._has_answered = True
        self._used_at = time.monotonic()
        return reply

    def is_fresh(self) -> bool:
        """Tell whether it is young, lately used and silent: a byte that nobody asked for makes it useless."""
        now = time.monotonic()
        if now > self._dies_at or now > self._used_at + _IDLE_SECONDS:
            return False
        self._socket.setblocking(False)
        try:
            self._socket.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Close the socket."""
        self.closed = True
        self._socket.close()

    def _write(self, frame: bytes, deadline: Deadline) -> None:
        left = memoryview(frame)
        try:
            while left:
                self._limit(deadline)  # for each piece: sendall would start the time anew for every record of TLS
                left = left[self._socket.send(left) :]
        except TimeoutError as cause:
            raise deadline.exceeded(f"{self._address.name} did not take the call", executed=False) from cause
        except OSError as cause:
            raise self._lost(cause, executed=False) from cause

    def _read(self, deadline: Deadline) -> memoryview:
        received = bytearray(self._receive_first(deadline))
        while len(received) < LENGTH.size:
            received += self._receive(_READ_BYTES, deadline)
        end = LENGTH.size + frame_length(received, self._max_frame_bytes)
        while len(received) < end:
            received += self._receive(min(end - len(received), _LARGEST_READ_BYTES), deadline)
        if len(received) > end:
            raise ProtocolError(f"{len(received) - end} bytes that nobody asked for came after the reply")
        return memoryview(received)[LENGTH.size :]

    def _receive_first(self, deadline: Deadline) -> bytes:
        try:
            return self._receive(_READ_BYTES, deadline)
        except Unavailable:
            self.was_stale = self._has_answered
            raise

    def _receive(self, size: int, deadline: Deadline) -> bytes:
        try:
            self._limit(deadline)
            received = self._socket.recv(size)
        except TimeoutError as cause:
            raise deadline.exceeded(f"{self._address.name} did not answer", executed=None) from cause
        except OSError as cause:
            raise self._lost(cause, executed=None) from cause
        if not received:
            raise self._lost(EOFError("it was closed before the reply was complete"), executed=None)
        return received

    def _limit(self, deadline: Deadline) -> None:
        left = deadline.remaining()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(min(left, _LONGEST_SILENCE_SECONDS))

    def _lost(self, cause: Exception, *, executed: bool | None) -> Unavailable:
        if not self._has_answered and isinstance(cause, ssl.SSLError) and _tls.is_alert(cause):
            # A server of TLS 1.3 judges this client's certificate after this side of the handshake is done.
            return _tls.refused(self._address, cause)
        wants_tls = self._secured is None and not self._has_answered
        hint = "if the server takes TLS only, pass tls=Tls()" if wants_tls else None
        return Unavailable(f"the connection to {self._address.name} was lost: {cause}", hint=hint, executed=executed)


def _connect(address: Address, secured: Secured | None, timeout: float) -> socket.socket:
    began = time.monotonic()
    try:
        connected = address.connect(timeout)
    except (OSError, ValueError) as cause:
        raise _address.unreachable(address, cause, timeout) from cause
    if secured is None:
        return connected
    try:
        connected.settimeout(max(0.001, began + timeout - time.monotonic()))
        return secured.context.wrap_socket(connected, server_hostname=secured.server_name)
    except TimeoutError as cause:
        connected.close()
        raise _address.unreachable(address, cause, timeout) from cause
    except OSError as cause:
        connected.close()
        raise _tls.refused(address, cause) from cause
