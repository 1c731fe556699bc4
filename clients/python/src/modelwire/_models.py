"""Models, their versions and aliases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from modelwire_wire.models import ttypes as wire

from modelwire import _columns, _steps, _tensors
from modelwire._columns import ColumnSchema
from modelwire._errors import ProtocolError
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

    `target` is None where nothing is predicted, or several columns: these are `targets`, which is empty elsewhere.
    `classes` is None but for classification. `outputs` names the columns that a transformer, or a model of several
    targets, answers as `transformed`, of shape (n, len(outputs)); it is None where others answer.
    """

    features: tuple[ColumnSchema, ...]
    target: ColumnSchema | None
    classes: npt.NDArray[Any] | None
    outputs: tuple[str, ...] | None = None
    targets: tuple[ColumnSchema, ...] = ()


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
        absent where there were none. After ``training_`` on rows that it was trained on. Of a clusterer: inertia, or
        n_clusters and noise, which is the share of rows in no cluster; of a mixture log_likelihood, on held-out rows as
        well.
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


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """What a transductive model made of the rows that it was trained on, in their order.

    Attributes
    ----------
    model, version
        What was read.
    labels : array of shape (n,), or None
        The cluster of each row, from 0; -1 is a row in no cluster.
    embedding : array of shape (n, n_components), or None
        Where each row is put.
    """

    model: str
    version: int
    labels: npt.NDArray[np.int64] | None
    embedding: npt.NDArray[np.float64] | None

    def __len__(self) -> int:
        rows = self.embedding if self.labels is None else self.labels
        return 0 if rows is None else len(rows)


def training_result_from_wire(response: wire.GetTrainingResultResponse) -> TrainingResult:
    """Read a page of a result."""
    labels, embedding = _tensors.from_tensor(response.labels), _tensors.from_tensor(response.embedding)
    if (labels is None) == (embedding is None):
        raise ProtocolError("a training result came with neither labels nor an embedding, or with both")
    return TrainingResult(response.model, response.version, labels, embedding)


def joined(pages: list[TrainingResult]) -> TrainingResult:
    """Join the pages of one result."""
    if len(pages) == 1:
        return pages[0]
    first = pages[0]
    labels = [page.labels for page in pages if page.labels is not None]
    embeddings = [page.embedding for page in pages if page.embedding is not None]
    if labels and embeddings:
        raise ProtocolError("a training result came with labels and an embedding")
    return TrainingResult(
        first.model,
        first.version,
        np.concatenate(labels) if labels else None,
        np.concatenate(embeddings) if embeddings else None,
    )


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
        targets=_columns.schemas_from_wire(schema.targets or []),
    )
