"""Models, their versions and aliases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

import numpy.typing as npt
from modelwire_wire.models import ttypes as wire

from modelwire import _columns, _steps
from modelwire._columns import ColumnSchema
from modelwire._steps import Step
from modelwire._times import moment

#: What gives way where there is no room for a version: nothing, or other versions of its model that no alias names.
Replacement: TypeAlias = Literal["swap", "drop_first"]


@dataclass(frozen=True)
class Alias:
    """A name for a version; `generation` counts how often it has been set, from 1."""

    name: str
    version: int
    generation: int


@dataclass(frozen=True)
class ModelSummary:
    """A model with its versions, ascending, and its aliases, by name.

    `states` has one of "loaded", "loading", "unloaded" and "damaged" for each version.
    """

    name: str
    versions: tuple[int, ...]
    aliases: tuple[Alias, ...]
    states: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ModelSchema:
    """What a version takes and was taught.

    `target` is None where nothing is predicted, `classes` but for classification. `outputs` names the columns that a
    transformer answers, and is None where an estimator is the last step.
    """

    features: tuple[ColumnSchema, ...]
    target: ColumnSchema | None
    classes: npt.NDArray[Any] | None
    outputs: tuple[str, ...] | None = None


@dataclass(frozen=True, eq=False)
class ModelVersion:
    """A version of a model, which never changes; only `aliases` and `state` do.

    Attributes
    ----------
    kind : str
        Of the last step: ``"regressor"``, ``"classifier"``, ``"clusterer"``, ``"outlier_detector"`` or
        ``"transformer"``.
    metrics : dict of str to float
        r2 and rmse, or accuracy and log_loss: on rows that were held out, by a second model that has not seen them;
        absent where there were none. After ``training_`` on rows that it was trained on. Of a clusterer: inertia;
        of a mixture log_likelihood, on held-out rows as well.
    n_samples : int
        Rows that it was trained on; `data_sha256` is their hash, `dataset` the stored data set that they are from.
    sha256, size_bytes
        Of its file.
    state : str or None
        ``"loaded"``, ``"loading"`` or ``"unloaded"``.
    """

    name: str
    version: int
    kind: str
    steps: tuple[Step, ...]
    schema: ModelSchema
    metrics: dict[str, float]
    n_samples: int
    seed: int
    job_id: str | None
    dataset: str | None
    data_sha256: str | None
    sha256: str | None
    size_bytes: int | None
    created: datetime | None
    aliases: tuple[str, ...]
    state: str | None = None


def version_from_wire(version: wire.ModelVersion) -> ModelVersion:
    """Read a version."""
    return ModelVersion(
        name=version.name,
        version=version.version,
        kind=version.kind,
        steps=tuple(_steps.from_wire(step) for step in version.steps or ()),
        schema=_schema(version.schema or wire.ModelSchema()),
        metrics=dict(version.metrics or {}),
        n_samples=version.n_samples,
        seed=version.seed,
        job_id=version.job_id,
        dataset=version.dataset,
        data_sha256=version.data_sha256,
        sha256=version.sha256,
        size_bytes=version.size_bytes,
        created=moment(version.created_ms),
        aliases=tuple(version.aliases or ()),
        state=version.state,
    )


def summary_from_wire(summary: wire.ModelSummary) -> ModelSummary:
    """Read a model."""
    aliases = tuple(Alias(it.name, it.version, it.generation) for it in summary.aliases or ())
    return ModelSummary(summary.name, tuple(summary.versions or ()), aliases, tuple(summary.states or ()))


def alias_from_wire(alias: wire.Alias | None) -> Alias | None:
    """Read an alias; None if it was removed."""
    return None if alias is None else Alias(alias.name, alias.version, alias.generation)


def _schema(schema: wire.ModelSchema) -> ModelSchema:
    target = _columns.schemas_from_wire([schema.target] if schema.target is not None else [])
    return ModelSchema(
        features=_columns.schemas_from_wire(schema.features),
        target=target[0] if target else None,
        classes=_columns.from_wire(schema.classes),
        outputs=None if schema.outputs is None else tuple(schema.outputs),
    )
