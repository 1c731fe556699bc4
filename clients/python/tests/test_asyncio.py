"""What only the client for asyncio does; what calls do is tested with both clients in test_calls.py and test_tls.py."""

from __future__ import annotations

import asyncio
import inspect
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from fake_server import FakeServer, Serve, greeting, head, read_frame
from real_server import needs_server, new_token, running

import modelwire
from modelwire import AsyncClient, Client

ServeFixture = Callable[[Serve], FakeServer]


def greet(connection: socket.socket) -> None:
    while message := read_frame(connection):
        connection.sendall(greeting(message, f"Hello, {head(message)[1]}!"))


def read_until_closed(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def public(cls: type) -> Iterator[tuple[str, str]]:
    """The public methods of a class with their signatures, as for a blocking client."""
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        if not name.startswith("_"):
            signature = str(inspect.signature(method)).replace("AsyncJob", "Job").replace("AsyncIterator", "Iterator")
            yield name, re.sub(r"-> '(Self|Client)'", "-> itself", signature)


def test_it_has_the_verbs_of_the_blocking_client_with_the_same_arguments_and_answers() -> None:
    assert dict(public(AsyncClient)) == dict(public(Client))
    assert dict(public(modelwire.AsyncJob)) == dict(public(modelwire.Job))
    assert inspect.signature(AsyncClient) == inspect.signature(Client)


def test_many_tasks_share_a_few_connections(serve: ServeFixture) -> None:
    server = serve(greet)

    async def talk() -> set[str]:
        async with AsyncClient(server.address, max_connections=3) as client:
            greetings = await asyncio.gather(*(client.hello() for _ in range(100)))
            return {each.greeting for each in greetings}

    assert "Hello, 1!" in asyncio.run(talk())
    assert server.n_connections == 3


def test_a_call_that_is_cancelled_lets_go_of_its_connection_at_once(serve: ServeFixture) -> None:
    arrived, left = threading.Event(), threading.Event()

    def hold_the_first(connection: socket.socket) -> None:
        if arrived.is_set():
            greet(connection)
        else:
            read_frame(connection)
            arrived.set()
            read_until_closed(connection)
            left.set()

    server = serve(hold_the_first)

    async def cancel_then_call() -> str:
        async with AsyncClient(server.address, max_connections=1) as client:
            call = asyncio.create_task(client.hello())
            await asyncio.to_thread(arrived.wait, 5)
            call.cancel()
            with suppress(asyncio.CancelledError):
                await call
            return (await client.hello()).greeting

    assert asyncio.run(cancel_then_call()) == "Hello, 1!"
    assert left.wait(5)


def test_a_call_that_is_cancelled_while_it_waits_takes_no_connection_with_it(serve: ServeFixture) -> None:
    arrived, may_answer = threading.Event(), threading.Event()

    def hold(connection: socket.socket) -> None:
        while message := read_frame(connection):
            arrived.set()
            may_answer.wait(5)
            connection.sendall(greeting(message, "Hello!"))

    server = serve(hold)

    async def cancel_while_waiting() -> None:
        async with AsyncClient(server.address, max_connections=1) as client:
            first = asyncio.create_task(client.hello())
            await asyncio.to_thread(arrived.wait, 5)
            waiting = asyncio.create_task(client.hello())
            await asyncio.sleep(0)
            waiting.cancel()
            may_answer.set()
            await first
            await client.hello()
            assert waiting.cancelled()

    asyncio.run(cancel_while_waiting())
    assert server.n_connections == 1


def test_a_client_belongs_to_the_loop_that_it_was_first_used_in(serve: ServeFixture) -> None:
    client = AsyncClient(serve(greet).address)

    async def hello() -> str:
        return (await client.hello()).greeting

    with asyncio.Runner() as first, asyncio.Runner() as second:
        first.run(hello())
        with pytest.raises(modelwire.FailedPrecondition, match="used in another event loop; make one in each"):
            second.run(hello())
        assert first.run(hello()) == "Hello, 2!"
        first.run(client.close())


def test_bytes_that_come_while_nobody_asked_make_a_connection_useless(serve: ServeFixture) -> None:
    said = threading.Event()

    def say_too_much(connection: socket.socket) -> None:
        connection.sendall(greeting(read_frame(connection), "Hello!"))
        connection.sendall(b"and more")
        said.set()
        read_until_closed(connection)

    server = serve(say_too_much)

    async def call_twice() -> None:
        async with AsyncClient(server.address) as client:
            with suppress(modelwire.ProtocolError):  # if the bytes came with the reply
                await client.hello()
            await asyncio.to_thread(said.wait, 5)
            with suppress(modelwire.ProtocolError):
                assert (await client.hello()).greeting == "Hello!"

    asyncio.run(call_twice())
    assert server.n_connections == 2


@needs_server
def test_it_trains_watches_predicts_and_explains(tmp_path: Path) -> None:
    features = np.array([[0.0], [1.0], [2.0]])
    seen: list[str] = []

    async def train(address: str, token: str) -> float:
        async with AsyncClient(address, token=token) as client:
            await client.upload("line", {"x": features[:, 0], "y": 2 * features[:, 0]}, rows_per_piece=2)
            job = await client.train("line", "linear_regression", dataset="line", target="y")
            version = await job.wait(on_event=lambda event: seen.append(event.state))
            assert [event.state async for event in client.watch_job(job.id)] == seen
            assert (await job.cancel()).state == "SUCCEEDED"
            assert [each.id for each in await client.list_jobs(limit=1)] == [job.id]
            prediction = await client.predict(f"line@{version.version}", [[10.0]])
            explanation = await client.explain("line", [[10.0]])
            assert prediction.values is not None
            assert explanation.base_values[0] + explanation.contributions.sum() == pytest.approx(prediction.values[0])
            return float(prediction.values[0])

    token = new_token(tmp_path / "tokens.toml", "anna", "--role", "trainer")
    with running(tmp_path / "data", "--tokens", tmp_path / "tokens.toml") as address:
        assert asyncio.run(train(address, token)) == pytest.approx(20.0)
    assert seen[-1] == "SUCCEEDED"
