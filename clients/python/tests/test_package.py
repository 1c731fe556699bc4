"""What is built, and what is documented."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]
QUICKSTART = HERE.parents[1] / "docs" / "examples" / "quickstart.py"


def test_the_wheel_brings_the_generated_code_the_types_and_the_licence(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=HERE, check=True, capture_output=True)

    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as files:
        names = files.namelist()
        (licence,) = (files.read(name) for name in names if name.endswith(".dist-info/licenses/LICENSE"))

    assert {"modelwire/__init__.py", "modelwire/py.typed", "modelwire_wire/types/ttypes.py"} <= set(names)
    assert licence == (HERE.parents[1] / "LICENSE").read_bytes()
    assert not any("test" in name or "__pycache__" in name for name in names)


def test_the_readme_shows_the_quick_start_that_is_run() -> None:
    if not QUICKSTART.exists():
        pytest.skip("docs/examples is not beside this package")

    assert QUICKSTART.read_text() in (HERE / "README.md").read_text()
