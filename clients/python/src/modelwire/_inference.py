"""Rows to predict, and predictions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from modelwire_wire.inference import ttypes as wire

from modelwire import _columns, _errors
from modelwire._errors import InvalidArgument, ModelwireError, ProtocolError
from modelwire._rows import Rows
from modelwire._tensors import from_tensor


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
        Classification: each row sums to 1; columns as in `classes`. Clustering by a mixture, of shape
        (n, n_components): what a row belongs to each component by.
    classes : ndarray of shape (n_classes,)
        Classification: the labels in ascending order.
    clusters : ndarray of shape (n,)
        Clustering: int64, the nearest centre, or the component that a row belongs to most, from 0.
    distances : ndarray of shape (n, n_clusters)
        Clustering around centres: Euclidean distance to each centre, in the unit of the model's last step.
    transformed : ndarray of shape (n, n_outputs)
        Transformation, and regression of several targets: the columns that the model's schema names as its `outputs`.
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
    transformed: npt.NDArray[Any] | None = None


def request(model: str, rows: Rows) -> wire.PredictRequest:
    """Write rows for a model."""
    return wire.PredictRequest(model=model, **rows.wire())


def many_request(requests: Iterable[tuple[str, Any]]) -> wire.PredictManyRequest:
    """Write several requests, each a model and its rows.

    Raises
    ------
    InvalidArgument
        If one is no such pair, or its rows are neither a matrix nor a table; it names the request.
    """
    return wire.PredictManyRequest(items=[_item(at, each) for at, each in enumerate(requests)])


def _item(at: int, each: Any) -> wire.PredictItem:
    if not isinstance(each, tuple | list) or len(each) != 2:
        raise InvalidArgument(f"request {at} is {each!r}; it is a model and its rows", executed=False)
    model, rows = each
    try:
        return wire.PredictItem(model=model, **Rows.of(rows).wire())
    except InvalidArgument as error:
        error.message = f"request {at}: {error.message}"
        raise


def many_from_wire(response: wire.PredictManyResponse, asked: int) -> list[Prediction | ModelwireError]:
    """Read the outcomes of so many requests.

    Raises
    ------
    ProtocolError
        If they are not as many, or one is neither an answer nor an error.
    """
    outcomes = response.outcomes or []
    if len(outcomes) != asked:
        raise ProtocolError(f"{len(outcomes)} outcomes came for {asked} requests")
    return [_outcome(outcome) for outcome in outcomes]


def _outcome(outcome: wire.PredictOutcome) -> Prediction | ModelwireError:
    if (outcome.response is None) == (outcome.error is None):
        raise ProtocolError("an outcome is not either an answer or an error")
    return from_wire(outcome.response) if outcome.error is None else _errors.from_wire(outcome.error)


def answer_bytes(prediction: Prediction) -> int:
    """Return what the answer to one row takes on its way, as that to another row shows it."""
    if prediction.classes is not None:
        is_text = prediction.classes.dtype == object
        longest = max((4 + len(text.encode()) for text in prediction.classes), default=8) if is_text else 8
        return int(longest) + 8 * len(prediction.classes)
    if prediction.transformed is not None:
        return 8 * int(prediction.transformed.shape[1])
    numbers = prediction.probabilities if prediction.distances is None else prediction.distances
    return 8 if numbers is None else 8 + 8 * int(numbers.shape[1])


def joined(answers: Sequence[Prediction]) -> Prediction:
    """Put answers of one version together, in their order; who answered is what the first one says."""
    return replace(
        answers[0],
        values=_concatenated([answer.values for answer in answers]),
        labels=_concatenated([answer.labels for answer in answers]),
        probabilities=_concatenated([answer.probabilities for answer in answers]),
        clusters=_concatenated([answer.clusters for answer in answers]),
        distances=_concatenated([answer.distances for answer in answers]),
        transformed=_concatenated([answer.transformed for answer in answers]),
    )


def _concatenated(arrays: Sequence[npt.NDArray[Any] | None]) -> npt.NDArray[Any] | None:
    present = [array for array in arrays if array is not None]
    if not present:
        return None
    whole = np.concatenate(present)
    whole.flags.writeable = False
    return whole


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
        transformed=from_tensor(response.transformed),
    )
