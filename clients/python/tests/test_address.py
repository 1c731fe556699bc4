"""Addresses: what is one, and what is said where nobody is."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
from fake_server import greeting, read_frame
from of_asyncio import both_clients  # noqa: F401

import modelwire
from modelwire import Client, _address
from modelwire._address import HostAndPort, UnixPath


@pytest.mark.parametrize(
    ("address", "parsed"),
    [
        ("localhost", HostAndPort("localhost", 9090)),
        ("models.example:443", HostAndPort("models.example", 443)),
        ("[::1]:9091", HostAndPort("::1", 9091)),
        ("[::1]", HostAndPort("::1", 9090)),
        ("unix:/run/modelwire.sock", UnixPath("/run/modelwire.sock")),
        ("unix:a:1", UnixPath("a:1")),
    ],
)
def test_an_address_is_a_host_with_a_port_or_a_path(address: str, parsed: _address.Address) -> None:
    assert _address.parse(address) == parsed


def test_calls_travel_over_a_socket_in_the_file_system(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def answer_once() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(greeting(read_frame(connection), "Hello!"))

        server = threading.Thread(target=answer_once)
        server.start()
        with Client(f"unix:{path}") as client:
            assert client.hello().greeting == "Hello!"
        server.join()


@pytest.mark.parametrize("path", ["/there/is/no/such.sock", "/" + "a" * 200])
def test_a_path_where_nobody_is_is_unavailable_and_named(path: str) -> None:
    with Client(f"unix:{path}") as client, pytest.raises(modelwire.Unavailable, match=path) as caught:
        client.hello()

    assert caught.value.executed is False
