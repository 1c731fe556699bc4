"""What to train on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelwire_wire.training import ttypes as wire

from modelwire import _checks, _columns, _steps
from modelwire._columns import Column
from modelwire._errors import InvalidArgument
from modelwire._steps import Step, StepLike
from modelwire._tensors import to_matrix

#: The column that an array of targets becomes.
TARGET = "target"
#: The column that an array of weights becomes.
SAMPLE_WEIGHT = "sample_weight"


def request(
    model: str,
    steps: str | Step | Sequence[StepLike],
    *,
    features: Any,
    target: Any,
    names: Sequence[str] | None,
    table: Any,
    dataset: str | None,
    sample_weight: Any = None,
    targets: Any = None,
) -> wire.TrainRequest:
    """Write what `Client.train` was given; it says what each argument is.

    Raises
    ------
    InvalidArgument
        If arguments do not go together, or rows are ragged or of types that do not travel.
    """
    if target is not None and targets is not None:
        raise InvalidArgument("target= and targets= were both given; several targets are targets= alone")
    inline = targets is not None and table is None and dataset is None
    columns = _target_columns(targets) if inline else []
    written = rows(
        features=features,
        target=target,
        names=names,
        table=table,
        dataset=dataset,
        sample_weight=sample_weight,
        more=columns,
    )
    if targets is not None:
        written.targets = [column.name for column in columns] if inline else _checks.texts("targets", targets)
    written.model, written.steps = model, _steps.to_wire(steps)
    return written


def rows(
    *,
    features: Any,
    target: Any,
    names: Sequence[str] | None,
    table: Any,
    dataset: str | None,
    sample_weight: Any,
    more: Sequence[Column] = (),
) -> wire.TrainRequest:
    """Write the rows alone, and what their columns are; `more` go along with a matrix of features."""
    written = wire.TrainRequest(dataset=dataset)
    if (table is not None) + (dataset is not None) > 1:
        raise InvalidArgument("table= and dataset= were both given; the rows come from one of them")
    if table is None and dataset is None:
        columns, written.target, written.features = _inline(features, target, names)
        _add(columns, more)
        written.sample_weight = _weighed(columns, sample_weight)
        written.table = _columns.to_wire(columns)
        return written
    if table is not None:
        written.table = _columns.to_wire(_columns.to_table(table))
    written.target = _column_name("target", target)
    written.features = _column_names(features)
    written.sample_weight = _column_name(SAMPLE_WEIGHT, sample_weight)
    if names is not None:
        raise InvalidArgument("names= is for a matrix of features; write features=[names] with table= or dataset=")
    return written


def _inline(features: Any, target: Any, names: Sequence[str] | None) -> tuple[list[Column], str | None, list[str]]:
    """Columns of the rows to send, the name of the target among them, the names of the features."""
    if features is None:
        raise InvalidArgument("there are no rows; give features=, table= or dataset=")
    columns = _feature_columns(features, names)
    feature_names = [column.name for column in columns]
    if target is None:
        return columns, None, feature_names
    if isinstance(target, str):
        raise InvalidArgument(f'target="{target}" names a column; pass the rows as table=, or the targets as an array')
    if TARGET in feature_names:
        raise InvalidArgument(f'a feature is named "{TARGET}", as the column of the targets is; rename it')
    columns.append(_columns.to_column(TARGET, target))
    _columns.check_lengths(columns)
    return columns, TARGET, feature_names


def _target_columns(targets: Any) -> list[Column]:
    """Columns of several targets: a table has names, those of a matrix are numbered."""
    if _columns.is_table(targets):
        return _columns.to_table(targets)
    matrix = to_matrix(targets)
    if matrix.ndim != 2:
        raise InvalidArgument(f"targets have shape (n_samples, n_targets), got {matrix.shape}; a single one is target=")
    return [_columns.to_column(f"{TARGET}{at}", matrix[:, at]) for at in range(matrix.shape[1])]


def _add(columns: list[Column], more: Sequence[Column]) -> None:
    """Add columns of other names and as many rows."""
    there = {column.name for column in columns}
    for column in more:
        if column.name in there:
            raise InvalidArgument(f'"{column.name}" is a feature and a target; rename one of them')
    columns.extend(more)
    if more:
        _columns.check_lengths(columns)


def _weighed(columns: list[Column], sample_weight: Any) -> str | None:
    """Add the column of the weights, if there are any; its name."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, str):
        message = f'sample_weight="{sample_weight}" names a column; pass the rows as table=, or the weights as an array'
        raise InvalidArgument(message)
    if any(column.name == SAMPLE_WEIGHT for column in columns):
        raise InvalidArgument(f'a feature is named "{SAMPLE_WEIGHT}", as the column of the weights is; rename it')
    columns.append(_columns.to_column(SAMPLE_WEIGHT, sample_weight))
    _columns.check_lengths(columns)
    return SAMPLE_WEIGHT


def _feature_columns(features: Any, names: Sequence[str] | None) -> list[Column]:
    if _columns.is_table(features):
        if names is not None:
            raise InvalidArgument("names= is for features that are a matrix; a table has its own")
        return _columns.to_table(features)
    matrix = to_matrix(features)
    if matrix.ndim != 2:
        raise InvalidArgument(f"features have shape (n_samples, n_features), got {matrix.shape}")
    names = [f"x{at}" for at in range(matrix.shape[1])] if names is None else _checks.texts("names", names)
    if len(names) != matrix.shape[1]:
        raise InvalidArgument(f"there are {len(names)} names and {matrix.shape[1]} features per row")
    columns = [_columns.to_column(name, matrix[:, at]) for at, name in enumerate(names)]
    if columns:
        _columns.check_lengths(columns)
    return columns


def _column_name(what: str, name: Any) -> str | None:
    if name is None or isinstance(name, str):
        return name
    raise InvalidArgument(f"{what} is the name of a column where rows come from table= or dataset=, got {name!r}")


def _column_names(names: Any) -> list[str] | None:
    if names is None:
        return None
    try:
        return _checks.texts("features", names)
    except InvalidArgument as cause:
        cause.hint = "features= names columns where rows come from table= or dataset="
        raise
