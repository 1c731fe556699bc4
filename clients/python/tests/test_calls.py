"""What a call does when a server is slow, silent, wrong or gone."""

from __future__ import annotations

import multiprocessing
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from fake_server import NONE, FakeServer, Serve, frame, greeting, head, headed, read_frame, reply
from modelwire_wire.health import Health
from modelwire_wire.training import Training
from modelwire_wire.training.ttypes import Job, TrainResponse
from modelwire_wire.types.ttypes import ErrorCode, ServiceError
from of_asyncio import both_clients  # noqa: F401
from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.Thrift import TApplicationException, TMessageType
from thrift.transport.TTransport import TMemoryBuffer

import modelwire
from modelwire import Client

DRAINING = {"x-draining": "1"}
ServeFixture = Callable[[Serve], FakeServer]


def greet_for_ever(connection: socket.socket) -> None:
    while message := read_frame(connection):
        connection.sendall(greeting(message, "Hello!"))


def service_error(message: bytes, /, headers: Mapping[str, str] = NONE, **fields: Any) -> bytes:
    return reply(*head(message), Health.hello_result(error=ServiceError(**fields)), headers=headers)


def test_a_silent_server_is_given_up_after_the_time_out(serve: ServeFixture) -> None:
    server = serve(lambda connection: read_until_closed(connection))
    began = time.monotonic()

    with Client(server.address) as client, pytest.raises(modelwire.DeadlineExceeded, match=r"within 0.1 s") as caught:
        client.hello(timeout=0.1)

    assert 0.1 <= time.monotonic() - began < 5
    assert caught.value.executed is None
    assert isinstance(caught.value, TimeoutError)


def test_a_server_that_does_not_read_has_not_executed_the_call(serve: ServeFixture) -> None:
    ended = threading.Event()

    def read_nothing(_connection: socket.socket) -> None:
        ended.wait(5)

    server = serve(read_nothing)
    with Client(server.address) as client, pytest.raises(modelwire.DeadlineExceeded, match="did not take") as caught:
        client.echo(b"x" * 16_000_000, timeout=0.2)

    ended.set()
    assert caught.value.executed is False


def test_the_reply_that_comes_too_late_does_not_answer_the_next_call(serve: ServeFixture) -> None:
    late = threading.Event()

    def serve_late_then_at_once(connection: socket.socket) -> None:
        message = read_frame(connection)
        if not late.is_set():
            late.set()
            read_until_closed(connection)
        connection.sendall(greeting(message, "in time"))

    server = serve(serve_late_then_at_once)
    with Client(server.address) as client:
        with pytest.raises(modelwire.DeadlineExceeded):
            client.hello(timeout=0.1)

        assert client.hello().greeting == "in time"
    assert server.n_connections == 2


def test_a_stray_seqid_is_a_protocol_error_and_the_connection_is_not_used_again(serve: ServeFixture) -> None:
    answers = iter([77, None])
    server = serve(lambda connection: answer_each(connection, lambda it: greeting(it, "Hello!", seqid=next(answers))))

    with Client(server.address) as client:
        with pytest.raises(modelwire.ProtocolError, match="77"):
            client.hello()

        assert client.hello().greeting == "Hello!"
    assert server.n_connections == 2


def test_the_reply_to_another_method_is_a_protocol_error(serve: ServeFixture) -> None:
    server = serve(lambda connection: answer_each(connection, lambda it: greeting(it, "Hello!", name="echo")))

    with Client(server.address) as client, pytest.raises(modelwire.ProtocolError, match="echo"):
        client.hello()


def test_every_call_has_a_seqid_of_its_own(serve: ServeFixture) -> None:
    seen: list[int] = []

    def note(message: bytes) -> bytes:
        seen.append(head(message)[1])
        return greeting(message, "Hello!")

    server = serve(lambda connection: answer_each(connection, note))
    with Client(server.address) as client:
        for _ in range(3):
            client.hello()

    assert len(set(seen)) == 3
    assert server.n_connections == 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (headed(b"\xff" * 20), "does not decode"),
        (headed(b""), "does not decode"),
        (frame(b"\xff" * 20), "no frame of the header transport; it begins with ff ff"),
        (frame(b""), "begins with nothing"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "frame holds at most"),
        (b"\xff\xff\xff\xff", "frame holds at most"),
    ],
)
def test_bytes_that_are_no_reply_are_a_protocol_error(serve: ServeFixture, answer: bytes, why: str) -> None:
    server = serve(lambda connection: answer_each(connection, lambda _: answer))

    with Client(server.address) as client, pytest.raises(modelwire.ProtocolError, match=why):
        client.hello()


