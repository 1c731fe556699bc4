"""What the tests share: servers that are closed at the end of a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fake_server import FakeServer, answering

from modelwire import Client

Start = Callable[..., Client]


@pytest.fixture
def cleanup() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def serve(cleanup: ExitStack) -> Callable[..., FakeServer]:
    """Start a server that does as told on each connection."""
    return lambda behaviour, context=None: cleanup.enter_context(FakeServer(behaviour, context))


@pytest.fixture
def start(cleanup: ExitStack) -> Start:
    """Start a server whose methods are those of the handler, and return a client of it."""

    def start(handler: Any, **options: Any) -> Client:
        server = cleanup.enter_context(FakeServer(answering(handler)))
        return cleanup.enter_context(Client(server.address, **options))

    return start
