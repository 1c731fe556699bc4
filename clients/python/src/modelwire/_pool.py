"""A bounded pool of connections over blocking sockets, for many threads."""

from __future__ import annotations

import os
import threading
import weakref

from modelwire._connection import Connection
from modelwire._deadline import Deadline
from modelwire._endpoint import Endpoint
from modelwire._line import client_closed

_POOLS: weakref.WeakSet[Pool] = weakref.WeakSet()


class Pool:
    """Lends connections: the one used last first, a new one if none is idle, at most `size` at once."""

    def __init__(self, endpoint: Endpoint, size: int) -> None:
        self._endpoint = endpoint
        self._size = size
        self._closed = False
        self._changed = threading.Condition()
        self._idle: list[Connection] = []
        self._lent = 0
        _POOLS.add(self)

    async def take(self, deadline: Deadline) -> Connection:
        """Borrow a connection; hand it back with `give_back`, closed or not.

        Raises
        ------
        Unavailable
            If a new one cannot be made.
        DeadlineExceeded
            If all are in use until the deadline.
        FailedPrecondition
            If the pool is closed.
        """
        with self._changed:
            self._wait_for_room(deadline)
            self._lent += 1
            idle = self._take_idle()
        if idle is not None:
            return idle
        try:
            return Connection(self._endpoint, deadline)
        except BaseException:
            self._release()
            raise

    def give_back(self, connection: Connection) -> None:
        """Return a borrowed connection; one that is closed makes room for another."""
        with self._changed:
            if self._closed:
                connection.close()
            elif not connection.closed:
                self._idle.append(connection)
            self._release()

    async def close(self) -> None:
        """Close what is idle now, and what is lent when it comes back."""
        with self._changed:
            self._closed = True
            self._close_idle()
            self._changed.notify_all()

    def _wait_for_room(self, deadline: Deadline) -> None:
        while not self._closed and self._lent >= self._size:
            if not self._changed.wait(max(0.0, deadline.remaining())):
                raise deadline.exceeded(f"none of {self._size} connections became free", executed=False)
        if self._closed:
            raise client_closed()

    def _take_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_fresh():
                return connection
            connection.close()
        return None

    def _release(self) -> None:
        with self._changed:
            self._lent -= 1
            self._changed.notify()

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _start_anew(self) -> None:
        self._changed = threading.Condition()
        self._close_idle()
        self._lent = 0


def _empty_all() -> None:
    """Keep a child process from sharing sockets with its parent: each would read the other's replies."""
    for pool in list(_POOLS):
        pool._start_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_empty_all)
