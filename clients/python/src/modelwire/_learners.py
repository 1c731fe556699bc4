"""Models that learn batch by batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
from modelwire_wire.training import ttypes as wire

from modelwire import _columns, _steps, _training
from modelwire._steps import Step, StepLike


@dataclass(frozen=True)
class LearnedBatch:
    """What was learned from a batch.

    Attributes
    ----------
    batch : int
        Its number: 1, 2, 3, … within the learner.
    n_samples : int
        Its rows.
    loss : float or None
        Its mean loss before anything was learned from it; None while there was nothing to predict it with.
    version : int or None
        The version that was published after it.
    notes : tuple of str
        What else there is to know: columns that were passed over, a version that is not served (yet), an alias that
        stayed.
    """

    batch: int
    n_samples: int
    loss: float | None
    version: int | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Learner:
    """A model that learns batch by batch.

    Attributes
    ----------
    steps : tuple of Step
        The algorithm, and what is before it, with defaults written out.
    features, target, classes
        What it takes and learns; `classes` is None but for classification.
    publish_every, keep_versions, move_stable
        As in `Client.partial_fit`.
    batches, samples : int
        Batches that it has learned from, and rows that these had.
    recent : tuple of LearnedBatch
        The last batches, oldest first, at most 100.
    last_version : int or None
        The version that was published last.
    """

    model: str
    steps: tuple[Step, ...]
    features: tuple[str, ...]
    target: str | None
    classes: npt.NDArray[Any] | None
    seed: int
    publish_every: int
    keep_versions: int
    move_stable: bool
    batches: int
    samples: int
    recent: tuple[LearnedBatch, ...]
    last_version: int | None


def request(
    model: str,
    steps: StepLike | Sequence[StepLike] | None,
    *,
    features: Any,
    target: Any,
    names: Sequence[str] | None,
    table: Any,
    classes: Any,
) -> wire.PartialFitRequest:
    """Write what `Client.partial_fit` was given; it says what each argument is."""
    steps = [steps] if isinstance(steps, tuple) and len(steps) == 2 and isinstance(steps[1], Mapping) else steps or []
    rows = _training.request(model, steps, features=features, target=target, names=names, table=table, dataset=None)
    written = wire.PartialFitRequest(model=model, table=rows.table, target=rows.target, features=rows.features)
    written.steps = rows.steps or None
    if classes is not None:
        written.classes = _columns.to_wire([_columns.to_column("classes", classes)]).columns[0]
    return written


def learned_from_wire(learned: wire.PartialFitResponse | wire.LearnedBatch) -> LearnedBatch:
    """Read what was learned from a batch."""
    return LearnedBatch(learned.batch, learned.n_samples, learned.loss, learned.version, tuple(learned.notes or ()))


def learner_from_wire(learner: wire.Learner) -> Learner:
    """Read a learner."""
    return Learner(
        model=learner.model,
        steps=tuple(_steps.from_wire(step) for step in learner.steps or ()),
        features=tuple(learner.features or ()),
        target=learner.target,
        classes=None if learner.classes is None else _columns.from_wire(learner.classes),
        seed=learner.seed,
        publish_every=learner.publish_every,
        keep_versions=learner.keep_versions,
        move_stable=learner.move_stable,
        batches=learner.batches,
        samples=learner.samples,
        recent=tuple(learned_from_wire(each) for each in learner.recent or ()),
        last_version=learner.last_version,
    )
