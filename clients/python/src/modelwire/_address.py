"""Where a server is: a host and a port, or a socket in the file system."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from modelwire._errors import InvalidArgument, Unavailable

DEFAULT_PORT = 9090
_P = TypeVar("_P", bound=asyncio.BaseProtocol)
_UNIX = "unix:"


@dataclass(frozen=True)
class HostAndPort:
    """A server in the network."""

    host: str
    port: int

    @property
    def name(self) -> str:
        """The address as errors name it."""
        return f"{self.host}:{self.port}"

    @property
    def tls_name(self) -> str | None:
        """The name that the server's certificate has to be for."""
        return self.host

    def connect(self, timeout: float) -> socket.socket:
        """Connect within `timeout` seconds; calls leave at once, and a peer that has gone is noticed."""
        connected = socket.create_connection((self.host, self.port), timeout)
        _set_options(connected)
        return connected

    async def open(self, make_protocol: Callable[[], _P]) -> tuple[asyncio.Transport, _P]:
        """Connect by the running event loop."""
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_connection(make_protocol, self.host, self.port)
        _set_options(transport.get_extra_info("socket"))
        return transport, protocol


@dataclass(frozen=True)
class UnixPath:
    """A server on this machine."""

    path: str

    @property
    def name(self) -> str:
        """The address as errors name it."""
        return f"{_UNIX}{self.path}"

    @property
    def tls_name(self) -> str | None:
        """None: a path is no name of a certificate."""
        return None

    def connect(self, timeout: float) -> socket.socket:
        """Connect within `timeout` seconds."""
        connected = socket.socket(socket.AF_UNIX)
        try:
            connected.settimeout(timeout)
            connected.connect(self.path)
        except BaseException:
            connected.close()
            raise
        return connected

    async def open(self, make_protocol: Callable[[], _P]) -> tuple[asyncio.Transport, _P]:
        """Connect by the running event loop."""
        return await asyncio.get_running_loop().create_unix_connection(make_protocol, self.path)


Address = HostAndPort | UnixPath


def parse(address: str) -> Address:
    """Read ``host:port``, ``host``, ``[v6]:port`` or ``unix:/path``.

    Raises
    ------
    InvalidArgument
        If it is none of these.
    """
    if not isinstance(address, str):
        raise _no_address(repr(address))
    if address.startswith(_UNIX):
        return _unix(address)
    host, colon, port = address.rpartition(":")
    if not colon or address.endswith("]"):
        host, port = address, str(DEFAULT_PORT)
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise _no_address(f'"{address}"')
    return HostAndPort(host, int(port))


def unreachable(address: Address, cause: OSError | ValueError, timeout: float) -> Unavailable | InvalidArgument:
    """Say why an address could not be connected to; nothing was sent."""
    if isinstance(cause, ValueError):  # no name of a host, or of a file, can be like this
        return InvalidArgument(f"{address.name!r} is no address of a server: {cause}", executed=False)
    why = f"no answer within {timeout:.3g} s" if isinstance(cause, TimeoutError) else str(cause)
    return Unavailable(
        f"cannot connect to {address.name}: {why}",
        hint="check that the server runs and that the address is right",
        executed=False,
    )


def _set_options(connected: socket.socket) -> None:
    """Send calls at once, and notice a peer that has gone."""
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def _unix(address: str) -> UnixPath:
    if not hasattr(socket, "AF_UNIX"):
        raise InvalidArgument(f'"{address}" is a socket in the file system, which this system has not; write host:port')
    if address == _UNIX:
        raise _no_address(f'"{address}"')
    return UnixPath(address.removeprefix(_UNIX))


def _no_address(what: str) -> InvalidArgument:
    return InvalidArgument(
        f"{what} is no address; write host:port, for example 127.0.0.1:{DEFAULT_PORT}, or unix:/path/of/a/socket"
    )
