"""How much the answers of a model rest on its columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from modelwire_wire.training import ttypes as wire

from modelwire._errors import ProtocolError
from modelwire._tensors import from_tensor


@dataclass(frozen=True, eq=False)
class PermutationImportance:
    """What came of `Client.permutation_importance`.

    Attributes
    ----------
    model, version, generation
        Which version answered; `generation` says how often the alias that was asked for has been set.
    n_samples : int
        How many rows count: all whose weight is above 0.
    scoring : str
        The name of the score: greater is better.
    baseline : float
        The score of the rows as they are; of a negated error 0 or less.
    features : tuple of str
        The columns that the model takes.
    importances_mean, importances_std : ndarray of shape (n_features,)
        Mean and standard deviation of each row of `importances`.
    importances : ndarray of shape (n_features, n_repeats)
        By how much the score falls once the column is shuffled; below 0 it rises.
    """

    model: str
    version: int
    generation: int | None
    n_samples: int
    scoring: str
    baseline: float
    features: tuple[str, ...]
    importances_mean: npt.NDArray[np.float64]
    importances_std: npt.NDArray[np.float64]
    importances: npt.NDArray[np.float64]


def request(
    rows: wire.EvaluateRequest, *, scoring: str | None, n_repeats: int | None, seed: int | None
) -> wire.PermutationImportanceRequest:
    """Write what is asked of rows that are written as those to evaluate on."""
    return wire.PermutationImportanceRequest(
        model=rows.model,
        table=rows.table,
        dataset=rows.dataset,
        target=rows.target,
        sample_weight=rows.sample_weight,
        scoring=scoring,
        n_repeats=n_repeats,
        seed=seed,
    )


def from_wire(response: wire.PermutationImportanceResponse) -> PermutationImportance:
    """Read what came of it."""
    features = tuple(response.features or ())
    importances = from_tensor(response.importances)
    mean, deviation = from_tensor(response.importances_mean), from_tensor(response.importances_std)
    if importances is None or mean is None or deviation is None:
        raise ProtocolError("importances came without numbers")
    if not len(features) == len(importances) == len(mean) == len(deviation):
        raise ProtocolError(f"{len(importances)} importances came with {len(features)} names")
    return PermutationImportance(
        model=response.model,
        version=response.version,
        generation=response.generation,
        n_samples=response.n_samples or 0,
        scoring=response.scoring,
        baseline=response.baseline,
        features=features,
        importances_mean=mean,
        importances_std=deviation,
        importances=importances,
    )
