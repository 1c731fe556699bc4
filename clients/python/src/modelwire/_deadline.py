"""The moment at which a call gives up."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from modelwire._errors import DeadlineExceeded, InvalidArgument

_LONGEST_SECONDS = 1e9


class Deadline:
    """A moment `timeout` seconds from now, on the monotonic clock."""

    def __init__(self, timeout: float) -> None:
        if not _is_number(timeout) or not 0 < timeout <= _LONGEST_SECONDS:
            raise InvalidArgument(
                f"a time-out of {timeout!r} s is not allowed; it is a positive number of seconds, at most 1e9"
            )
        self.timeout = float(timeout)
        self._at = time.monotonic() + self.timeout

    def remaining(self) -> float:
        """Seconds that are left; 0 or less once it has passed."""
        return self._at - time.monotonic()

    def remaining_ms(self) -> int:
        """What a call tells the server: whole milliseconds that are left, at least 1."""
        return max(1, math.ceil(self.remaining() * 1000))

    def exceeded(self, what: str, *, executed: bool | None, request_id: str | None = None) -> DeadlineExceeded:
        """The error of a call that `what` did not let finish in time."""
        return DeadlineExceeded(f"{what} within {self.timeout:g} s", executed=executed, request_id=request_id)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
