"""A server, and how it is connected to."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from modelwire import _address, _checks, _tls
from modelwire._address import Address
from modelwire._deadline import Deadline
from modelwire._tls import Secured, Tls


@dataclass(frozen=True)
class Endpoint:
    """What every connection to a server has in common."""

    address: Address
    secured: Secured | None
    connect_timeout: float
    max_frame_bytes: int

    def time_to_connect(self, deadline: Deadline) -> float:
        """Seconds that connecting may take in a call with this deadline."""
        return min(self.connect_timeout, max(0.001, deadline.remaining()))


def endpoint(address: str, tls: Tls | ssl.SSLContext | None, connect_timeout: float, max_frame_bytes: int) -> Endpoint:
    """Check what a client was given.

    Raises
    ------
    InvalidArgument
        If one of it is not what it should be.
    """
    where = _address.parse(address)
    _checks.whole("max_frame_bytes", max_frame_bytes, least=1)
    return Endpoint(where, _tls.secured(tls, where), Deadline(connect_timeout).timeout, max_frame_bytes)
