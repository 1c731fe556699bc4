"""`AsyncClient` seen as a blocking client, so that tests of what calls do hold for both."""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
from types import TracebackType
from typing import Any

import pytest

from modelwire import AsyncClient


@pytest.fixture(params=["blocking", "asyncio"], autouse=True)
def both_clients(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test of a module that imports this with either client as its `Client`."""
    if request.param == "asyncio":
        monkeypatch.setattr(sys.modules[request.module.__name__], "Client", ClientOfAsyncio)


class ClientOfAsyncio:
    """Awaits what a method answers in an event loop of its own, which another thread runs while the client is open."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._client = AsyncClient(*arguments, **options)
        self._loop = Loop()

    def __enter__(self) -> ClientOfAsyncio:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._client, name)

        def call(*arguments: Any, **options: Any) -> Any:
            answer = attribute(*arguments, **options)
            return self._loop.finish(answer) if inspect.isawaitable(answer) else self._like_this(answer)

        return call

    def close(self) -> None:
        self._loop.finish(self._client.close())
        self._loop.stop()

    def _like_this(self, client: AsyncClient) -> ClientOfAsyncio:
        """The same client with other options."""
        other = object.__new__(ClientOfAsyncio)
        other._client, other._loop = client, self._loop
        return other


class Loop:
    """An event loop in a thread of its own; what is asked of it after its end is done by another one."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def finish(self, coroutine: Any) -> Any:
        if self._loop.is_closed():
            return asyncio.run(coroutine)
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def stop(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
