"""A server in the test's own process: real sockets, and only what a test wants of it.

Messages are compact in the header transport, written and read by the Apache library's code, not by ours.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType, TracebackType
from typing import Any

from modelwire_wire.datasets import Datasets
from modelwire_wire.health import Health
from modelwire_wire.inference import Inference
from modelwire_wire.models import Models
from modelwire_wire.training import Training
from thrift.protocol.TCompactProtocol import TCompactProtocolAccelerated
from thrift.Thrift import TApplicationException, TMessageType
from thrift.transport.THeaderTransport import THeaderClientType, THeaderSubprotocolID, THeaderTransport
from thrift.transport.TTransport import TMemoryBuffer, TTransportException

NONE: Mapping[str, str] = MappingProxyType({})
Serve = Callable[[socket.socket], None]
_SERVICES = (Datasets, Health, Inference, Models, Training)


class FakeServer:
    """Runs `serve` on each connection, in a thread of its own, and closes the connection when it returns.

    With a context, over TLS.
    """

    def __init__(self, serve: Serve, context: ssl.SSLContext | None = None) -> None:
        self._serve = serve
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def n_connections(self) -> int:
        return len(self._sockets)

    def __enter__(self) -> FakeServer:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._sockets:
            _shut(each)
        for thread in list(self._threads):
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(connection)
            thread = threading.Thread(target=self._run, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _run(self, connection: socket.socket) -> None:
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            self._serve(connection)
        except (OSError, TTransportException):
            pass  # the client has left, or the test has ended
        finally:
            _shut(connection)
            connection.close()


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        connection.shutdown(socket.SHUT_RDWR)


def read_frame(connection: socket.socket) -> bytes:
    """The message of the next frame; empty at the end of the connection."""
    length = _read(connection, 4)
    return unwrapped(length + _read(connection, struct.unpack(">I", length)[0])) if length else b""


def _read(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        part = connection.recv(size - len(received))
        if not part:
            return b""
        received += part
    return received


def frame(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def headed(message: bytes, *, seqid: int = 0, headers: Mapping[str, str] = NONE) -> bytes:
    """A frame of the header transport with a message and headers."""
    buffer = TMemoryBuffer()
    transport = _header_transport(buffer)
    transport.sequence_id = seqid
    for name, value in headers.items():
        transport.set_header(name.encode(), value.encode())
    transport.write(message)
    transport.flush()
    written: bytes = buffer.getvalue()
    return written


def unwrapped(frame: bytes) -> bytes:
    """The message of a frame of the header transport, its length first."""
    transport = _header_transport(TMemoryBuffer(frame))
    transport.readFrame(0)
    message: bytes = transport.cstringio_buf.read()
    return message


def _header_transport(buffer: TMemoryBuffer) -> THeaderTransport:
    return THeaderTransport(buffer, (THeaderClientType.HEADERS,), THeaderSubprotocolID.COMPACT)


def head(message: bytes) -> tuple[str, int]:
    """Name and seqid of a message."""
    name, _, seqid = _protocol(TMemoryBuffer(message)).readMessageBegin()
    return name, seqid


def reply(
    name: str, seqid: int, result: Any, kind: int = TMessageType.REPLY, headers: Mapping[str, str] = NONE
) -> bytes:
    """A reply as a frame; `result` is a generated `*_result`, or a TApplicationException."""
    buffer = TMemoryBuffer()
    protocol = _protocol(buffer)
    protocol.writeMessageBegin(name, kind, seqid)
    result.write(protocol)
    protocol.writeMessageEnd()
    return headed(buffer.getvalue(), seqid=seqid, headers=headers)


def greeting(
    message: bytes,
    text: str,
    *,
    seqid: int | None = None,
    name: str = "hello",
    headers: Mapping[str, str] = NONE,
) -> bytes:
    """A reply to `hello`, to the call in `message` or to another one."""
    result = Health.hello_result(success=Health.HelloResponse(greeting=text))
    return reply(name, head(message)[1] if seqid is None else seqid, result, headers=headers)


def answering(handler: Any) -> Serve:
    """Answer every call by the method of `handler` that has its name; it takes the request, as in the IDL."""

    def serve(connection: socket.socket) -> None:
        while message := read_frame(connection):
            connection.sendall(_answer(handler, message))

    return serve


def _answer(handler: Any, message: bytes) -> bytes:
    name, seqid = head(message)
    service = next((it for it in _SERVICES if hasattr(it, f"{name}_args")), None)
    if service is None or not hasattr(handler, name):
        refusal = TApplicationException(TApplicationException.UNKNOWN_METHOD, f"no method {name}")
        return reply(name, seqid, refusal, TMessageType.EXCEPTION)
    output = TMemoryBuffer()
    service.Processor(handler).process(_protocol(TMemoryBuffer(message)), _protocol(output))
    return headed(output.getvalue(), seqid=seqid)


def _protocol(transport: TMemoryBuffer) -> TCompactProtocolAccelerated:
    return TCompactProtocolAccelerated(transport, fallback=True)
