"""TLS: who is trusted, for which name, and what is said where it comes to nothing."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from fake_server import FakeServer, greeting, read_frame
from of_asyncio import both_clients  # noqa: F401
from real_server import needs_server, running

import modelwire
from modelwire import Client, Tls

ServeFixture = Callable[..., FakeServer]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


def greet(connection: socket.socket) -> None:
    while message := read_frame(connection):
        connection.sendall(greeting(message, "Hello!"))


def hello(address: str, tls: Any) -> str:
    with Client(address, tls=tls) as client:
        greeted: str = client.hello().greeting
        return greeted


def refusal(address: str, tls: Tls | None) -> modelwire.Unavailable:
    with pytest.raises(modelwire.Unavailable) as caught:
        hello(address, tls)
    return caught.value


def test_calls_over_tls_share_a_connection_and_may_be_large(serve: ServeFixture, authority: Authority) -> None:
    sizes: list[int] = []

    def note(connection: socket.socket) -> None:
        while message := read_frame(connection):
            sizes.append(len(message))
            connection.sendall(greeting(message, "Hello!" * 500_000))

    server = serve(note, authority.context("127.0.0.1"))
    with Client(server.address, tls=authority.trusted()) as client:
        for _ in range(3):
            assert client.hello("a" * 3_000_000).greeting == "Hello!" * 500_000

    assert min(sizes) > 3_000_000
    assert server.n_connections == 1


def test_the_name_may_be_another_than_the_host_of_the_address(serve: ServeFixture, authority: Authority) -> None:
    server = serve(greet, authority.context("models.example"))

    assert hello(server.address, authority.trusted("models.example")) == "Hello!"


def test_a_context_of_the_standard_library_does_as_well(serve: ServeFixture, authority: Authority) -> None:
    server = serve(greet, authority.context("127.0.0.1"))

    assert hello(server.address, ssl.create_default_context(cafile=authority.file)) == "Hello!"


def test_a_signature_of_nobody_who_is_trusted_is_refused(serve: ServeFixture, authority: Authority) -> None:
    server = serve(greet, authority.context("127.0.0.1"))

    error = refusal(server.address, Tls())

    assert (error.code, error.executed) == ("UNAVAILABLE", False)
    assert server.address in error.message
    assert "signed by nobody who is trusted here" in error.message
    assert "tls=Tls(ca=…)" in (error.hint or "")


def test_an_authority_of_the_same_name_is_not_the_same(
    serve: ServeFixture, authority: Authority, tmp_path: Path
) -> None:
    server = serve(greet, authority.context("127.0.0.1"))

    assert "signed by nobody" in str(refusal(server.address, Authority(tmp_path / "other").trusted()))


@pytest.mark.parametrize("names", [("localhost",), ("127.0.0.2",), ("models.example", "*.example")])
def test_a_certificate_for_another_name_is_refused(
    serve: ServeFixture, authority: Authority, names: tuple[str, ...]
) -> None:
    server = serve(greet, authority.context(*names))

    error = refusal(server.address, authority.trusted())

    assert "for another name" in error.message
    assert "127.0.0.1" in error.message
    assert "tls=Tls(server_name=…)" in (error.hint or "")


def test_a_certificate_that_has_expired_is_refused(serve: ServeFixture, authority: Authority) -> None:
    server = serve(greet, authority.context("127.0.0.1", expires=datetime(2001, 1, 1, tzinfo=UTC)))

    assert "has expired; have it renewed" in str(refusal(server.address, authority.trusted()))


def test_a_server_without_tls_is_named_as_such(serve: ServeFixture, authority: Authority) -> None:
    def answer_in_words(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.recv(4096)

    server = serve(answer_in_words)

    assert "answers in something else than TLS; leave tls= out" in str(refusal(server.address, authority.trusted()))


def test_a_handshake_that_stalls_is_given_up_with_the_connect_time_out(
    serve: ServeFixture, authority: Authority
) -> None:
    def read_and_say_nothing(connection: socket.socket) -> None:
        while connection.recv(4096):
            pass

    server = serve(read_and_say_nothing)
    began = time.monotonic()
    with (
        Client(server.address, tls=authority.trusted(), connect_timeout=0.1, timeout=0.2) as client,
        pytest.raises(modelwire.Unavailable, match="no answer within"),
    ):
        client.hello()

    assert time.monotonic() - began < 5


def test_a_server_that_does_not_read_is_given_up_after_the_time_out(serve: ServeFixture, authority: Authority) -> None:
    ended = threading.Event()
    server = serve(lambda _: ended.wait(5), authority.context("127.0.0.1"))
    began = time.monotonic()

    with Client(server.address, tls=authority.trusted()) as client, pytest.raises(modelwire.DeadlineExceeded):
        client.echo(b"x" * 16_000_000, timeout=0.3)

    ended.set()
    assert time.monotonic() - began < 3


def test_a_connection_that_was_closed_while_idle_is_replaced_unnoticed_with_tls_too(
    serve: ServeFixture, authority: Authority
) -> None:
    def answer_once(connection: socket.socket) -> None:
        connection.sendall(greeting(read_frame(connection), "Hello!"))

    server = serve(answer_once, authority.context("127.0.0.1"))
    with Client(server.address, tls=authority.trusted()) as client:
        client.hello()

        assert client.hello().greeting == "Hello!"
    assert server.n_connections == 2


def unchecked(**settings: Any) -> ssl.SSLContext:
    context = ssl.create_default_context()
    for name, value in settings.items():
        setattr(context, name, value)
    return context


@pytest.mark.parametrize(
    ("tls", "why"),
    [
        (unchecked(check_hostname=False), "does not check who the server is"),
        (unchecked(check_hostname=False, verify_mode=ssl.CERT_NONE), "verify_mode is CERT_NONE"),
        (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), "does not check who the server is"),
        (True, r"tls is True; it is a Tls or an ssl.SSLContext; write tls=Tls\(\)"),
        (False, "tls is False"),
        (Tls(ca="/there/is/no/such.pem"), "ca of Tls is '/there/is/no/such.pem': no such file"),
        (Tls(ca=__file__), "no certificate or crl found; name a PEM file of certificates"),
        (Tls(certificate="/there/is/no/such.pem"), "no such file or directory; name a PEM file of a certificate"),
        (Tls(key="/there/is/no/such.pem"), "of no use without certificate="),
    ],
)
def test_tls_that_is_none_is_refused_before_anything_is_connected(tls: Any, why: str) -> None:
    with pytest.raises(modelwire.InvalidArgument, match=why):
        Client("127.0.0.1:1", tls=tls)


def test_a_private_key_that_is_encrypted_is_refused_instead_of_asked_for_at_the_terminal(
    authority: Authority, tmp_path: Path
) -> None:
    certificate, _ = authority.files("client")
    key = tmp_path / "encrypted.pem"
    encryption = BestAvailableEncryption(b"password")
    private = ec.generate_private_key(ec.SECP256R1())
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))

    with pytest.raises(modelwire.InvalidArgument, match=r"encrypted\.pem' is encrypted"):
        Client("127.0.0.1:1", tls=Tls(certificate=certificate, key=key))


def test_a_key_of_another_certificate_is_refused(authority: Authority) -> None:
    certificate, _ = authority.files("client")
    _, key = authority.files("other")

    with pytest.raises(modelwire.InvalidArgument, match="key values mismatch"):
        Client("127.0.0.1:1", tls=Tls(certificate=certificate, key=key))


def test_a_socket_in_the_file_system_has_no_name_for_a_certificate() -> None:
    with pytest.raises(modelwire.InvalidArgument, match="write Tls\\(server_name=…\\)"):
        Client("unix:/tmp/socket", tls=Tls())


@needs_server
def test_the_server_speaks_tls_and_plain_on_one_port(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.files("127.0.0.1")
    flags = ("--tls-certificate", certificate, "--tls-key", key, "--listen-unix", tmp_path / "socket")

    with running(tmp_path / "data", *flags) as address:
        assert hello(address, None) == hello(address, authority.trusted()) == "Hello, World!"
        assert hello(f"unix:{tmp_path / 'socket'}", None) == "Hello, World!"
        with Client(address, tls=authority.trusted()) as client:
            payload = bytes(range(256)) * 40_000
            assert client.echo(payload) == payload


@needs_server
def test_a_server_that_takes_tls_only_is_named_as_such(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.files("127.0.0.1")

    with running(tmp_path, "--tls-certificate", certificate, "--tls-key", key, "--tls-only") as address:
        assert "pass tls=Tls()" in str(refusal(address, None))


@needs_server
def test_a_server_without_certificate_is_named_as_such(authority: Authority, tmp_path: Path) -> None:
    with running(tmp_path) as address:
        assert "leave tls= out" in str(refusal(address, authority.trusted()))


@needs_server
def test_a_server_may_ask_who_calls(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.files("127.0.0.1")
    mine, my_key = authority.files("client")
    others, others_key = Authority(tmp_path / "other").files("client")
    flags = ("--tls-certificate", certificate, "--tls-key", key)
    flags_for_clients = ("--tls-client-ca", authority.file, "--tls-client-certificates", "required")

    with running(tmp_path / "data", *flags, *flags_for_clients) as address:
        assert hello(address, Tls(ca=authority.file, certificate=mine, key=my_key)) == "Hello, World!"
        assert "asks for a certificate of this client; name one" in str(refusal(address, authority.trusted()))
        unknown = refusal(address, Tls(ca=authority.file, certificate=others, key=others_key))
        assert "refuses the certificate of this client" in unknown.message
        assert unknown.executed is False
