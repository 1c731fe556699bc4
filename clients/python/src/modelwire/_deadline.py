"""The moment at which a call gives up."""

from __future__ import annotations

import math
import time

from modelwire._errors import DeadlineExceeded, InvalidArgument


class Deadline:
    """A moment `timeout` seconds from now, on the monotonic clock."""

    def __init__(self, timeout: float) -> None:
        if not (timeout > 0 and math.isfinite(timeout)):
            raise InvalidArgument(f"a time-out of {timeout} s is not allowed; it is a positive number of seconds")
        self.timeout = timeout
        self._at = time.monotonic() + timeout

    def remaining(self) -> float:
        """Seconds that are left; 0 or less once it has passed."""
        return self._at - time.monotonic()

    def remaining_ms(self) -> int:
        """What a call tells the server: whole milliseconds that are left, at least 1."""
        return max(1, math.ceil(self.remaining() * 1000))

    def exceeded(self, what: str, *, executed: bool | None, request_id: str | None = None) -> DeadlineExceeded:
        """The error of a call that `what` did not let finish in time."""
        return DeadlineExceeded(f"{what} within {self.timeout:g} s", executed=executed, request_id=request_id)
