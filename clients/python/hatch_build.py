"""Adds the generated package `modelwire_wire` to what is built, so that one install brings all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class GeneratedCode(BuildHookInterface[Any]):
    """Finds it in gen/python of the repository or, in an unpacked source distribution, beside this file."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Forces it into wheels and source distributions; an editable install reads it where it is."""
        here = Path(self.root)
        candidates = [here / "../../gen/python/modelwire_wire", here / "modelwire_wire"]
        found = next((path for path in candidates if path.is_dir()), None)
        if found is None:
            raise FileNotFoundError(f"modelwire_wire is in none of {', '.join(map(str, candidates))}")
        if version != "editable":
            build_data["force_include"][str(found)] = "modelwire_wire"
