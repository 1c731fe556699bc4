#!/usr/bin/env python3
"""Compares what runners recorded: same_results.py RESULTS.json RESULTS.json ...

Each prediction has to be equal to the bit in every file, but where a file says "skipped". Prints `same KEY` or
`DIFFERENT KEY: who says what`, and exits with 1 if one differs or is missing somewhere.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def differences(results: dict[str, dict[str, Any]]) -> dict[str, str]:
    """For each key that any file has: "" if all files say the same, else who says what."""
    keys = sorted({key for recorded in results.values() for key in recorded})
    return {key: _difference(key, results) for key in keys}


def _difference(key: str, results: dict[str, dict[str, Any]]) -> str:
    said: dict[str, list[str]] = {}
    for name, recorded in results.items():
        if recorded.get(key) != "skipped":
            said.setdefault(json.dumps(recorded.get(key), sort_keys=True), []).append(name)
    return "" if len(said) <= 1 else "; ".join(f"{', '.join(names)}: {what[:200]}" for what, names in said.items())


def main() -> int:
    """Compare the files that are named."""
    found = differences({name: json.loads(Path(name).read_text()) for name in sys.argv[1:]})
    for key, difference in found.items():
        print(f"DIFFERENT {key}: {difference}" if difference else f"same {key}")
    if not found:
        print("there is nothing to compare; name files that runners wrote with --results")
    return 1 if not found or any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
