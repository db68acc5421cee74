"""One field of a schema, as a user declares it in YAML."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any

import msgspec

from minerva.errors import InvalidConfiguration

MAX_EXACT_INTEGER = 2**53
"""Integers travel as IEEE 754 doubles, which hold every whole number up to here exactly."""

Scalar = str | int | float | bool


class FieldType(StrEnum):
    """What a field holds."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    TEXT = "text"
    TIMESTAMP = "timestamp"
    VECTOR = "vector"
    IMAGE = "image"


NUMERIC = frozenset({FieldType.INTEGER, FieldType.NUMBER})
RESERVED = frozenset({FieldType.VECTOR, FieldType.IMAGE})


class Field(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A named value of a record.

    `minimum` and `maximum` are inclusive and in `unit`. `example` is shown and proved with, and never
    stands in for a value. `pii` keeps the value out of every log;
    `use: false` accepts a field without ever handing it to a model.
    """

    type: FieldType
    description: str = ""
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[Scalar, ...] = ()
    nullable: bool = False
    default: Scalar | None = None
    example: Scalar | None = None
    pii: bool = False
    use: bool = True

    def __post_init__(self) -> None:
        _name_type(self)
        _refuse(self.type in RESERVED, f"type {self.type.value} is reserved and not supported yet")
        _check_values(self)
        _check_bounds(self)
        for what, value in (("default", self.default), ("example", self.example)):
            if value is not None:
                _check_fits(self, what, value)

    @property
    def required(self) -> bool:
        """Whether a record must bring a value: neither nullable nor with a default."""
        return not self.nullable and self.default is None

    def to_json(self) -> dict[str, Any]:
        """Return the declaration as plain JSON values, defaults left out."""
        return dict(msgspec.to_builtins(self))


def _name_type(field: Field) -> None:
    """Let plugins write a type as service files do: `Field(type="number")`."""
    if not isinstance(field.type, FieldType):
        known = [one.value for one in FieldType if one not in RESERVED]
        _refuse(field.type not in known, f"a type is one of {', '.join(known)}")
        msgspec.structs.force_setattr(field, "type", FieldType(field.type))


def _refuse(condition: bool, message: str) -> None:  # noqa: FBT001 - reads as a sentence
    if condition:
        raise InvalidConfiguration(message)


def _check_values(field: Field) -> None:
    is_category = field.type is FieldType.CATEGORY
    _refuse(is_category and len(field.values) == 0, "a category needs its values")
    _refuse(not is_category and bool(field.values), "only a category has values")
    _refuse(
        any(type(value) is bool for value in field.values),
        "a value is true or false, which YAML makes of a bare Yes, No, On or Off: "
        'quote it ("Yes"), or use type boolean',
    )
    _refuse(
        any(not isinstance(v, str) and not _is_exact(v) for v in field.values),
        "a value is NaN, or beyond 2^53",
    )
    different = min(len(set(field.values)), len(set(map(str, field.values))))
    _refuse(different < len(field.values), "values repeat")


def _check_bounds(field: Field) -> None:
    low, high = field.minimum, field.maximum
    _refuse(
        field.type not in NUMERIC and (low, high) != (None, None),
        "only a number has minimum and maximum",
    )
    bounds = [bound for bound in (low, high) if bound is not None]
    _refuse(not all(map(math.isfinite, bounds)), "minimum or maximum is NaN or infinity")
    if low is not None and high is not None:
        _refuse(low > high, "minimum is above maximum")
    if field.type is FieldType.INTEGER:
        least = -MAX_EXACT_INTEGER if low is None else math.ceil(low)
        most = MAX_EXACT_INTEGER if high is None else math.floor(high)
        _refuse(
            max(least, -MAX_EXACT_INTEGER) > min(most, MAX_EXACT_INTEGER),
            "no whole number of at most 2^53 in size lies between minimum and maximum",
        )


def _check_fits(field: Field, what: str, value: Scalar) -> None:
    from minerva.schema.value import checker

    wrong = checker(field)(value)
    _refuse(wrong is not None, f"the {what} does not fit: {wrong}")


def _is_exact(value: float) -> bool:
    return -MAX_EXACT_INTEGER <= value <= MAX_EXACT_INTEGER
