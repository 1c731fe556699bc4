"""Steps of a pipeline and their hyper-parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from modelwire_wire.types import ttypes as wire

from modelwire import _checks
from modelwire._errors import InvalidArgument
from modelwire._tensors import from_tensor, to_tensor


@dataclass(frozen=True)
class Step:
    """One step of a pipeline: a transformer, or the estimator that ends it.

    Attributes
    ----------
    algorithm : str
        A name that `Client.describe` lists, for example ``"standard_scaler"``.
    parameters : mapping of str to int, float, bool, str, list of int or float, or ndarray
        What is absent has its default; so has what is None.
    columns : sequence of str, optional
        The columns that a transformer works on; the others pass through. None: all.
    """

    algorithm: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    columns: Sequence[str] | None = None


#: What `Client.train` takes as a step: a name, a name with hyper-parameters, or a `Step`.
StepLike: TypeAlias = str | tuple[str, Mapping[str, Any]] | Step
_EXAMPLE = '["standard_scaler", ("k_means", {"n_clusters": 3})]'


def to_wire(steps: str | Step | Sequence[StepLike]) -> list[wire.Step]:
    """Write a pipeline; a single step is one, too.

    Raises
    ------
    InvalidArgument
        If a step or a hyper-parameter is of no type that travels.
    """
    if isinstance(steps, str | Step):
        return [_step_to_wire(_to_step(steps))]
    if isinstance(steps, Mapping | bytes) or not isinstance(steps, Iterable):
        raise InvalidArgument(f"steps is {steps!r}; it is a list of steps, for example {_EXAMPLE}")
    return [_step_to_wire(_to_step(step)) for step in steps]


def from_wire(step: wire.Step) -> Step:
    """Read a step."""
    columns = None if step.columns is None else tuple(step.columns)
    return Step(step.algorithm, {each.name: value_of(each) for each in step.parameters or ()}, columns)


def value_of(sent: wire.Parameter | None) -> Any:
    """Return the one value of a hyper-parameter that is set; None if none is."""
    if sent is None:
        return None
    scalars = (sent.integer, sent.number, sent.flag, sent.text)
    return next((value for value in scalars if value is not None), _listed(from_tensor(sent.tensor)))


def _listed(tensor: npt.NDArray[Any] | None) -> Any:
    """Return a list of numbers as a list; what else there is as it is."""
    return tensor.tolist() if tensor is not None and tensor.ndim == 1 and tensor.dtype.kind in "if" else tensor


def _to_step(step: StepLike) -> Step:
    if isinstance(step, Step):
        return step
    if isinstance(step, str) and "," in step:
        names = [name.strip() for name in step.split(",")]
        raise InvalidArgument(f"{step!r} names several steps; pass them as a list: {names}")
    if isinstance(step, str):
        return Step(step)
    if isinstance(step, tuple) and len(step) == 2 and isinstance(step[0], str) and isinstance(step[1], Mapping):
        return Step(*step)
    raise InvalidArgument(
        f"{step!r} is no step; it is a name, (name, {{parameters}}) or Step(name, parameters, columns)"
    )


def _step_to_wire(step: Step) -> wire.Step:
    if not isinstance(step.parameters, Mapping):
        raise InvalidArgument(
            f"the parameters of {step.algorithm} are {step.parameters!r}; they are a mapping of names to values"
        )
    given = {name: value for name, value in step.parameters.items() if value is not None}
    return wire.Step(
        algorithm=step.algorithm,
        parameters=[parameter(step.algorithm, name, value) for name, value in given.items()],
        columns=None if step.columns is None else _checks.texts(f"columns of {step.algorithm}", step.columns),
    )


def _is_tensor(value: Any) -> bool:
    if not isinstance(value, np.ndarray) or np.ma.is_masked(value):
        return False
    return value.dtype.kind in "fi" and value.itemsize in (4, 8)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and -(2**63) <= int(value) < 2**63


def _is_number(value: Any) -> bool:
    return _is_integer(value) or isinstance(value, float | np.floating)


def parameter(algorithm: str, name: str, value: Any) -> wire.Parameter:
    """Write a hyper-parameter.

    Raises
    ------
    InvalidArgument
        If its value is of no type that travels.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return wire.Parameter(name=name, flag=value)
    if _is_integer(value):
        return wire.Parameter(name=name, integer=value)
    if isinstance(value, float):
        return wire.Parameter(name=name, number=value)
    if isinstance(value, str):
        return wire.Parameter(name=name, text=value)
    if isinstance(value, list | tuple) and all(_is_integer(each) for each in value):
        return wire.Parameter(name=name, tensor=to_tensor(np.array(value, dtype=np.int64)))
    if isinstance(value, list | tuple) and all(_is_number(each) for each in value):
        return wire.Parameter(name=name, tensor=to_tensor(np.array(value, dtype=np.float64)))
    if _is_tensor(value):
        return wire.Parameter(name=name, tensor=to_tensor(value))
    raise InvalidArgument(
        f'parameter "{name}" of {algorithm} is {value!r}; it is a whole number of 64 bits, a number, a truth value, '
        "text, a list of numbers or an array of them, none of them masked"
    )
