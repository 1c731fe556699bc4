"""Milliseconds of the wire to moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(milliseconds: int | None) -> datetime | None:
    """Read milliseconds since 1970-01-01T00:00:00Z as a time in UTC."""
    return None if milliseconds is None else _EPOCH + timedelta(milliseconds=milliseconds)
