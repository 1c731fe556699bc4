"""The header transport of Apache Thrift (THeader): a frame that carries headers beside the message. Knows no sockets.

Its layout is that of doc/specs/HeaderFormat.md of Apache Thrift. The library's own THeaderTransport copies a message
five times and writes to the peer while it reads; the tests hold this module to what it reads and writes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from modelwire._errors import ProtocolError

#: The number of bytes that follow: a frame begins with it.
LENGTH = struct.Struct(">I")
_HEAD = struct.Struct(">HHIH")  # magic, flags, sequence id, words of the header
_MAGIC = 0x0FFF
_COMPACT = 2
_KEY_VALUES = 1
#: Compact protocol, no transforms, and zeros up to a whole word.
_HEADER = bytes([_COMPACT, 0, 0, 0])
#: The bytes of a frame beside its message.
HEAD_BYTES = _HEAD.size + len(_HEADER)
_DRAINING = b"x-draining"


@dataclass(frozen=True)
class Reply:
    """What a frame carried."""

    message: bytes
    headers: dict[bytes, bytes]

    @property
    def is_last(self) -> bool:
        """The server is about to stop: the next call has to go over another connection."""
        return _DRAINING in self.headers


def wrap(message: bytes, seqid: int) -> bytes:
    """Write a compact message as one frame, its length first."""
    length = LENGTH.pack(HEAD_BYTES + len(message))
    return b"".join((length, _HEAD.pack(_MAGIC, 0, seqid, len(_HEADER) // 4), _HEADER, message))


def unwrap(frame: bytes | memoryview) -> Reply:
    """Read a frame, without its length.

    Raises
    ------
    ProtocolError
        If it has no header, a length in it leads out of the header, or the message is not plain compact.
    """
    if len(frame) < _HEAD.size:
        raise _not_ours(frame)
    magic, _, _, words = _HEAD.unpack_from(frame)
    end = _HEAD.size + 4 * words
    if magic != _MAGIC or end > len(frame):
        raise _not_ours(frame)
    header = _Header(bytes(frame[_HEAD.size : end]))
    protocol, n_transforms = header.number(), header.number()
    if (protocol, n_transforms) != (_COMPACT, 0):
        raise ProtocolError(f"the reply is in protocol {protocol} with {n_transforms} transforms, the call in 2 with 0")
    return Reply(bytes(frame[end:]), header.pairs())


class _Header:
    """Reads a header from its start; nothing is read beyond its end."""

    def __init__(self, header: bytes) -> None:
        self._header = header
        self._at = 0

    def number(self) -> int:
        """An unsigned LEB128 of at most five bytes."""
        value = 0
        for shift in range(0, 35, 7):
            byte = self._take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise ProtocolError("a number in the header of the reply has more than five bytes")

    def pairs(self) -> dict[bytes, bytes]:
        """The keys and values; what stands behind a block of another kind is not looked at."""
        pairs = {}
        while self._at < len(self._header) and self.number() == _KEY_VALUES:
            for _ in range(self.number()):
                key = self._take(self.number())
                pairs[key] = self._take(self.number())
        return pairs

    def _take(self, size: int) -> bytes:
        if size > len(self._header) - self._at:
            raise ProtocolError(f"the header of the reply ends {size - len(self._header) + self._at} bytes too early")
        self._at += size
        return self._header[self._at - size : self._at]


def _not_ours(frame: bytes | memoryview) -> ProtocolError:
    return ProtocolError(
        f"the reply is no frame of the header transport; it begins with {bytes(frame[:8]).hex(' ') or 'nothing'}",
        hint="check that the address is Modelwire's",
    )
