"""The runner's options: what cannot be played is refused by name, before anything is called."""

from __future__ import annotations

import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from connection import PROTOCOLS, TRANSPORTS, Connection

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        ("--client generated --transport theader --protocol json", "theader json: THeaderProtocol of the library"),
        ("--client generated --transport theader-zlib --protocol json", "theader-zlib json: THeaderProtocol"),
        ("--client generated --transport framed", "needs --transport and --protocol"),
        ("--client generated --transport framed --protocol json --address unix:/s", "played by the SDK only"),
        ("--client sdk --transport framed", "the SDK chooses its transport"),
        ("--client sdk --protocol compact", "the SDK chooses its transport"),
        ("--client sdk --multiplexed", "its names of methods itself"),
    ],
)
def test_what_cannot_be_played_is_refused_by_name(flags: str, why: str, tmp_path: Path) -> None:
    given = {"address": "127.0.0.1:1", "scenarios": HERE.parent / "scenarios.json", "data": tmp_path, "run": "r"}
    required = {**given, "results": tmp_path / "results"}
    command = [sys.executable, str(HERE / "run.py"), *(f"--{name}={value}" for name, value in required.items())]

    played = subprocess.run([*command, *flags.split()], capture_output=True, text=True, check=False)

    assert played.returncode == 2
    assert why in played.stderr


def test_everything_else_can_be() -> None:
    refused = [pair for pair in product(TRANSPORTS, PROTOCOLS) if Connection("127.0.0.1:1", *pair).refusal()]

    assert refused == [("theader", "json"), ("theader-zlib", "json")]
