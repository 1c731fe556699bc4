"""Frames of the header transport, held to what the Apache library reads and writes."""

from __future__ import annotations

import pytest
from fake_server import headed, unwrapped
from thrift.transport.THeaderTransport import THeaderTransformID, THeaderTransport
from thrift.transport.TTransport import TMemoryBuffer

import modelwire
from modelwire import _theader

#: Magic, flags, sequence id and the number of words; then the header.
HEAD = bytes.fromhex("0fff 0000 00000007")


def frame(header: str, message: bytes = b"message", *, words: int | None = None) -> bytes:
    """A frame without its length; the header is filled up to a whole word."""
    written = bytes.fromhex(header)
    written += bytes(-len(written) % 4)
    return HEAD + (len(written) // 4 if words is None else words).to_bytes(2, "big") + written + message


@pytest.mark.parametrize("message", [b"", b"m", b"\x82\x21" * 1000])
def test_a_call_is_written_as_the_library_writes_it(message: bytes) -> None:
    written = _theader.wrap(message, 7)

    assert written == headed(message, seqid=7)
    assert unwrapped(written) == message


@pytest.mark.parametrize("name", ["a", "ab", "abc", "abcd"])
@pytest.mark.parametrize("value", ["", "x" * 200])
def test_headers_of_the_library_are_read_whatever_the_padding(name: str, value: str) -> None:
    written = headed(b"message", headers={name: value, "other": "1"})

    reply = _theader.unwrap(written[4:])

    assert reply == _theader.Reply(b"message", {name.encode(): value.encode(), b"other": b"1"})


@pytest.mark.parametrize(
    ("header", "headers"),
    [
        ("02 00", {}),
        ("02 00 01 00", {}),
        ("02 00 01 01 01 61 01 62 01 01 01 63 00", {b"a": b"b", b"c": b""}),
        ("02 00 07 01 01 61 01 62", {}),  # a block of a kind that is not known ends the header
        ("02 00 00 01 01 01 61 01 62", {}),  # so does padding
        ("82 80 80 80 00 00", {}),  # a number may be written longer than it has to be
    ],
)
def test_blocks_are_read_until_one_that_is_not_known(header: str, headers: dict[bytes, bytes]) -> None:
    assert _theader.unwrap(memoryview(frame(header))) == _theader.Reply(b"message", headers)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (b"", "begins with nothing"),
        (b"\x82\x41\x01\x05hello", "no frame of the header transport; it begins with 82 41 01 05"),
        (frame("02 00", b"", words=2), "no frame of the header transport"),
        (frame("02 00", b"", words=65535), "no frame of the header transport"),
        (frame("", words=0), "ends 1 bytes too early"),
        (frame("00 00"), "in protocol 0 with 0 transforms"),
        (frame("02 01 01"), "in protocol 2 with 1 transforms"),
        (frame("02 ff ff ff ff 0f"), "with 4294967295 transforms"),
        (frame("02 00 01 01 7f 61"), "ends 124 bytes too early"),
        (frame("02 00 01 01 01 61 05 62"), "ends 4 bytes too early"),  # although the message goes on
        (frame("02 00 01 ff ff ff ff 0f"), "too early"),
        (frame("02 80 80 80 80 80 00"), "more than five bytes"),
    ],
)
def test_a_header_that_lies_is_a_protocol_error(wrong: bytes, why: str) -> None:
    with pytest.raises(modelwire.ProtocolError, match=why):
        _theader.unwrap(wrong)


def test_a_frame_that_is_cut_anywhere_is_a_shorter_message_or_a_protocol_error() -> None:
    whole = headed(b"message", headers={"a": "b", "cd": ""})[4:]

    for size in range(len(whole)):
        try:
            assert b"message".startswith(_theader.unwrap(whole[:size]).message)
        except modelwire.ProtocolError:
            assert size < len(whole) - len(b"message")


def test_a_compressed_reply_was_not_asked_for() -> None:
    buffer = TMemoryBuffer()
    transport = THeaderTransport(buffer, (0,), 2)
    transport.add_transform(THeaderTransformID.ZLIB)
    transport.write(b"message")
    transport.flush()

    with pytest.raises(modelwire.ProtocolError, match="1 transforms"):
        _theader.unwrap(buffer.getvalue()[4:])
