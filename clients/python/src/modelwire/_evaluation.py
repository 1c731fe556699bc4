"""What a model is worth on rows that a caller brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
from modelwire_wire.training import ttypes as wire

from modelwire import _columns, _training
from modelwire._tensors import from_tensor


@dataclass(frozen=True)
class ClassMetrics:
    """How well one class is told from the others.

    Attributes
    ----------
    label
        The class, of the type of the targets.
    precision
        Of the rows that were answered with the class, the share that is of it; None if there are none.
    recall
        Of the rows of the class, the share that was answered with it; None if there are none.
    f1
        The harmonic mean of both.
    support
        The weight of the rows of the class; without weights how many there are.
    """

    label: Any
    precision: float | None
    recall: float | None
    f1: float
    support: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What came of `Client.evaluate`; what a model has not is None.

    Attributes
    ----------
    model, version, generation
        Which version answered; `generation` says how often the alias that was asked for has been set.
    n_samples : int
        How many rows count: all whose weight is above 0.
    metrics : mapping of str to float
        Metrics by name, with scikit-learn's values; what is not defined for these rows is not there.
    classes : list of ClassMetrics
        Classification: each class that rows are of, or were answered with, in ascending order.
    labels : ndarray of shape (n_classes,)
        Classification: these classes.
    confusion : ndarray of shape (n_classes, n_classes)
        Classification: float64, the weight of rows by their class (rows) and by what was answered (columns).
    silhouette_samples : int
        Clustering: of how many rows the silhouette is; of many it takes some by chance.
    """

    model: str
    version: int
    generation: int | None
    n_samples: int
    metrics: Mapping[str, float]
    classes: list[ClassMetrics] | None
    labels: npt.NDArray[Any] | None
    confusion: npt.NDArray[Any] | None
    silhouette_samples: int | None


def request(
    model: str,
    features: Any,
    target: Any,
    *,
    names: Sequence[str] | None,
    table: Any,
    dataset: str | None,
    sample_weight: Any,
) -> wire.EvaluateRequest:
    """Write what `Client.evaluate` was given; it says what each argument is.

    Raises
    ------
    InvalidArgument
        If arguments do not go together, or rows are ragged or of types that do not travel.
    """
    rows = _training.rows(
        features=features, target=target, names=names, table=table, dataset=dataset, sample_weight=sample_weight
    )
    return wire.EvaluateRequest(
        model=model, table=rows.table, dataset=rows.dataset, target=rows.target, sample_weight=rows.sample_weight
    )


def from_wire(response: wire.EvaluateResponse) -> Evaluation:
    """Read what came of it."""
    labels = _columns.from_wire(response.labels)
    classes = None if labels is None else list(zip(labels.tolist(), response.classes or [], strict=False))
    return Evaluation(
        model=response.model,
        version=response.version,
        generation=response.generation,
        n_samples=response.n_samples or 0,
        metrics=response.metrics or {},
        classes=None if classes is None else [_class(label, each) for label, each in classes],
        labels=labels,
        confusion=from_tensor(response.confusion),
        silhouette_samples=response.silhouette_samples,
    )


def _class(label: Any, sent: wire.ClassMetrics) -> ClassMetrics:
    return ClassMetrics(label, sent.precision, sent.recall, sent.f1 or 0.0, sent.support or 0.0)
