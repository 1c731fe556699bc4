"""What can go wrong, one kind for each code of the wire.

    ModelwireError
    ├── InvalidArgument (also a ValueError)
    ├── NotFound
    ├── AlreadyExists
    ├── FailedPrecondition
    ├── Overloaded
    ├── DeadlineExceeded (also a TimeoutError)
    ├── Cancelled
    ├── Unauthenticated
    ├── PermissionDenied
    ├── Unavailable
    ├── Internal
    └── ProtocolError

Match on the class, or on `code`; never on the text.
"""

from __future__ import annotations

from modelwire_wire.types.ttypes import ErrorCode, ServiceError


class ModelwireError(Exception):
    """The base of all errors of this package; itself raised only for a code that this version does not know.

    Attributes
    ----------
    code : str
        The name of the kind on the wire, for example ``"NOT_FOUND"``.
    message : str
        What happened and what was expected, with the values.
    hint : str or None
        What to do about it.
    executed : bool or None
        False: nothing was run, a retry is safe. True: it was run. None: not known.
    retry_after : float or None
        Seconds after which a retry may succeed.
    request_id : str or None
        The id of the call in the server's log.
    """

    code: str = "ERROR_CODE_UNSPECIFIED"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str | None = None,
        executed: bool | None = None,
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code or type(self).code
        self.message = message
        self.hint = hint
        self.executed = executed
        self.retry_after = retry_after
        self.request_id = request_id

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class InvalidArgument(ModelwireError, ValueError):
    """The request is wrong and stays wrong: a shape, a name, a value; the message says which."""

    code = "INVALID_ARGUMENT"


class NotFound(ModelwireError):
    """No such model, version, alias, job, data set or upload."""

    code = "NOT_FOUND"


class AlreadyExists(ModelwireError):
    """The name is taken."""

    code = "ALREADY_EXISTS"


class FailedPrecondition(ModelwireError):
    """Right request, wrong state; also a compare-and-swap that lost, and a client that was closed."""

    code = "FAILED_PRECONDITION"


class Overloaded(ModelwireError):
    """A bound of the server is reached; nothing was run."""

    code = "OVERLOADED"


class DeadlineExceeded(ModelwireError, TimeoutError):
    """The time-out of the call passed."""

    code = "DEADLINE_EXCEEDED"


class Cancelled(ModelwireError):
    """Somebody cancelled it."""

    code = "CANCELLED"


class Unauthenticated(ModelwireError):
    """The call needs a token, or the token is unknown."""

    code = "UNAUTHENTICATED"


class PermissionDenied(ModelwireError):
    """The token does not allow this."""

    code = "PERMISSION_DENIED"


class Unavailable(ModelwireError):
    """The server cannot be reached, was lost during the call, starts or drains."""

    code = "UNAVAILABLE"


class Internal(ModelwireError):
    """A fault of the server; the detail is in its log, under `request_id`."""

    code = "INTERNAL"


class ProtocolError(ModelwireError):
    """The bytes that came are no valid reply, or the server did not understand the call. No server sends this code."""

    code = "PROTOCOL"


KINDS: tuple[type[ModelwireError], ...] = (
    InvalidArgument,
    NotFound,
    AlreadyExists,
    FailedPrecondition,
    Overloaded,
    DeadlineExceeded,
    Cancelled,
    Unauthenticated,
    PermissionDenied,
    Unavailable,
    Internal,
)
_BY_CODE = {kind.code: kind for kind in KINDS}


def from_wire(error: ServiceError) -> ModelwireError:
    """Turn a ServiceError into the exception of its kind; an unknown code keeps its name."""
    code = error.code_name or ErrorCode._VALUES_TO_NAMES.get(error.code, f"ERROR_CODE_{error.code}")
    kind = _BY_CODE.get(code, ModelwireError)
    return kind(
        error.message or code,
        code=code,
        hint=error.hint,
        executed=error.executed,
        retry_after=None if error.retry_after_ms is None else error.retry_after_ms / 1000,
        request_id=error.request_id,
    )
