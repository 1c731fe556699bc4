"""The transports and protocols of the Apache library, as they come, by the names of tests/interop/README.md.

What they show of the library, at 0.25.0:

- THeaderProtocol carries binary and compact. It keeps its transforms, and forgets its headers once a call is sent.
- THttpClient opens a connection for each call. The library's C code cannot read from it: compact is plain Python there.
- TSSLSocket checks the name of the host; it trusts no authorities but those it is given.
- TJSONProtocol writes numbers that are not finite as `nan` and `inf`, which is no JSON and which it does not read
  itself. Scenarios have such numbers in tensors only, which are bytes.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelwire_wire.types.ttypes import RequestContext
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.protocol.TCompactProtocol import TCompactProtocolAccelerated
from thrift.protocol.THeaderProtocol import THeaderProtocol
from thrift.protocol.TJSONProtocol import TJSONProtocol
from thrift.transport.THeaderTransport import THeaderClientType, THeaderSubprotocolID, THeaderTransformID
from thrift.transport.THttpClient import THttpClient
from thrift.transport.TSocket import TSocket
from thrift.transport.TSSLSocket import TSSLSocket
from thrift.transport.TTransport import TBufferedTransport, TFramedTransport

TRANSPORTS = ("framed", "unframed", "http", "theader", "theader-zlib")
#: Binary in plain Python and compact in the library's C code, so that both are played.
PROTOCOLS: dict[str, Callable[[Any], Any]] = {
    "binary": TBinaryProtocol,
    "compact": lambda transport: TCompactProtocolAccelerated(transport, fallback=True),
    "json": TJSONProtocol,
}
_HEADER_PROTOCOLS = {"binary": THeaderSubprotocolID.BINARY, "compact": THeaderSubprotocolID.COMPACT}
_TIMEOUT_MS = 60_000


@dataclass(frozen=True)
class Connection:
    """How to reach the server; with `ca`, a file of certificates, by TLS; with a token, as its owner."""

    address: str
    transport: str
    protocol: str
    ca: Path | None = None
    token: str | None = None

    def refusal(self) -> str | None:
        """Why the library cannot do this; None if it can."""
        if self.transport.startswith("theader") and self.protocol not in _HEADER_PROTOCOLS:
            return f"{self.transport} {self.protocol}: THeaderProtocol of the library carries binary and compact only"
        return None


@dataclass(frozen=True)
class Wire:
    """An open connection."""

    transport: Any
    protocol: Any
    #: Puts who calls into a request, or into the headers before it.
    authorize: Callable[[Any], None]


def connect(connection: Connection) -> Wire:
    """Connect; the token goes where the transport has a place for it, else into each request."""
    if connection.transport == "http":
        wire = _http(connection)
    elif connection.transport.startswith("theader"):
        wire = _header(connection)
    else:
        wire = _bare(connection)
    wire.transport.open()
    return wire


def _bare(connection: Connection) -> Wire:
    wrapper = TFramedTransport if connection.transport == "framed" else TBufferedTransport
    transport = wrapper(_socket(connection))

    def authorize(request: Any) -> None:
        request.context = RequestContext(token=connection.token)

    return Wire(transport, PROTOCOLS[connection.protocol](transport), authorize if connection.token else _nobody)


def _header(connection: Connection) -> Wire:
    """THeader is a protocol here, over a bare socket."""
    socket = _socket(connection)
    protocol = THeaderProtocol(socket, (THeaderClientType.HEADERS,), _HEADER_PROTOCOLS[connection.protocol])
    if connection.transport == "theader-zlib":
        protocol.add_transform(THeaderTransformID.ZLIB)

    def authorize(_request: Any) -> None:
        protocol.set_header(b"authorization", f"Bearer {connection.token}".encode())

    return Wire(socket, protocol, authorize if connection.token else _nobody)


def _http(connection: Connection) -> Wire:
    if connection.ca is None:
        transport = THttpClient(f"http://{connection.address}/")
    else:
        context = ssl.create_default_context(cafile=connection.ca)
        transport = THttpClient(f"https://{connection.address}/", ssl_context=context)
    transport.setTimeout(_TIMEOUT_MS)
    if connection.token:
        transport.setCustomHeaders({"Authorization": f"Bearer {connection.token}"})
    return Wire(transport, PROTOCOLS[connection.protocol](transport), _nobody)


def _socket(connection: Connection) -> TSocket:
    host, _, port = connection.address.rpartition(":")
    if connection.ca is None:
        socket = TSocket(host, int(port))
    else:
        socket = TSSLSocket(host, int(port), ca_certs=str(connection.ca), cert_reqs=ssl.CERT_REQUIRED)
    socket.setTimeout(_TIMEOUT_MS)
    return socket


def _nobody(_request: Any) -> None:
    """The request says nothing of who calls."""