def test_a_reply_may_be_as_large_as_a_frame_with_its_headers_on_top(serve: ServeFixture) -> None:
    headers = {"x-other": "1" * 200}
    server = serve(lambda connection: answer_each(connection, lambda it: greeting(it, "a" * 1984, headers=headers)))
    with Client(server.address, max_frame_bytes=2000) as client:
        assert client.hello().greeting == "a" * 1984


def test_a_reply_that_comes_byte_by_byte_is_read_whole(serve: ServeFixture) -> None:
    def send_slowly(connection: socket.socket) -> None:
        for byte in greeting(read_frame(connection), "Hello!"):
            connection.sendall(bytes([byte]))

    server = serve(send_slowly)
    with Client(server.address) as client:
        assert client.hello().greeting == "Hello!"


@pytest.mark.parametrize("fails", [False, True])
def test_a_reply_that_says_that_the_server_drains_is_the_last_of_its_connection(
    serve: ServeFixture, fails: bool
) -> None:
    def answer_and_drain(message: bytes) -> bytes:
        if server.n_connections > 1:
            return greeting(message, "Hello!")
        return service_error(message, DRAINING, code=1) if fails else greeting(message, "Bye!", headers=DRAINING)

    server = serve(lambda connection: answer_each(connection, answer_and_drain))
    with Client(server.address) as client:
        if fails:
            with pytest.raises(modelwire.InvalidArgument):
                client.hello()
        else:
            assert client.hello().greeting == "Bye!"

        assert client.hello().greeting == "Hello!"
    assert server.n_connections == 2


def test_headers_that_say_nothing_of_draining_leave_the_connection_usable(serve: ServeFixture) -> None:
    other = {"x-other": "1"}
    server = serve(lambda connection: answer_each(connection, lambda it: greeting(it, "Hello!", headers=other)))

    with Client(server.address) as client:
        client.hello()
        client.hello()

    assert server.n_connections == 1


def test_a_connection_that_was_closed_while_idle_is_replaced_unnoticed(serve: ServeFixture) -> None:
    closed = threading.Event()

    def serve_once(connection: socket.socket) -> None:
        connection.sendall(greeting(read_frame(connection), "Hello!"))
        connection.shutdown(socket.SHUT_RDWR)
        closed.set()

    server = serve(serve_once)
    with Client(server.address) as client:
        client.hello()
        assert closed.wait(5)

        assert client.hello().greeting == "Hello!"
    assert server.n_connections == 2


def test_an_idempotent_call_is_repeated_when_a_reused_connection_breaks_under_it(serve: ServeFixture) -> None:
    server = serve(answer_once_then_drop)

    with Client(server.address) as client:
        client.hello()

        assert client.hello().greeting == "Hello!"
    assert server.n_connections == 2


def test_a_call_that_may_have_been_executed_is_not_repeated(serve: ServeFixture) -> None:
    server = serve(answer_once_then_drop)

    with Client(server.address) as client:
        client.hello()
        with pytest.raises(modelwire.Unavailable, match="lost") as caught:
            client.set_alias("wine", "stable", 2)

    assert caught.value.executed is None
    assert server.n_connections == 1


def test_a_new_connection_that_breaks_is_reported_also_for_idempotent_calls(serve: ServeFixture) -> None:
    server = serve(lambda connection: drop(read_frame(connection)))

    with Client(server.address) as client, pytest.raises(modelwire.Unavailable):
        client.hello()

    assert server.n_connections == 1


def test_nobody_listening_is_unavailable_and_says_where() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with Client(f"127.0.0.1:{port}") as client, pytest.raises(modelwire.Unavailable, match=str(port)) as caught:
        client.hello()

    assert caught.value.executed is False
    assert "check that the server runs" in str(caught.value)


def test_an_overloaded_server_is_asked_again_after_the_time_it_names(serve: ServeFixture) -> None:
    asked: list[float] = []

    def refuse_twice(message: bytes) -> bytes:
        asked.append(time.monotonic())
        if len(asked) < 3:
            return service_error(message, code=5, code_name="OVERLOADED", executed=False, retry_after_ms=50)
        return greeting(message, "Hello!")

    server = serve(lambda connection: answer_each(connection, refuse_twice))
    with Client(server.address) as client:
        assert client.hello().greeting == "Hello!"

    assert asked[1] - asked[0] >= 0.05
    assert server.n_connections == 1


@pytest.mark.parametrize("fields", [{"executed": False}, {"executed": False, "retry_after_ms": 60_000}, {}])
def test_the_third_refusal_or_a_late_one_or_one_that_may_have_run_is_reported(
    serve: ServeFixture, fields: dict[str, Any]
) -> None:
    asked: list[bytes] = []

    def refuse(message: bytes) -> bytes:
        asked.append(message)
        return service_error(message, code=10, code_name="UNAVAILABLE", message="draining", **fields)

    server = serve(lambda connection: answer_each(connection, refuse))
    with Client(server.address) as client, pytest.raises(modelwire.Unavailable, match="draining"):
        client.hello()

    assert len(asked) == (3 if fields == {"executed": False} else 1)


