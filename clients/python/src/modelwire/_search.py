"""The search for hyper-parameters, and its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from modelwire_wire.search import ttypes as wire
from modelwire_wire.training import ttypes as training_wire

from modelwire import _columns, _steps, _training
from modelwire._errors import InvalidArgument
from modelwire._steps import Step, StepLike

#: The column that an array of groups becomes.
GROUP = "group"


@dataclass(frozen=True)
class Range:
    """Values to draw one hyper-parameter from; the server draws them.

    Attributes
    ----------
    low, high : float
        The lowest and the highest value; of integers both are drawn.
    distribution : {"uniform", "log_uniform", "integers"}
        Numbers that are as likely as any other; those whose logarithms are; or whole numbers.
    """

    low: float
    high: float
    distribution: Literal["uniform", "log_uniform", "integers"] = "uniform"


@dataclass(frozen=True)
class CrossValidation:
    """How rows are parted into those to learn from and those to measure on: the folds of scikit-learn.

    Attributes
    ----------
    kind : {"k_fold", "stratified_k_fold", "group_k_fold", "time_series_split"}, optional
        By groups if there are some, stratified for a classifier, else k_fold, if not given.
    n_splits : int, optional
        How many folds; 5 if not given.
    shuffle : bool
        Deal out rows (or groups) by chance, by the seed.
    gap, max_train_size, test_size : int, optional
        Of a time_series_split, as scikit-learn names them.
    """

    kind: str | None = None
    n_splits: int | None = None
    shuffle: bool = False
    gap: int | None = None
    max_train_size: int | None = None
    test_size: int | None = None


@dataclass(frozen=True)
class Candidate:
    """How a candidate did: a row of the table. One that could not be fitted has an error and no scores.

    Attributes
    ----------
    number : int
        From 1, in the order in which candidates were made.
    rank : int
        1 is the best one; equal scores have equal ranks.
    parameters : mapping of str to value
        What it tries, named as `Client.search` was told: ``"alpha"`` or ``"pca__n_components"``.
    mean_test_score, std_test_score : float
        Mean and standard deviation over the folds; None if it failed.
    split_test_scores : list of float
        The score on each fold.
    mean_fit_time : float
        Seconds that a fit took; the mean over the folds.
    error : str
        Why it has no scores.
    iteration, n_resources : int
        Of a halving, from 0; and of how many rows its folds were made.
    """

    number: int
    rank: int
    parameters: Mapping[str, Any]
    mean_test_score: float | None
    std_test_score: float | None
    split_test_scores: list[float]
    mean_fit_time: float
    error: str | None
    iteration: int
    n_resources: int


@dataclass(frozen=True)
class SearchResult:
    """What `Client.search_result` answers.

    Attributes
    ----------
    candidates : list of Candidate
        Best first; those that failed last.
    scoring : str
        What they are ranked by.
    n_splits : int
        How many folds there were.
    best_steps : list of Step
        The steps with the values of the best candidate, as `Client.train` takes them; None if all failed.
    """

    candidates: list[Candidate]
    scoring: str
    n_splits: int
    best_steps: list[Step] | None

    @property
    def best(self) -> Candidate:
        """The best candidate."""
        return self.candidates[0]


def request(
    model: str,
    steps: str | Step | Sequence[StepLike],
    parameters: Mapping[Any, Any],
    *,
    cv: int | CrossValidation | None,
    groups: Any,
    **rows: Any,
) -> wire.SearchRequest:
    """Write what `Client.search` was given; it says what each argument is.

    Raises
    ------
    InvalidArgument
        If arguments do not go together, or rows are ragged or of types that do not travel.
    """
    written = _training.request(model, steps, **rows)
    folds = cv if isinstance(cv, CrossValidation) else CrossValidation(n_splits=cv)
    return wire.SearchRequest(
        model=model,
        steps=written.steps,
        table=written.table,
        dataset=written.dataset,
        target=written.target,
        targets=written.targets,
        features=written.features,
        sample_weight=written.sample_weight,
        parameters=_parameters(parameters),
        cross_validation=wire.CrossValidation(
            kind=folds.kind,
            n_splits=folds.n_splits,
            shuffle=folds.shuffle,
            group=_grouped(written, groups, by_name=rows["table"] is not None or rows["dataset"] is not None),
            gap=folds.gap,
            max_train_size=folds.max_train_size,
            test_size=folds.test_size,
        ),
    )


def from_wire(pages: Sequence[wire.GetSearchResultResponse]) -> SearchResult:
    """Read the table, which may come in several pages."""
    response = pages[0]
    steps = response.best_steps
    candidates = [candidate for page in pages for candidate in page.candidates or ()]
    # Named after their step as soon as candidates have parameters of several steps, as scikit-learn names them.
    several = len({each.step for candidate in candidates[:1] for each in candidate.parameters or ()}) > 1
    return SearchResult(
        [_candidate(each, several=several) for each in candidates],
        response.scoring or "",
        response.n_splits or 0,
        None if steps is None else [_steps.from_wire(step) for step in steps],
    )


def _candidate(sent: wire.SearchCandidate, *, several: bool) -> Candidate:
    def name(each: wire.CandidateParameter) -> str:
        return f"{each.algorithm}__{each.parameter.name}" if several else each.parameter.name

    return Candidate(
        number=sent.number or 0,
        rank=sent.rank or 0,
        parameters={name(each): _steps.value_of(each.parameter) for each in sent.parameters or ()},
        mean_test_score=sent.mean_test_score,
        std_test_score=sent.std_test_score,
        split_test_scores=sent.split_test_scores or [],
        mean_fit_time=sent.mean_fit_seconds or 0.0,
        error=sent.error,
        iteration=sent.iteration or 0,
        n_resources=sent.n_resources or 0,
    )


def _parameters(parameters: Mapping[Any, Any]) -> list[wire.SearchedParameter]:
    if not isinstance(parameters, Mapping):
        raise InvalidArgument(f'parameters is {parameters!r}; it maps names to values, such as {{"alpha": [0.1, 1.0]}}')
    return [_parameter(key, values) for key, values in parameters.items()]


def _parameter(key: str | tuple[int, str], values: Any) -> wire.SearchedParameter:
    written = wire.SearchedParameter()
    if isinstance(key, tuple) and len(key) == 2:
        written.step, written.name = key
    elif isinstance(key, str) and "__" in key:
        written.algorithm, written.name = key.split("__", 1)
    elif isinstance(key, str):
        written.name = key
    else:
        raise InvalidArgument(f'{key!r} names no parameter; write "alpha", "ridge__alpha" or (1, "alpha")')
    if isinstance(values, Range):
        written.distribution, written.low, written.high = values.distribution, values.low, values.high
    elif isinstance(values, list | tuple | np.ndarray | range):
        written.values = [_steps.parameter("a search", written.name, value) for value in values]
    else:
        raise InvalidArgument(f'the values of "{written.name}" are {values!r}; they are a list or a Range(low, high)')
    return written


def _grouped(written: training_wire.TrainRequest, groups: Any, *, by_name: bool) -> str | None:
    """Add the column of the groups, if they came as an array; its name."""
    if groups is None or (by_name and isinstance(groups, str)):
        return groups
    if by_name:
        raise InvalidArgument(f"groups is the name of a column where rows come from table= or dataset=, got {groups!r}")
    if isinstance(groups, str):
        raise InvalidArgument(f'groups="{groups}" names a column; pass the rows as table=, or the groups as an array')
    if any(column.name == GROUP for column in written.table.columns):
        raise InvalidArgument(f'a feature is named "{GROUP}", as the column of the groups is; rename it')
    written.table.columns.extend(_columns.to_wire([_columns.to_column(GROUP, groups)]).columns)
    return GROUP
