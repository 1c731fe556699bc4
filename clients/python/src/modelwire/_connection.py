"""One TCP connection: writes a frame, reads a frame, within a deadline."""

from __future__ import annotations

import random
import socket
import time

from modelwire._codec import frame_length
from modelwire._deadline import Deadline
from modelwire._errors import InvalidArgument, ProtocolError, Unavailable
from modelwire._theader import LENGTH

DEFAULT_PORT = 9090
_READ_BYTES = 65_536
_LARGEST_READ_BYTES = 1_048_576
# Below the server's 5 minutes; the age is spread, so that a new server soon gets its share.
_IDLE_SECONDS = 60.0
_AGE_SECONDS = 300.0
# A socket takes no longer time-out.
_LONGEST_SILENCE_SECONDS = 2_000_000.0
_LARGEST_SEQID = 2**31 - 1


def parse_address(address: str) -> tuple[str, int]:
    """Split ``host:port``, ``host`` or ``[v6]:port``.

    Raises
    ------
    InvalidArgument
        If it is none of these.
    """
    if not isinstance(address, str):
        raise InvalidArgument(f"{address!r} is no address; write host:port, for example 127.0.0.1:{DEFAULT_PORT}")
    host, colon, port = address.rpartition(":")
    if not colon or address.endswith("]"):
        host, port = address, str(DEFAULT_PORT)
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise InvalidArgument(f'"{address}" is no address; write host:port, for example 127.0.0.1:{DEFAULT_PORT}')
    return host, int(port)


class Connection:
    """A connected socket. Not for two threads at once: the pool lends it to one."""

    def __init__(self, address: tuple[str, int], timeout: float, max_frame_bytes: int) -> None:
        """Connect within `timeout` seconds.

        Raises
        ------
        Unavailable
            If nobody answers there; nothing was sent.
        InvalidArgument
            If no host can have that name.
        """
        self._name = f"{address[0]}:{address[1]}"
        self._socket = _connect(address, timeout)
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
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def close(self) -> None:
        """Close the socket."""
        self.closed = True
        self._socket.close()

    def _write(self, frame: bytes, deadline: Deadline) -> None:
        try:
            self._limit(deadline)
            self._socket.sendall(frame)
        except TimeoutError as cause:
            raise deadline.exceeded(f"{self._name} did not take the call", executed=False) from cause
        except OSError as cause:
            raise self._lost(str(cause), executed=False) from cause

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
            raise deadline.exceeded(f"{self._name} did not answer", executed=None) from cause
        except OSError as cause:
            raise self._lost(str(cause), executed=None) from cause
        if not received:
            raise self._lost("it was closed before the reply was complete", executed=None)
        return received

    def _limit(self, deadline: Deadline) -> None:
        left = deadline.remaining()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(min(left, _LONGEST_SILENCE_SECONDS))

    def _lost(self, why: str, *, executed: bool | None) -> Unavailable:
        return Unavailable(f"the connection to {self._name} was lost: {why}", executed=executed)


def _connect(address: tuple[str, int], timeout: float) -> socket.socket:
    try:
        connected = socket.create_connection(address, timeout)
    except OSError as cause:
        why = f"no answer within {timeout:.3g} s" if isinstance(cause, TimeoutError) else str(cause)
        raise Unavailable(
            f"cannot connect to {address[0]}:{address[1]}: {why}",
            hint="check that the server runs and that the address is right",
            executed=False,
        ) from cause
    except ValueError as cause:  # no name of a host can be like this
        raise InvalidArgument(f"{address[0]!r} is no host: {cause}", executed=False) from cause
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return connected
