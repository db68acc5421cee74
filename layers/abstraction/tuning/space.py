"""The parameters that a tuning may change, and how far: as declared, or as the algorithm advises."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import msgspec

from minerva.algorithm import Algorithm
from minerva.errors import Fault, InvalidConfiguration
from minerva.layers.abstraction.plugins.parameters import read_parameters
from minerva.layers.abstraction.problems.problem import Problem
from minerva.layers.abstraction.services.declaration import (
    Dimension,
    ServiceDeclaration,
    TuningDeclaration,
)
from minerva.layers.abstraction.services.tuning import wrong
from minerva.spelling import hint

GOLDEN = 0.3819660112501051
"""Where a range is probed inside: no whole number, whatever whole numbers its ends are."""
OF_ANOTHER_TYPE = "got 'float'"
"""How the converter ends what it says of a number that no bound would make right."""


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included."""

    low: float
    high: float
    whole: bool
    log: bool = False

    def holds(self, value: Any) -> bool:
        """Tell whether a value lies within."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.low <= value <= self.high and (not self.whole or float(value).is_integer())

    @property
    def options(self) -> Sequence[Any] | None:
        """Every value there is, None if they cannot be listed."""
        return range(int(self.low), int(self.high) + 1) if self.whole else None


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    values: tuple[Any, ...]

    def holds(self, value: Any) -> bool:
        """Tell whether it is one of them; True is not 1."""
        return any(type(one) is type(value) and one == value for one in self.values)

    @property
    def options(self) -> Sequence[Any] | None:
        """Every value there is."""
        return self.values


Space = Mapping[str, Range | Choice]


def space_of(algorithm: Algorithm, declaration: ServiceDeclaration) -> Space:
    """Return the declared space, else the algorithm's own.

    Raises InvalidConfiguration if there is neither, or it does not fit the algorithm's parameters;
    faults have JSON pointers.
    """
    tuning = declaration.tuning or TuningDeclaration()
    if not algorithm.needs_data:
        raise InvalidConfiguration(
            f"Algorithm {algorithm.name} learns nothing from data: there is nothing to tune."
        )
    if tuning.space is None and not algorithm.search_space:
        raise InvalidConfiguration(
            f"Algorithm {algorithm.name} names no parameters to tune: declare `tuning: {{space: …}}` "
            f"in the file of service {declaration.service!r}.",
            faults=[Fault("/tuning/space", "is missing")],
        )
    declared = _advised(algorithm) if tuning.space is None else tuning.space
    return _fitting(algorithm, declaration.parameters, declared)


def own_space(algorithm: Algorithm, parameters: dict[str, Any]) -> Space:
    """Return what the algorithm itself names; nothing, if it does not.

    Raises InvalidConfiguration if that does not fit its own parameters.
    """
    return _fitting(algorithm, parameters, _advised(algorithm))


def ends(space: Space) -> Sequence[dict[str, Any]]:
    """Return the parameters at both ends of a space."""
    both = [
        (one.low, one.high) if isinstance(one, Range) else (one.values[0], one.values[-1])
        for one in space.values()
    ]
    return [dict(zip(space, (end[at] for end in both), strict=True)) for at in (0, 1)]


def _fitting(
    algorithm: Algorithm, parameters: dict[str, Any], declared: Mapping[str, Dimension]
) -> Space:
    faults: list[Fault] = []
    space = {}
    for name, dimension in declared.items():
        misfits = list(_misfits(algorithm, parameters, name, dimension))
        faults.extend(misfits)
        if not misfits:
            space[name] = _resolved(algorithm, parameters, name, dimension)
    if faults:
        raise InvalidConfiguration(
            f"The search space does not fit algorithm {algorithm.name}.", faults=faults
        )
    return space


def check_tuning(algorithm: Algorithm, declaration: ServiceDeclaration, problem: Problem) -> None:
    """Raise InvalidConfiguration if `tuning:` is declared and cannot be done."""
    if declaration.tuning is None:
        return
    space_of(algorithm, declaration)
    metric_of(declaration, problem)


def metric_of(declaration: ServiceDeclaration, problem: Problem) -> str:
    """Return the metric that trials are compared by. Raises InvalidConfiguration."""
    tuning = declaration.tuning or TuningDeclaration()
    gate = declaration.training.gate
    if tuning.metric is None:
        return gate.metric if gate is not None and gate.metric is not None else problem.metrics[0]
    problem.check_metric(tuning.metric, "/tuning/metric")
    return tuning.metric


def size(space: Space) -> float:
    """Return how many different parameters there are; infinity for a range of numbers."""
    counts = (one.options for one in space.values())
    return math.prod(math.inf if options is None else len(options) for options in counts)


def everything(space: Space) -> Iterator[dict[str, Any]]:
    """Yield all there is of a space that is finite."""
    options = [one.options or () for one in space.values()]
    return (dict(zip(space, values, strict=True)) for values in product(*options))


def present(algorithm: Algorithm, declared: dict[str, Any], space: Space) -> dict[str, Any]:
    """Return the parameters of the space as they are now: declared, or the algorithm's defaults."""
    parameters = read_parameters(algorithm, declared)
    return {name: msgspec.to_builtins(getattr(parameters, name)) for name in space}


