"""A connection of asyncio: writes a frame, reads a frame, within a deadline."""

from __future__ import annotations

import asyncio

from modelwire import _address, _tls
from modelwire._address import Address
from modelwire._codec import frame_length
from modelwire._deadline import Deadline
from modelwire._endpoint import Endpoint
from modelwire._line import Line, ended, not_asked_for
from modelwire._theader import LENGTH
from modelwire._tls import Secured


class AsyncConnection(Line):
    """A connected transport. Not for two tasks at once: the pool lends it to one."""

    def __init__(self, endpoint: Endpoint, transport: asyncio.Transport, stream: _Stream) -> None:
        super().__init__(endpoint)
        self._transport = transport
        self._stream = stream

    @classmethod
    async def open(cls, endpoint: Endpoint, deadline: Deadline) -> AsyncConnection:
        """Connect, the handshake of TLS included.

        Raises
        ------
        Unavailable, InvalidArgument
            As `Connection` does.
        """
        timeout = endpoint.time_to_connect(deadline)
        try:
            async with asyncio.timeout(timeout):
                transport, stream = await _connect(endpoint, timeout)
        except TimeoutError as cause:
            raise _address.unreachable(endpoint.address, cause, timeout) from cause
        return cls(endpoint, transport, stream)

    async def exchange(self, frame: bytes, deadline: Deadline) -> memoryview:
        """Write a frame and read the one that comes back, as `Connection.exchange` does."""
        try:
            self._stream.expect()
            await self._write(frame, deadline)
            reply = await self._read(deadline)
        except BaseException:  # also a cancellation: the reply that is still to come must not answer the next call
            self.close()
            raise
        self._answered()
        return reply

    def is_fresh(self) -> bool:
        """Tell whether it is young, lately used and silent."""
        return self._is_young() and not self._stream.is_over

    def close(self) -> None:
        """Close the transport, at once."""
        self.closed = True
        self._transport.abort()

    async def wait_closed(self) -> None:
        """Wait until the event loop has let go of it."""
        await self._stream.closed

    async def _write(self, frame: bytes, deadline: Deadline) -> None:
        try:
            async with asyncio.timeout(max(0.0, deadline.remaining())):
                self._transport.write(frame)
                await self._stream.drained()
        except TimeoutError as cause:
            raise self._not_taken(deadline) from cause
        except (OSError, EOFError) as cause:
            raise self._lost(cause, executed=False) from cause

    async def _read(self, deadline: Deadline) -> memoryview:
        try:
            async with asyncio.timeout(max(0.0, deadline.remaining())):
                head = await self._stream.received(LENGTH.size)
                end = LENGTH.size + frame_length(head, self._endpoint.max_frame_bytes)
                await self._stream.received(end)
        except TimeoutError as cause:
            raise self._not_answered(deadline) from cause
        except (OSError, EOFError) as cause:
            self.was_stale = self._has_answered and self._stream.is_empty
            raise self._lost(cause, executed=None) from cause
        frame = self._stream.taken()
        if len(frame) > end:
            raise not_asked_for(len(frame) - end)
        return memoryview(frame)[LENGTH.size :]


class _Stream(asyncio.Protocol):
    """Keeps what came until it is taken; nothing may come that is not expected."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._transport: asyncio.BaseTransport | None = None
        self._received = bytearray()
        self._is_expecting = False
        self._may_write = True
        self._why_over: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_over(self) -> bool:
        """The server has left, or said something that it was not asked."""
        return self._why_over is not None

    @property
    def is_empty(self) -> bool:
        """Nothing came since the last reply was taken."""
        return not self._received

    def expect(self) -> None:
        """From now on bytes are those of a reply."""
        self._is_expecting = True

    async def drained(self) -> None:
        """Wait until what was written has left."""
        while not self._may_write:
            await self._changed()

    async def received(self, size: int) -> bytearray:
        """Wait until so many bytes are there; they stay."""
        while len(self._received) < size:
            await self._changed()
        return self._received

    def taken(self) -> bytearray:
        """Take all that is there, the end of a reply."""
        taken, self._received, self._is_expecting = self._received, bytearray(), False
        return taken

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._is_expecting:
            self._received += data
            self._wake()
        else:
            self._end(EOFError("bytes came that nobody asked for"))

    def eof_received(self) -> None:
        self._end(ended())

    def connection_lost(self, why: Exception | None) -> None:
        self._end(why or ended())
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        self._may_write = False

    def resume_writing(self) -> None:
        self._may_write = True
        self._wake()

    def _end(self, why: Exception) -> None:
        self._why_over = self._why_over or why
        if self._transport is not None:
            self._transport.close()
        self._wake()

    async def _changed(self) -> None:
        if self._why_over is not None:
            raise self._why_over
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


async def _connect(endpoint: Endpoint, timeout: float) -> tuple[asyncio.Transport, _Stream]:
    try:
        transport, stream = await endpoint.address.open(_Stream)
    except (OSError, ValueError) as cause:
        raise _address.unreachable(endpoint.address, cause, timeout) from cause
    if endpoint.secured is not None:
        transport = await _handshake(endpoint.address, endpoint.secured, transport, stream)
        stream.connection_made(transport)
    # So that `drained` tells what has left from what waits here. Over TLS all of it may wait below and count as
    # written: the fate of a call that is late is then said to be unknown, where it could be said not to be executed.
    transport.set_write_buffer_limits(high=1, low=0)
    return transport, stream


async def _handshake(
    address: Address, secured: Secured, transport: asyncio.Transport, stream: _Stream
) -> asyncio.Transport:
    loop = asyncio.get_running_loop()
    try:
        over_tls = await loop.start_tls(transport, stream, secured.context, server_hostname=secured.server_name)
    except OSError as cause:
        raise _tls.refused(address, cause) from cause
    if over_tls is None:  # the server left as soon as the handshake was done
        raise _tls.refused(address, ConnectionResetError())
    return over_tls
