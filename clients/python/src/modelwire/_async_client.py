"""The client for asyncio: a verb of the server is a coroutine of it."""

from __future__ import annotations

import asyncio
import ssl
from types import TracebackType

from modelwire._async_pool import AsyncPool
from modelwire._codec import MAX_FRAME_BYTES
from modelwire._endpoint import endpoint
from modelwire._tls import Tls
from modelwire._together import as_tasks
from modelwire._verbs import Carrier, Verbs

_ASYNCIO = Carrier(AsyncPool, asyncio.sleep, as_tasks)


class AsyncClient(Verbs):
    """A client of one Modelwire server for the tasks of one event loop.

    Close it, or use it in an ``async with`` block. Reuse it: it keeps its connections. Tasks may share it, threads may
    not.

    It has the verbs of `Client` as coroutines, with the same arguments, answers and errors; `train` answers an
    `AsyncJob`, and `watch_job` is iterated by ``async for``. A call whose task is cancelled is given up at once; the
    server sees its connection close, and drops what has not run yet. Arrays and tables are written and read in the
    thread of the event loop.

    Parameters
    ----------
    address, tls, token, timeout, connect_timeout, max_connections, max_frame_bytes
        As for `Client`.
    """

    def __init__(
        self,
        address: str = "127.0.0.1:9090",
        *,
        tls: Tls | ssl.SSLContext | None = None,
        token: str | None = None,
        timeout: float = 30.0,
        connect_timeout: float = 1.0,
        max_connections: int = 8,
        max_frame_bytes: int = MAX_FRAME_BYTES,
    ) -> None:
        where = endpoint(address, tls, connect_timeout, max_frame_bytes)
        super().__init__(where, _ASYNCIO, timeout=timeout, token=token, max_connections=max_connections)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
