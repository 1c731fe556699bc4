"""The transports and protocols of the Apache library, by the names of tests/interop/README.md."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    """How to reach the server; with `ca`, a file of certificates, by TLS."""

    address: str
    transport: str
    protocol: str
    ca: Path | None = None


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
