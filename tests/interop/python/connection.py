"""The transports and protocols of the Apache library, by the names of tests/interop/README.md.

What they show of the library, at 0.25.0:

- THeaderTransport keeps its transforms and forgets its headers once a call is sent: they are set for each call.
- THeaderProtocol carries binary and compact; it has no other protocol's id.
- THttpClient opens a connection for each call, and takes a proxy from the environment. Its `cafile` without `cert_file`
  is a TypeError: it needs a context. The library's C code cannot read from it, so that compact is plain Python there.
- TSSLSocket has no default authorities, and sets no TCP_NODELAY, as TSocket does not. It checks the name of the host.
- TJSONProtocol reads a byte at a time, and writes numbers that are not finite as `nan` and `inf`, which is no JSON and
  which it does not read itself. Scenarios have such numbers in tensors only, which are bytes.
"""

from __future__ import annotations

import ssl
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
PROTOCOLS = ("binary", "compact", "json")
_TIMEOUT_MS = 60_000
_HEADER_PROTOCOLS = {"binary": THeaderSubprotocolID.BINARY, "compact": THeaderSubprotocolID.COMPACT}


@dataclass(frozen=True)
class Connection:
    """How to reach the server; with `ca`, a file of certificates, by TLS; with `token`, as its bearer."""

    address: str
    transport: str
    protocol: str
    ca: Path | None = None
    token: str | None = None


def refusal(transport: str, protocol: str) -> str | None:
    """Why the library cannot do this combination; None if it can."""
    if transport.startswith("theader") and protocol not in _HEADER_PROTOCOLS:
        return f"python {transport} {protocol}: THeaderProtocol of the library carries binary and compact only"
    return None


def authorize(connection: Connection, protocol: Any, request: Any) -> None:
    """Say who calls: in the header of a transport that has one for each call, else in the request."""
    if connection.token is None or connection.transport == "http":
        return
    if connection.transport.startswith("theader"):
        protocol.set_header(b"authorization", _bearer(connection).encode())
    else:
        request.context = RequestContext(token=connection.token)


def _bearer(connection: Connection) -> str:
    return f"Bearer {connection.token}"


def connect(connection: Connection) -> tuple[Any, Any]:
    """Open a transport and answer it with the protocol over it; THeader is both."""
    if connection.transport == "http":
        transport = _http(connection)
    elif connection.transport == "framed":
        transport = TFramedTransport(_socket(connection))
    elif connection.transport == "unframed":
        transport = TBufferedTransport(_socket(connection))
    else:
        transport = _socket(connection)
    transport.open()
    return transport, _protocol(connection, transport)


def _socket(connection: Connection) -> Any:
    host, _, port = connection.address.rpartition(":")
    if connection.ca is None:
        socket = TSocket(host, int(port))
    else:
        socket = TSSLSocket(host, int(port), ca_certs=str(connection.ca), cert_reqs=ssl.CERT_REQUIRED)
    socket.setTimeout(_TIMEOUT_MS)
    return socket


def _http(connection: Connection) -> Any:
    if connection.ca is None:
        client = THttpClient(f"http://{connection.address}/")
    else:
        context = ssl.create_default_context(cafile=connection.ca)
        client = THttpClient(f"https://{connection.address}/", ssl_context=context)
    client.setTimeout(_TIMEOUT_MS)
    if connection.token is not None:
        client.setCustomHeaders({"Authorization": _bearer(connection)})
    return client


def _protocol(connection: Connection, transport: Any) -> Any:
    """Binary in plain Python and compact in the library's C code, so that both are played."""
    if connection.transport.startswith("theader"):
        header = THeaderProtocol(transport, (THeaderClientType.HEADERS,), _HEADER_PROTOCOLS[connection.protocol])
        if connection.transport == "theader-zlib":
            header.add_transform(THeaderTransformID.ZLIB)
        return header
    if connection.protocol == "json":
        return TJSONProtocol(transport)
    if connection.protocol == "binary":
        return TBinaryProtocol(transport)
    return TCompactProtocolAccelerated(transport, fallback=True)
