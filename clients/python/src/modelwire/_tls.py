"""TLS: whom a client trusts, what it shows of itself, and what to do where the two sides do not agree."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from typing import Any

from modelwire._address import Address
from modelwire._errors import InvalidArgument, Unavailable

# OpenSSL's X509_V_ERR_*, from its x509_vfy.h.
_UNKNOWN_ISSUER = {2, 7, 18, 19, 20, 21}
_NOT_YET_VALID, _EXPIRED = 9, 10
_OTHER_NAME = {62, 64}
#: How OpenSSL takes what a server without TLS answers.
_NOT_TLS = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST", "BAD_RECORD_TYPE"}


@dataclass(frozen=True)
class Tls:
    """Calls travel encrypted, and the server shows who it is: its certificate has to be for its name.

    ``Client("models.example:9090", tls=Tls())`` trusts whom the system trusts. An `ssl.SSLContext` does in its place.

    Attributes
    ----------
    ca : path, optional
        PEM file of the authorities to trust, and no others. None: those of the system.
    certificate, key : path, optional
        PEM files of this client's certificate, with those that signed it, and of its private key, which is not
        encrypted; for a server that asks who calls. The key may be in the file of the certificate.
    server_name : str, optional
        The name that the server's certificate has to be for. None: the host of the address.
    """

    ca: str | os.PathLike[str] | None = None
    certificate: str | os.PathLike[str] | None = None
    key: str | os.PathLike[str] | None = None
    server_name: str | None = None


@dataclass(frozen=True)
class Secured:
    """How to make TLS of a connection; the name is what the server's certificate has to be for."""

    context: ssl.SSLContext
    server_name: str


def secured(tls: Tls | ssl.SSLContext | None, address: Address) -> Secured | None:
    """Read the files of `tls`; None for connections without it.

    Raises
    ------
    InvalidArgument
        If a file cannot be used, the server has no name, or an `ssl.SSLContext` does not check who the server is.
    """
    if tls is None:
        return None
    name = (tls.server_name if isinstance(tls, Tls) else None) or address.tls_name
    if name is None:
        raise InvalidArgument(f"{address.name} has no name to check a certificate for", hint="write Tls(server_name=…)")
    if isinstance(tls, ssl.SSLContext):
        return Secured(_checking(tls), name)
    if not isinstance(tls, Tls):
        raise InvalidArgument(f"tls is {tls!r}; it is a Tls or an ssl.SSLContext", hint="write tls=Tls()")
    return Secured(_context(tls), name)


def is_alert(cause: ssl.SSLError) -> bool:
    """Tell whether the server ended TLS and said why."""
    return "ALERT" in (cause.reason or "")


def refused(address: Address, cause: OSError) -> Unavailable:
    """Say why TLS came to nothing, and what to do; nothing was executed."""
    what, hint = _in_words(cause)
    return Unavailable(f"no TLS with {address.name}: {what}", hint=hint, executed=False)


def _checking(context: ssl.SSLContext) -> ssl.SSLContext:
    if context.verify_mode != ssl.CERT_REQUIRED or not context.check_hostname:
        raise InvalidArgument(
            "this ssl.SSLContext does not check who the server is: verify_mode is "
            f"{context.verify_mode.name} and check_hostname is {context.check_hostname}",
            hint="make it with ssl.create_default_context(), or write Tls(ca=…)",
        )
    return context


def _context(tls: Tls) -> ssl.SSLContext:
    if tls.key is not None and tls.certificate is None:
        raise InvalidArgument("Tls(key=…) is of no use without certificate=", hint="name the file of the certificate")
    try:
        context = ssl.create_default_context(cafile=tls.ca)
    except (OSError, TypeError) as cause:
        raise _unusable("ca", tls.ca, cause, "certificates") from cause
    if tls.certificate is not None:
        _show(context, tls)
    return context


def _show(context: ssl.SSLContext, tls: Tls) -> None:
    key = tls.certificate if tls.key is None else tls.key

    def password() -> str:  # else OpenSSL would ask for it at the terminal
        raise InvalidArgument(f"the private key in {os.fspath(key or '')!r} is encrypted; it has to be in the clear")

    try:
        context.load_cert_chain(tls.certificate or "", tls.key, password)
    except (OSError, TypeError) as cause:
        files = tls.certificate if tls.key is None else f"{tls.certificate}, {tls.key}"
        raise _unusable("certificate, key", files, cause, "a certificate and its private key") from cause


def _unusable(what: str, files: Any, cause: Exception, wanted: str) -> InvalidArgument:
    why = (getattr(cause, "reason", None) or getattr(cause, "strerror", None) or str(cause)).replace("_", " ").lower()
    return InvalidArgument(f"{what} of Tls is {str(files)!r}: {why}", hint=f"name a PEM file of {wanted}")


def _in_words(cause: OSError) -> tuple[str, str | None]:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _of_certificate(cause)
    if isinstance(cause, ssl.SSLError) and cause.reason in _NOT_TLS:
        return "it answers in something else than TLS", "leave tls= out, or call it at its TLS port"
    if isinstance(cause, ssl.SSLError) and is_alert(cause):
        return _of_alert(cause.reason)
    if isinstance(cause, ssl.SSLEOFError | ConnectionError):
        return "it ended the handshake", "leave tls= out if the server was started without --tls-certificate"
    return str(cause), None


def _of_certificate(cause: ssl.SSLCertVerificationError) -> tuple[str, str]:
    code = cause.verify_code
    if code in _UNKNOWN_ISSUER:
        what = f"its certificate is signed by nobody who is trusted here ({cause.verify_message})"
        return what, "name the file of the authority that signed it: tls=Tls(ca=…)"
    if code in _OTHER_NAME:
        what = f"its certificate is for another name ({cause.verify_message.rstrip('.')})"
        return what, "call it by a name that its certificate has, or say which one: tls=Tls(server_name=…)"
    if code in (_NOT_YET_VALID, _EXPIRED):
        what = "has expired" if code == _EXPIRED else "is not valid yet"
        return f"its certificate {what}", "have it renewed, or mend the clock of this machine"
    return f"its certificate is refused here: {cause.verify_message}", "have it mended by who made it"


def _of_alert(reason: str) -> tuple[str, str | None]:
    alert = reason.rpartition("ALERT_")[2].replace("_", " ").lower()
    if alert == "certificate required":
        return "it asks for a certificate of this client", "name one: tls=Tls(certificate=…, key=…)"
    if "certificate" in alert or alert in ("unknown ca", "decrypt error"):
        return (
            f"it refuses the certificate of this client ({alert})",
            "name one that the authorities of its --tls-client-ca have signed: tls=Tls(certificate=…, key=…)",
        )
    return f"it ended the handshake with the alert {alert!r}", None
