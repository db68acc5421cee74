"""Reading `tuning:` of a service file: what can be known without the algorithm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from minerva.errors import Fault
from minerva.layers.abstraction.services.declaration import Dimension, TuningDeclaration

SPACE = "/tuning/space"
Part = Callable[..., Any]
"""Converts one member of a mapping, and adds faults for what does not fit."""


def read_tuning(
    value: Mapping[Any, Any], part: Part, faults: list[Fault]
) -> TuningDeclaration | None:
    """Return what is declared, None if nothing is; every mistake becomes a fault with its pointer."""
    declared = value.get("tuning")
    space = declared.get("space") if isinstance(declared, Mapping) else None
    if isinstance(space, Mapping):  # one by one: the converter does not say which parameter it was
        before = len(faults)
        dimensions = {name: _dimension(space, name, part, faults) for name in space}
        for name, dimension in dimensions.items():
            faults.extend(Fault(f"{SPACE}/{name}", told) for told in wrong(dimension))
        if len(faults) > before:
            return None
    read: TuningDeclaration | None = part(value, "tuning", TuningDeclaration, None, faults)
    if read is not None:
        faults.extend(_contradictions(read))
    return read


def _dimension(
    space: Mapping[Any, Any], name: Any, part: Part, faults: list[Fault]
) -> Dimension | None:
    own: list[Fault] = []
    if space[name] is None:
        own.append(Fault(f"/{name}", "needs low and high, or values"))
    read: Dimension | None = part(space, name, Dimension, None, own)
    faults.extend(Fault(f"{SPACE}{fault.where}", fault.message) for fault in own)
    return read


def wrong(one: Dimension | None) -> Iterator[str]:
    """Tell why a dimension of the right form makes no sense."""
    if one is None:
        return
    if one.values is not None:
        yield from _wrong_values(one, one.values)
    elif one.low is None or one.high is None:
        yield "needs low and high, or values"
    elif one.low >= one.high:
        yield f"low ({one.low:g}) must be below high ({one.high:g})"
    elif one.log and one.low <= 0:
        yield f"log needs a low above 0, not {one.low:g}"
    elif one.type == "integer" and not _whole(one.low, one.high):
        yield "an integer ranges between whole numbers"


def _wrong_values(one: Dimension, values: tuple[Any, ...]) -> Iterator[str]:
    if (one.type, one.low, one.high, one.log) != (None, None, None, False):
        yield "has values, so it takes neither type, low, high nor log"
    if len(values) < 2:  # noqa: PLR2004 - one value is no choice
        yield "needs at least two values; one alone belongs into `parameters`"
    if len({repr(value) for value in values}) < len(values):
        yield "repeats a value"


def _whole(*numbers: float) -> bool:
    return all(float(number).is_integer() for number in numbers)


def _contradictions(read: TuningDeclaration) -> Iterator[Fault]:
    if read.space is not None and not read.space:
        yield Fault(SPACE, "names no parameter; leave it out for the algorithm's own space")
    if read.folds is not None and read.holdout is not None:
        yield Fault("/tuning/folds", "declare folds or holdout, not both")
