"""Certificates for a test: an authority, and what it signs."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

from trustme import CA, LeafCert

from modelwire import Tls


class Authority:
    """Signs certificates and writes them to PEM files in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._ca = CA()
        self.file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(self.file)

    def trusted(self, server_name: str | None = None) -> Tls:
        """What a client needs that trusts this authority."""
        return Tls(ca=self.file, server_name=server_name)

    def files(self, *names: str, expires: datetime | None = None) -> tuple[Path, Path]:
        """The files of a new certificate for these names, and of its key."""
        issued = self._issued(names, expires)
        certificate, key = (self._folder / f"{names[0]}.{what}.pem" for what in ("certificate", "key"))
        issued.private_key_pem.write_to_path(key)
        issued.cert_chain_pems[0].write_to_path(certificate)
        return certificate, key

    def context(self, *names: str, expires: datetime | None = None) -> ssl.SSLContext:
        """The side of a server with a new certificate for these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._issued(names, expires).configure_cert(context)
        return context

    def _issued(self, names: tuple[str, ...], expires: datetime | None) -> LeafCert:
        return self._ca.issue_cert(*names, not_after=expires, not_before=datetime(2000, 1, 1, tzinfo=UTC))