def inside(space: Space, parameters: Mapping[str, Any]) -> bool:
    """Tell whether parameters could be chosen from the space."""
    return all(name in parameters and one.holds(parameters[name]) for name, one in space.items())


def _advised(algorithm: Algorithm) -> dict[str, Dimension]:
    try:
        return msgspec.convert(dict(algorithm.search_space), dict[str, Dimension])
    except msgspec.ValidationError as error:
        raise InvalidConfiguration(
            f"The search space of algorithm {algorithm.name} cannot be read: {error}."
        ) from error


def _misfits(
    algorithm: Algorithm, declared: dict[str, Any], name: str, one: Dimension
) -> Iterator[Fault]:
    where = f"/tuning/space/{name}"
    nonsense = next(wrong(one), None)
    if nonsense is not None:
        yield Fault(where, nonsense)
        return
    known = algorithm.Parameters.__struct_fields__
    if name not in known:
        yield Fault(where, f"no parameter of {algorithm.name}; {hint(name, known)}")
        return
    for step, value in _probes(algorithm, declared, name, one):
        refusal = _refusal(algorithm, declared, name, value)
        if refusal is not None:
            yield Fault(f"{where}{step}", refusal)


def _probes(
    algorithm: Algorithm, declared: dict[str, Any], name: str, one: Dimension
) -> Iterator[tuple[str, Any]]:
    """Yield what the parameter must take: each value, or both ends and something in between."""
    if one.values is not None:
        yield from ((f"/values/{index}", value) for index, value in enumerate(one.values))
        return
    resolved = _resolved(algorithm, declared, name, one)
    if isinstance(resolved, Range):
        yield "/low", resolved.low
        yield "/high", resolved.high
        if not resolved.whole:
            yield "", _between(resolved.low, resolved.high)


def _resolved(
    algorithm: Algorithm, declared: dict[str, Any], name: str, one: Dimension
) -> Range | Choice:
    if one.values is not None:
        return Choice(one.values)
    if one.low is None or one.high is None:
        raise InvalidConfiguration(
            f"The search space of algorithm {algorithm.name} is incomplete: {name} needs low and high."
        )
    whole = one.type == "integer" or (
        one.type is None and _refuses_fractions(algorithm, declared, name, one.low, one.high)
    )
    kind = int if whole else float
    return Range(kind(one.low), kind(one.high), whole, one.log)


def _refuses_fractions(
    algorithm: Algorithm, declared: dict[str, Any], name: str, low: float, high: float
) -> bool:
    """Whether the ends are whole and the parameter's type, not its bounds, refuses what is between."""
    if not (float(low).is_integer() and float(high).is_integer()):
        return False
    refusal = _refusal(algorithm, declared, name, _between(low, high))
    return refusal is not None and refusal.endswith(OF_ANOTHER_TYPE)


def _between(low: float, high: float) -> float:
    return low + (high - low) * GOLDEN


def _refusal(algorithm: Algorithm, declared: dict[str, Any], name: str, value: Any) -> str | None:
    """Return why the parameter does not take a value; None also if only another parameter is at fault."""
    try:
        read_parameters(algorithm, {**declared, name: value})
    except InvalidConfiguration as error:
        own = f"/parameters/{name}"
        return next((fault.message for fault in error.faults if fault.where == own), None)
    return None
