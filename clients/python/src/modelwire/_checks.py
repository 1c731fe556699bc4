"""Refuses arguments of a wrong kind before they are sent, with what came and what is taken."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from modelwire_wire.types.ttypes import Tensor
from thrift.Thrift import TType

from modelwire._errors import InvalidArgument

_BITS = {TType.BYTE: 8, TType.I16: 16, TType.I32: 32, TType.I64: 64}


def whole(what: str, value: Any, *, least: int) -> int:
    """Return a whole number that is not below `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise _refusal(what, value, f"a whole number, at least {least}")
    return int(value)


def texts(what: str, values: Any) -> list[str]:
    """Return the texts of a list; a single text is none, although it could be read letter by letter."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise _refusal(what, values, "a list of texts")
    listed = list(values)
    for at, value in enumerate(listed):
        _check_text(f"{what}[{at}]", value)
    return listed


def token(value: Any) -> str | None:
    """Return a token; a refusal says nothing of it but its type."""
    if value is not None and not isinstance(value, str):
        raise InvalidArgument(f"token is of type {type(value).__name__}; it is text", executed=False)
    if value is not None and not value.isprintable():
        raise InvalidArgument("token holds characters that no token has, such as the end of a line", executed=False)
    return value


def check_fields(message: Any) -> None:
    """Refuse a message of the wire with a field that is not of the type that the IDL gives it.

    The runtime would raise TypeError, OverflowError and more for it.

    Raises
    ------
    InvalidArgument
        With the name of the field.
    """
    if isinstance(message, Tensor):
        return  # made of an array, by this package
    for field in message.thrift_spec:
        if field is not None and getattr(message, field[2]) is not None:
            _check(field[2], getattr(message, field[2]), field[1], field[3])


def _check(what: str, value: Any, kind: int, detail: Any) -> None:
    if kind == TType.STRUCT:
        check_fields(value)
    elif kind == TType.LIST:
        for at, each in enumerate(value):
            _check(f"{what}[{at}]", each, detail[0], detail[1])
    elif kind == TType.STRING and detail == "BINARY":
        if not isinstance(value, bytes):
            raise _refusal(what, value, "bytes")
    elif kind == TType.STRING:
        _check_text(what, value)
    elif kind == TType.DOUBLE:
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            raise _refusal(what, value, "a number")
    elif kind in _BITS:
        _check_bits(what, value, _BITS[kind])


def _check_text(what: str, value: Any) -> None:
    if not isinstance(value, str):
        raise _refusal(what, value, "text")
    try:
        value.encode()
    except UnicodeEncodeError as cause:
        raise InvalidArgument(f"{what} is {value!r}, which is not Unicode text", executed=False) from cause


def _check_bits(what: str, value: Any, bits: int) -> None:
    limit = 2 ** (bits - 1)
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not -limit <= value < limit:
        raise _refusal(what, value, f"a whole number in -2**{bits - 1} .. 2**{bits - 1} - 1")


def _refusal(what: str, value: Any, taken: str) -> InvalidArgument:
    return InvalidArgument(f"{what} is {value!r}; it is {taken}", executed=False)
