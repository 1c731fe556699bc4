"""A bounded pool of connections of asyncio, for many tasks of one event loop."""

from __future__ import annotations

import asyncio

from modelwire._async_connection import AsyncConnection
from modelwire._deadline import Deadline
from modelwire._endpoint import Endpoint
from modelwire._errors import FailedPrecondition
from modelwire._line import client_closed


class AsyncPool:
    """Lends connections as `Pool` does."""

    def __init__(self, endpoint: Endpoint, size: int) -> None:
        self._endpoint = endpoint
        self._size = size
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._room = asyncio.Semaphore(size)
        self._idle: list[AsyncConnection] = []

    async def take(self, deadline: Deadline) -> AsyncConnection:
        """Borrow a connection, as by `Pool.take`; FailedPrecondition also in another event loop than the first."""
        self._check()
        try:
            async with asyncio.timeout(max(0.0, deadline.remaining())):
                await self._room.acquire()
        except TimeoutError as cause:
            raise deadline.exceeded(f"none of {self._size} connections became free", executed=False) from cause
        try:
            self._check()
            return await self._take_idle() or await AsyncConnection.open(self._endpoint, deadline)
        except BaseException:
            self._room.release()
            raise

    def give_back(self, connection: AsyncConnection) -> None:
        """Return a borrowed connection; one that is closed makes room for another."""
        if self._closed:
            connection.close()
        elif not connection.closed:
            self._idle.append(connection)
        self._room.release()

    async def close(self) -> None:
        """Close what is idle now, and what is lent when it comes back."""
        self._closed = True
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        for connection in idle:
            await connection.wait_closed()

    def _check(self) -> None:
        if self._closed:
            raise client_closed()
        running = asyncio.get_running_loop()
        if self._loop not in (None, running):
            raise FailedPrecondition(
                "this client has been used in another event loop", hint="make one in each", executed=False
            )
        self._loop = running

    async def _take_idle(self) -> AsyncConnection | None:
        if self._idle:
            # What came while nobody read is known to the loop in its next turn but one, the end of a connection too.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        while self._idle:
            connection = self._idle.pop()
            if connection.is_fresh():
                return connection
            connection.close()
        return None
