"""Rows to predict, and predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
from modelwire_wire.inference import ttypes as wire

from modelwire import _columns
from modelwire._tensors import from_tensor, to_matrix, to_tensor


@dataclass(frozen=True, eq=False)
class Prediction:
    """Predictions for n rows, in their order; what a model has not is None. The arrays are read-only views.

    Attributes
    ----------
    model, version, generation
        Which version answered; `generation` says how often the alias that was asked for has been set.
    values : ndarray of shape (n,)
        Regression: float64, in the unit of the targets.
    labels : ndarray of shape (n,)
        Classification: the most probable class of each row, of the type of the targets; text as objects.
    probabilities : ndarray of shape (n, n_classes)
        Classification: each row sums to 1; columns as in `classes`.
    classes : ndarray of shape (n_classes,)
        Classification: the labels in ascending order.
    clusters : ndarray of shape (n,)
        Clustering: int64, the nearest centre, from 0.
    distances : ndarray of shape (n, n_clusters)
        Clustering: Euclidean distance to each centre, in the unit of the model's last step.
    """

    model: str
    version: int
    generation: int | None
    values: npt.NDArray[Any] | None
    labels: npt.NDArray[Any] | None
    probabilities: npt.NDArray[Any] | None
    classes: npt.NDArray[Any] | None
    clusters: npt.NDArray[Any] | None
    distances: npt.NDArray[Any] | None


def request(model: str, rows: Any) -> wire.PredictRequest:
    """Write rows for a model: a table by name or a matrix by position.

    Raises
    ------
    InvalidArgument
        If they are neither, or ragged.
    """
    if _columns.is_table(rows):
        return wire.PredictRequest(model=model, table=_columns.to_wire(_columns.to_table(rows)))
    return wire.PredictRequest(model=model, matrix=to_tensor(to_matrix(rows)))


def from_wire(response: wire.PredictResponse) -> Prediction:
    """Read predictions."""
    return Prediction(
        model=response.model,
        version=response.version,
        generation=response.generation,
        values=from_tensor(response.values),
        labels=_columns.from_wire(response.labels),
        probabilities=from_tensor(response.probabilities),
        classes=_columns.from_wire(response.classes),
        clusters=from_tensor(response.clusters),
        distances=from_tensor(response.distances),
    )
