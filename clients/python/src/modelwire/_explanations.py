"""What each column adds to answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from modelwire_wire.inference import ttypes as wire

from modelwire import _columns
from modelwire._errors import ProtocolError
from modelwire._rows import Rows
from modelwire._tensors import from_tensor


@dataclass(frozen=True, eq=False)
class Explanation:
    """What each column adds to the answers to n rows, in their order. The arrays are read-only views.

    A regressor has one answer to a row for each target, a classifier one for each class:
    ``base_values[k] + contributions[i, k].sum()`` is answer k to row i, on the `scale`.

    Attributes
    ----------
    model, version, generation
        Which version is explained; `generation` says how often the alias that was asked for has been set.
    scale : str
        What the sums are: ``"value"`` (in the unit of the targets), ``"log_value"`` (the natural logarithm of the
        answer), ``"probability"``, ``"score"`` (softmax over the classes makes probabilities of them), or
        ``"decision"`` (the class of the largest is the answer).
    base_values : ndarray of shape (n_answers,)
        float64, the answers where no column says anything.
    contributions : ndarray of shape (n, n_answers, n_features)
        float64, what each column adds.
    features : tuple of str
        Names of the columns as they reach the estimator, in order.
    classes : ndarray of shape (n_answers,)
        Classification: the labels that the answers are of, in ascending order; else None.
    outputs : tuple of str
        Regression of several targets: their names, in the order of the answers; else None.
    """

    model: str
    version: int
    generation: int | None
    scale: str
    base_values: npt.NDArray[np.float64]
    contributions: npt.NDArray[np.float64]
    features: tuple[str, ...]
    classes: npt.NDArray[Any] | None
    outputs: tuple[str, ...] | None = None


def request(model: str, rows: Rows) -> wire.ExplainRequest:
    """Write rows whose answers are to be explained."""
    return wire.ExplainRequest(model=model, **rows.wire())


def from_wire(response: wire.ExplainResponse) -> Explanation:
    """Read an explanation.

    Raises
    ------
    ProtocolError
        If its parts do not fit each other.
    """
    base_values, contributions = from_tensor(response.base_values), from_tensor(response.contributions)
    features, classes = tuple(response.features or ()), _columns.from_wire(response.classes)
    outputs = None if response.outputs is None else tuple(response.outputs)
    n_outputs = 1 if outputs is None else len(outputs)
    n_answers = n_outputs if classes is None else len(classes)
    if base_values is None or base_values.shape != (n_answers,):
        raise ProtocolError(f"base values of shape {_shape(base_values)} came for {n_answers} answers")
    if contributions is None or contributions.ndim != 3 or contributions.shape[1:] != (n_answers, len(features)):
        raise ProtocolError(
            f"contributions of shape {_shape(contributions)} came for {n_answers} answers of {len(features)} columns"
        )
    return Explanation(
        model=response.model,
        version=response.version,
        generation=response.generation,
        scale=response.scale or "",
        base_values=base_values,
        contributions=contributions,
        features=features,
        classes=classes,
        outputs=outputs,
    )


def _shape(array: npt.NDArray[Any] | None) -> object:
    return None if array is None else array.shape
