"""The server itself, as a child of the tests: MODELWIRE_BINARY names it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BINARY = os.environ.get("MODELWIRE_BINARY")
needs_server = pytest.mark.skipif(
    not BINARY and os.environ.get("CI") is None, reason="MODELWIRE_BINARY does not name a server"
)


@contextmanager
def running(data: Path, *flags: str | Path) -> Iterator[str]:
    """Start a server on a free port and yield its address; it is ready once it has said where it listens."""
    assert BINARY, "MODELWIRE_BINARY has to name the server"
    command = [BINARY, "serve", "--listen", "127.0.0.1:0", "--data", data, *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            words = server.stdout.readline().replace(",", " ").split()
            yield words[words.index("on") + 1]
        finally:
            server.terminate()


def new_token(file: Path, name: str, *flags: str) -> str:
    """Make a token in a file of tokens, as an administrator does."""
    assert BINARY, "MODELWIRE_BINARY has to name the server"
    command = [BINARY, "tokens", "create", name, "--file", str(file), "--json", *flags]
    made = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return str(made["token"])
