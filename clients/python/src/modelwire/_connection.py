"""A connection over a blocking socket: writes a frame, reads a frame, within a deadline."""

from __future__ import annotations

import socket
import ssl
import time

from modelwire import _address, _tls
from modelwire._codec import frame_length
from modelwire._deadline import Deadline
from modelwire._endpoint import Endpoint
from modelwire._errors import Unavailable
from modelwire._line import Line, ended, not_asked_for
from modelwire._theader import LENGTH

_READ_BYTES = 65_536
_LARGEST_READ_BYTES = 1_048_576
# A socket takes no longer time-out.
_LONGEST_SILENCE_SECONDS = 2_000_000.0


class Connection(Line):
    """A connected socket. Not for two threads at once: the pool lends it to one."""

    def __init__(self, endpoint: Endpoint, deadline: Deadline) -> None:
        """Connect, the handshake of TLS included.

        Raises
        ------
        Unavailable
            If nobody answers there, or the two sides do not agree on TLS; nothing was executed.
        InvalidArgument
            If no host can have that name.
        """
        super().__init__(endpoint)
        self._socket = _connect(endpoint, endpoint.time_to_connect(deadline))

    async def exchange(self, frame: bytes, deadline: Deadline) -> memoryview:
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
        self._answered()
        return reply

    def is_fresh(self) -> bool:
        """Tell whether it is young, lately used and silent: a byte that nobody asked for makes it useless."""
        if not self._is_young():
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
            raise self._not_taken(deadline) from cause
        except OSError as cause:
            raise self._lost(cause, executed=False) from cause

    def _read(self, deadline: Deadline) -> memoryview:
        received = bytearray(self._receive_first(deadline))
        while len(received) < LENGTH.size:
            received += self._receive(_READ_BYTES, deadline)
        end = LENGTH.size + frame_length(received, self._endpoint.max_frame_bytes)
        while len(received) < end:
            received += self._receive(min(end - len(received), _LARGEST_READ_BYTES), deadline)
        if len(received) > end:
            raise not_asked_for(len(received) - end)
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
            raise self._not_answered(deadline) from cause
        except OSError as cause:
            raise self._lost(cause, executed=None) from cause
        if not received:
            raise self._lost(ended(), executed=None)
        return received

    def _limit(self, deadline: Deadline) -> None:
        left = deadline.remaining()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(min(left, _LONGEST_SILENCE_SECONDS))


def _connect(endpoint: Endpoint, timeout: float) -> socket.socket:
    began = time.monotonic()
    try:
        connected = endpoint.address.connect(timeout)
    except (OSError, ValueError) as cause:
        raise _address.unreachable(endpoint.address, cause, timeout) from cause
    secured = endpoint.secured
    if secured is None:
        return connected
    try:
        connected.settimeout(max(0.001, began + timeout - time.monotonic()))
        return secured.context.wrap_socket(connected, server_hostname=secured.server_name)
    except TimeoutError as cause:
        connected.close()
        raise _address.unreachable(endpoint.address, cause, timeout) from cause
    except OSError as cause:
        connected.close()
        raise _tls.refused(endpoint.address, cause) from cause