def test_a_service_error_leaves_the_connection_usable(serve: ServeFixture) -> None:
    refused: list[bytes] = []

    def answer(message: bytes) -> bytes:
        refused.append(message)
        return service_error(message, code=1) if len(refused) == 1 else greeting(message, "Hello!")

    server = serve(lambda connection: answer_each(connection, answer))

    with Client(server.address) as client:
        with pytest.raises(modelwire.InvalidArgument):
            client.hello("x" * 300)

        assert client.hello().greeting == "Hello!"
    assert server.n_connections == 1


@pytest.mark.parametrize(("code", "name"), [it for it in ErrorCode._VALUES_TO_NAMES.items() if it[0] != 0])
def test_each_code_is_a_kind_of_its_own_and_keeps_what_the_server_said(
    serve: ServeFixture, code: int, name: str
) -> None:
    said = {"message": "what", "hint": "do this", "executed": True, "retry_after_ms": 1500, "request_id": "r-1"}
    server = serve(lambda connection: answer_each(connection, lambda it: service_error(it, NONE, code=code, **said)))

    with Client(server.address) as client, pytest.raises(modelwire.ModelwireError) as caught:
        client.hello()

    error = caught.value
    assert type(error).code == error.code == name
    assert str(error) == "what; do this"
    assert (error.executed, error.retry_after, error.request_id) == (True, 1.5, "r-1")


def test_an_unknown_code_keeps_its_name(serve: ServeFixture) -> None:
    server = serve(
        lambda connection: answer_each(connection, lambda it: service_error(it, code=99, code_name="TEAPOT"))
    )

    with Client(server.address) as client, pytest.raises(modelwire.ModelwireError) as caught:
        client.hello()

    assert (type(caught.value), caught.value.code) == (modelwire.ModelwireError, "TEAPOT")


def test_a_method_that_the_server_does_not_know_is_a_protocol_error(serve: ServeFixture) -> None:
    refusal = TApplicationException(TApplicationException.UNKNOWN_METHOD, "no method hello")
    server = serve(
        lambda connection: answer_each(connection, lambda it: reply(*head(it), refusal, TMessageType.EXCEPTION))
    )

    with Client(server.address) as client, pytest.raises(modelwire.ProtocolError, match="no method hello") as caught:
        client.hello()

    assert (caught.value.code, caught.value.executed) == ("PROTOCOL", False)


def test_each_call_tells_the_server_its_time_out_and_an_id(serve: ServeFixture) -> None:
    contexts: list[Any] = []
    server = serve(greet_and_note(contexts))
    with Client(server.address, timeout=20.0) as client:
        client.hello()
        client.hello(timeout=2.5)

    assert 19_000 < contexts[0].deadline_ms <= 20_000
    assert 2_000 < contexts[1].deadline_ms <= 2_500
    assert contexts[0].request_id != contexts[1].request_id


def test_a_caller_may_say_who_calls_and_name_the_calls(serve: ServeFixture) -> None:
    contexts: list[Any] = []
    server = serve(greet_and_note(contexts))

    with Client(server.address, token="secret") as client:
        client.hello()
        client.with_options(request_id="r-17", timeout=2.0).hello()
        client.with_options(token="other").hello()

    assert [context.token for context in contexts] == ["secret", "secret", "other"]
    assert contexts[1].request_id == "r-17"
    assert contexts[1].deadline_ms <= 2_000
    assert contexts[2].request_id not in (None, "r-17")
    assert server.n_connections == 1


@pytest.mark.parametrize("key", [None, "my-key"])
def test_a_training_whose_connection_broke_is_repeated_under_the_same_key(serve: ServeFixture, key: str | None) -> None:
    keys: list[str] = []

    def train(message: bytes) -> bytes:
        keys.append(read_call(message, Training.train_args()).context.idempotency_key)
        return reply(*head(message), Training.train_result(success=TrainResponse(job=Job(id="j1"))))

    def greet_then_train(connection: socket.socket) -> None:
        if server.n_connections > 1:
            answer_each(connection, train)
        else:
            connection.sendall(greeting(read_frame(connection), "Hello!"))
            train(read_frame(connection))  # and leave without an answer

    server = serve(greet_then_train)
    with Client(server.address) as client:
        client.hello()

        assert client.train("wine", "k_means", features=[[1.0]], idempotency_key=key).id == "j1"
    assert keys[0] == keys[1] == (key or keys[0])
    assert keys[0]


