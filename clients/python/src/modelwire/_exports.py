"""Models as files of other programs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from modelwire_wire.models import ttypes as wire

from modelwire._errors import ProtocolError

Format = Literal["onnx"]


@dataclass(frozen=True)
class ExportedModel:
    """A model as a file that other programs compute predictions with.

    Attributes
    ----------
    model, version
        What was written.
    file_name : str
        What the file may be called: ``"wine-3.onnx"``.
    sha256 : str
        Of the content, in hex.
    content : bytes
        The file.
    """

    model: str
    version: int
    file_name: str
    sha256: str
    content: bytes


def joined(pieces: list[wire.ExportModelResponse]) -> ExportedModel:
    """Join the pieces of one file."""
    first = pieces[0]
    content = b"".join(piece.content or b"" for piece in pieces)
    if hashlib.sha256(content).hexdigest() != first.sha256:
        raise ProtocolError(f"{first.file_name} came with another SHA-256 than {first.sha256}; ask again")
    return ExportedModel(first.model, first.version, first.file_name, first.sha256, content)
