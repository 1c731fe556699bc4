"""Messages to bytes and back: compact protocol in the header transport. Knows no sockets."""

from __future__ import annotations

from typing import Any

from thrift.protocol.TCompactProtocol import TCompactProtocolAccelerated
from thrift.Thrift import TApplicationException, TMessageType
from thrift.transport.TTransport import TMemoryBuffer

from modelwire import _theader
from modelwire._errors import InvalidArgument, ModelwireError, ProtocolError, from_wire
from modelwire._methods import Method

#: The default of the server and of every Apache library.
MAX_FRAME_BYTES = 16_384_000
# A server counts the message of a reply alone; its headers come on top.
_REPLY_HEAD_BYTES = 1024


def encode(method: Method, seqid: int, request: Any, max_frame_bytes: int) -> bytes:
    """Write a call as one frame, its length first.

    Raises
    ------
    InvalidArgument
        If it is larger than a frame may be.
    """
    buffer = TMemoryBuffer()
    protocol = TCompactProtocolAccelerated(buffer, fallback=True)
    protocol.writeMessageBegin(method.name, TMessageType.CALL, seqid)
    method.arguments(request).write(protocol)
    protocol.writeMessageEnd()
    message: bytes = buffer.getvalue()
    size = _theader.HEAD_BYTES + len(message)
    if size > max_frame_bytes:
        raise InvalidArgument(
            f"{method.name} takes {size:,} bytes and a frame holds at most {max_frame_bytes:,}",
            hint=method.when_too_large,
            executed=False,
        )
    return _theader.wrap(message, seqid)


def frame_length(header: bytes | bytearray, max_frame_bytes: int) -> int:
    """Read the length that a frame begins with.

    Raises
    ------
    ProtocolError
        If it is larger than a frame may be.
    """
    length: int = _theader.LENGTH.unpack_from(header)[0]
    if length > max_frame_bytes + _REPLY_HEAD_BYTES:
        raise ProtocolError(
            f"the reply's first bytes say {length:,} bytes and a frame holds at most {max_frame_bytes:,}",
            hint="check that the address is Modelwire's, or raise max_frame_bytes",
        )
    return length


def decode(method: Method, seqid: int, message: bytes) -> Any:
    """Read the reply to a call.

    Raises
    ------
    ModelwireError
        The kind of the ServiceError that came instead of a result.
    ProtocolError
        If it is no reply to this call, does not decode, or says that the call was not understood.
    """
    try:
        result = _read(method, seqid, message)
    except ModelwireError:
        raise
    except Exception as cause:  # the runtime raises EOFError, TypeError, ValueError and more for bytes that are wrong
        raise ProtocolError(f"the reply to {method.name} does not decode: {cause!r}") from cause
    if result.error is not None:
        raise from_wire(result.error)
    if result.success is None:
        raise ProtocolError(f"the reply to {method.name} has neither a result nor an error")
    return result.success


def _read(method: Method, seqid: int, message: bytes) -> Any:
    protocol = TCompactProtocolAccelerated(TMemoryBuffer(message), fallback=True)
    name, kind, got = protocol.readMessageBegin()
    # The Apache library checks neither: one stray reply would answer every later call of the connection.
    if (name, got) != (method.name, seqid):
        raise ProtocolError(f"call {seqid} of {method.name} was answered with {got} of {name!r}")
    if kind == TMessageType.EXCEPTION:
        refusal = TApplicationException()
        refusal.read(protocol)
        raise _not_understood(method, refusal)
    if kind != TMessageType.REPLY:
        raise ProtocolError(f"the reply to {method.name} has message type {kind}")
    result = method.result()
    result.read(protocol)
    return result


def _not_understood(method: Method, refusal: TApplicationException) -> ProtocolError:
    why = f"the server did not understand {method.name}: {refusal.message or f'type {refusal.type}'}"
    if refusal.type != TApplicationException.UNKNOWN_METHOD:
        return ProtocolError(why)
    return ProtocolError(why, hint="its version may be older than this client's", executed=False)