def test_threads_share_a_client_and_get_their_own_replies(serve: ServeFixture) -> None:
    server = serve(lambda connection: answer_each(connection, greet_by_name))
    wrong: list[str] = []

    def talk(name: str, client: Client) -> None:
        wrong.extend(name for _ in range(50) if client.hello(name).greeting != name)

    with Client(server.address, max_connections=3) as client:
        threads = [threading.Thread(target=talk, args=(f"thread {at}", client)) for at in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert wrong == []
    assert server.n_connections <= 3


def test_a_call_that_finds_no_free_connection_waits_for_its_time_out_only(serve: ServeFixture) -> None:
    arrived, may_answer = threading.Event(), threading.Event()

    def hold(message: bytes) -> bytes:
        arrived.set()
        may_answer.wait(5)
        return greeting(message, "Hello!")

    server = serve(lambda connection: answer_each(connection, hold))
    with Client(server.address, max_connections=1) as client:
        holder = threading.Thread(target=client.hello)
        holder.start()
        assert arrived.wait(5)

        with pytest.raises(modelwire.DeadlineExceeded, match="none of 1 connections") as caught:
            client.hello(timeout=0.05)

        may_answer.set()
        holder.join()
    assert caught.value.executed is False


def test_a_closed_client_says_so(serve: ServeFixture) -> None:
    client = Client(serve(greet_for_ever).address)
    client.hello()
    client.close()
    client.close()

    with pytest.raises(modelwire.FailedPrecondition, match="closed"):
        client.hello()


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork")
def test_a_child_process_does_not_share_connections_with_its_parent(
    serve: ServeFixture, request: pytest.FixtureRequest
) -> None:
    if "asyncio" in request.node.name:
        pytest.skip("an event loop is not carried over into a child process")
    server = serve(greet_for_ever)
    with Client(server.address) as client:
        client.hello()
        child = multiprocessing.get_context("fork").Process(target=client.hello)
        child.start()
        child.join()

        assert child.exitcode == 0
        assert client.hello().greeting == "Hello!"
    assert server.n_connections == 2


def test_a_call_larger_than_a_frame_is_refused_before_it_is_sent(serve: ServeFixture) -> None:
    server = serve(greet_for_ever)

    with Client(server.address, max_frame_bytes=1000) as client:
        with pytest.raises(modelwire.InvalidArgument, match="fewer rows") as caught:
            client.predict("wine", [[0.0] * 200])
        with pytest.raises(modelwire.InvalidArgument, match=r"upload\(\)"):
            client.train("wine", "linear_regression", features=[[0.0]] * 200, target=[0.0] * 200)

        assert client.hello().greeting == "Hello!"
    assert caught.value.executed is False


def test_a_token_is_neither_shown_nor_quoted() -> None:
    with Client("127.0.0.1:1", token="s3cret") as client:
        assert "s3cret" not in f"{client!r} {vars(client)!r}"

        with pytest.raises(modelwire.Unavailable) as caught:
            client.hello()
    assert "s3cret" not in str(caught.value)
    for wrong in (b"s3cret", ["s3cret"], "s3cret\n", "s3cret\udc80"):
        with pytest.raises(modelwire.InvalidArgument, match="token") as refused:
            client.with_options(token=wrong)  # type: ignore[arg-type]
        assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("address", ["", ":", "host:", "host:0", "host:70000", "host:port", ":9090", "unix:"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(modelwire.InvalidArgument, match="no address"):
        Client(address)


@pytest.mark.parametrize("timeout", [0.0, -1.0, float("inf"), float("nan")])
def test_what_is_no_time_out_is_refused(timeout: float) -> None:
    with pytest.raises(modelwire.InvalidArgument, match="time-out"):
        Client("127.0.0.1:9090", timeout=timeout)


def greet_by_name(message: bytes) -> bytes:
    return greeting(message, read_call(message, Health.hello_args()).name)


def greet_and_note(contexts: list[Any]) -> Serve:
    def greet(message: bytes) -> bytes:
        contexts.append(read_call(message, Health.hello_args()).context)
        return greeting(message, "Hello!")

    return lambda connection: answer_each(connection, greet)


def read_call(message: bytes, arguments: Any) -> Any:
    """The request of a call; `arguments` is its empty generated `*_args`."""
    protocol = TCompactProtocol(TMemoryBuffer(message))
    protocol.readMessageBegin()
    arguments.read(protocol)
    return arguments.request


def answer_each(connection: socket.socket, answer: Callable[[bytes], bytes]) -> None:
    while message := read_frame(connection):
        connection.sendall(answer(message))


def answer_once_then_drop(connection: socket.socket) -> None:
    connection.sendall(greeting(read_frame(connection), "Hello!"))
    read_frame(connection)  # the second call may have been executed, for all that its caller can know


def read_until_closed(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def drop(_message: bytes) -> None:
    """Leave without an answer."""
