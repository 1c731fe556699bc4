"""Several calls at once, a bounded number of them: in threads, or as tasks of asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any

from modelwire._calls import run

#: Calls at once that carry the rows of one `predict`.
AT_ONCE = 4

Call = Callable[[], Coroutine[Any, Any, Any]]
Together = Callable[[Iterable[Call]], Awaitable[Sequence[Any]]]


async def in_threads(calls: Iterable[Call]) -> Sequence[Any]:
    """Finish calls over blocking sockets and return what they answer, in their order.

    The first error is raised once the calls that are under way have ended; what has not begun by then never does.
    """
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="modelwire") as threads:
        begun = [threads.submit(_finish, call) for call in calls]
        try:
            wait(begun, return_when=FIRST_EXCEPTION)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
    ended = [each for each in begun if not each.cancelled()]
    for each in ended:
        if (error := each.exception()) is not None:
            raise error
    return [each.result() for each in ended]


def _finish(call: Call) -> Any:
    return run(call())


async def as_tasks(calls: Iterable[Call]) -> Sequence[Any]:
    """Await calls and return what they answer, in their order. After an error, or a cancellation, all are cancelled."""
    room = asyncio.Semaphore(AT_ONCE)

    async def finish(call: Call) -> Any:
        async with room:
            return await call()

    tasks = [asyncio.ensure_future(finish(call)) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
