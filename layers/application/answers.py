"""An answer that a user wrote down in YAML, as the numbers that a model gives."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import Field, FieldType
from minerva.errors import Fault
from minerva.schema.field import Scalar
from minerva.spelling import doubt

Probability = Annotated[float, Meta(ge=0, le=1)]
Written = Scalar | dict[str, Probability]
"""A value; for a category also value → probability."""
TOLERANCE = 1e-6
"""How far probabilities may sum up beside 1: 0.333333 three times is meant well."""


def outputs_faults(
    output: Mapping[str, Field], given: Mapping[str, Any], where: str
) -> list[Fault]:
    """Return a fault for every output that is not answered and every answer that is no output."""
    missing = [
        Fault(where, f"output {name!r} has no answer") for name in output if name not in given
    ]
    unknown = [
        Fault(f"{where}/{name}", f"not an output{doubt(name, list(output))}")
        for name in given
        if name not in output
    ]
    return missing + unknown


def answer(field: Field, written: Written) -> NDArray[np.float64] | str:
    """Return one record's prediction, or what is wrong with `written`.

    Shape () for a number and for a boolean (the probability of true), (values,) for a category.
    """
    if field.type is FieldType.CATEGORY:
        return _category(field, written)
    if isinstance(written, dict):
        return "only a category takes a probability for each value"
    if field.type is FieldType.BOOLEAN:
        return _boolean(written)
    return _number(field, written)


def value_name(value: Scalar) -> str:
    """Return a category's value as YAML and JSON write it in a key."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _category(field: Field, written: Written) -> NDArray[np.float64] | str:
    names = [value_name(value) for value in field.values]
    shares = written if isinstance(written, dict) else {value_name(written): 1.0}
    for name in shares:
        if name not in names:
            return _no_value(field, names, name, written)
    if abs(math.fsum(shares.values()) - 1) > TOLERANCE:
        return f"probabilities sum to {math.fsum(shares.values()):g}, not to 1"
    given = np.array([shares.get(name, 0.0) for name in names])
    return np.asarray(given / given.sum(), dtype=np.float64)


def _no_value(field: Field, names: list[str], name: str, written: Written) -> str:
    listed = ", ".join(map(repr, field.values[:10]))
    if isinstance(written, bool):
        return (
            f"{name} is not one of {listed}; quote Yes, No, On and Off, YAML reads them as booleans"
        )
    return f"{name!r} is not one of {listed}{doubt(name, names)}"


def _boolean(written: Scalar) -> NDArray[np.float64] | str:
    if isinstance(written, str) or not 0 <= written <= 1:
        return "expected true, false or the probability of true"
    return np.array(float(written))


def _number(field: Field, written: Scalar) -> NDArray[np.float64] | str:
    whole = field.type is FieldType.INTEGER
    expected = "a whole number" if whole else "a number"
    if isinstance(written, bool | str) or not abs(written) <= sys.float_info.max:
        return f"expected {expected}"
    if whole and written != int(written):
        return f"expected {expected}"
    if field.minimum is not None and written < field.minimum:
        return f"is below the output's minimum of {field.minimum:g}"
    if field.maximum is not None and written > field.maximum:
        return f"is above the output's maximum of {field.maximum:g}"
    return np.array(float(written))
