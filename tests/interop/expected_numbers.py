#!/usr/bin/env python3
"""Computes the numbers that scenarios.json expects, from the data and closed forms; numpy is all it needs.

    expected_numbers.py            rewrite each {"near": ..., "from": NAME} of scenarios.json
    expected_numbers.py --check    fail, naming them, if one differs by more than its `relative`

A `from` is "what/file": the closed forms below say what.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
DATA = HERE.parent / "fixtures" / "data"
#: The rows that the scenarios ask predictions for.
ASKED = [0, 100, 200]


def columns_of(name: str) -> tuple[list[str], np.ndarray]:
    """Header and values of a CSV file, its text columns left out; shape (n_rows, n_columns)."""
    with (DATA / f"{name}.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    numeric = [at for at, value in enumerate(rows[0]) if value.replace(".", "", 1).isdigit()]
    return [header[at] for at in numeric], np.array([[float(row[at]) for at in numeric] for row in rows])


def least_squares(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Targets and their ordinary least-squares fit with intercept; the last column is the target.

    Scaling features does not change the fit of a full-rank problem (A. C. Rencher, G. B. Schaalje, "Linear Models in
    Statistics", 2008, section 7.3.4), so the same numbers serve with and without `standard_scaler`. Columns are
    centred and scaled first for a small condition number.
    """
    values = columns_of(name)[1]
    features, targets = values[:, :-1], values[:, -1]
    design = (features - features.mean(axis=0)) / features.std(axis=0)
    weights, *_ = np.linalg.lstsq(design, targets - targets.mean(), rcond=None)
    return targets, targets.mean() + design @ weights


def predictions(name: str) -> list[float]:
    """What least squares predicts for the rows that are asked for."""
    return [float(value) for value in least_squares(name)[1][ASKED]]


def r2(name: str) -> float:
    """1 - residual sum of squares / total sum of squares."""
    targets, fitted = least_squares(name)
    return float(1 - np.sum((targets - fitted) ** 2) / np.sum((targets - targets.mean()) ** 2))


def rmse(name: str) -> float:
    """Root of the mean (not the degrees-of-freedom-corrected mean) of squared residuals."""
    targets, fitted = least_squares(name)
    return float(np.sqrt(np.mean((targets - fitted) ** 2)))


def means(name: str) -> list[float]:
    """Means of the columns."""
    return [float(value) for value in columns_of(name)[1].mean(axis=0)]


def deviations(name: str) -> list[float]:
    """Population standard deviations, divided by n: what `standard_scaler` divides by, as scikit-learn's does."""
    return [float(value) for value in columns_of(name)[1].std(axis=0)]


def number(source: str) -> Any:
    """The number that "what/file" or "what/file/column" names."""
    what, name, *column = source.split("/")
    forms: dict[str, Callable[[str], Any]] = {
        "predictions": predictions,
        "r2": r2,
        "rmse": rmse,
        "means": means,
        "deviations": deviations,
    }
    numbers = forms[what](name)
    return numbers[columns_of(name)[0].index(column[0])] if column else numbers


def expectations(node: Any) -> Iterator[dict[str, Any]]:
    """Every expectation below `node` that says where its number is from."""
    if isinstance(node, dict) and "from" in node:
        yield node
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    for child in children:
        yield from expectations(child)


def is_near(expectation: dict[str, Any]) -> bool:
    """Tell whether the stated number is the computed one, to a tenth of what servers may differ by."""
    tolerance = expectation["relative"] / 10
    return bool(np.allclose(expectation["near"], number(expectation["from"]), rtol=tolerance, atol=0))


def main() -> int:
    """Rewrite or check the numbers."""
    path = HERE / "scenarios.json"
    scenarios = json.loads(path.read_text())
    stale = [each for each in expectations(scenarios) if not is_near(each)]
    if "--check" in sys.argv:
        for each in stale:
            print(f"{each['from']}: scenarios.json says {each['near']}, the closed form {number(each['from'])}")
        return 1 if stale else 0
    for each in stale:
        each["near"] = number(each["from"])
    path.write_text(dump(scenarios))
    print(f"rewrote {len(stale)} numbers")
    return 0


def dump(scenarios: dict[str, Any]) -> str:
    """One step a line, so that a diff shows what changed."""
    lines = ['{"scenarios": [']
    for at, scenario in enumerate(scenarios["scenarios"]):
        steps = ",\n".join("    " + json.dumps(step) for step in scenario["steps"])
        comma = "," if at + 1 < len(scenarios["scenarios"]) else ""
        lines.append(f'  {{"name": {json.dumps(scenario["name"])}, "steps": [\n{steps}]}}{comma}')
    return "\n".join([*lines, "]}", ""])


if __name__ == "__main__":
    sys.exit(main())
