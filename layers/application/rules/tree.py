"""The expression tree: what the parser makes and the compiler walks.

Every node knows its `position` in the source, for errors.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Literal:
    """A number, a text, true or false."""

    position: int
    value: float | str | bool


@dataclass(frozen=True)
class FieldReference:
    """An input of the schema."""

    position: int
    name: str


@dataclass(frozen=True)
class Negative:
    """`- operand`."""

    position: int
    operand: Node


@dataclass(frozen=True)
class Not:
    """`not operand`."""

    position: int
    operand: Node


@dataclass(frozen=True)
class Logic:
    """`a and b and c` or `a or b or c`: flat, so that long ones are not deep."""

    position: int
    operator: str
    operands: tuple[Node, ...]


@dataclass(frozen=True)
class Arithmetic:
    """`first + a - b …` or `first * a / b …`, from left to right; flat as above."""

    position: int
    first: Node
    rest: tuple[tuple[str, int, Node], ...]
    """Operator, its position, right operand."""


@dataclass(frozen=True)
class Comparison:
    """`left operator right`; `position` is the operator's."""

    position: int
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Among:
    """`subject in (…)` or `subject not in (…)`."""

    position: int
    subject: Node
    items: tuple[Literal, ...]
    negated: bool


@dataclass(frozen=True)
class IsMissing:
    """`subject is missing` or `subject is not missing`."""

    position: int
    subject: Node
    negated: bool


@dataclass(frozen=True)
class Call:
    """`function(arguments)`."""

    position: int
    function: str
    arguments: tuple[Node, ...]


Node = (
    Literal
    | FieldReference
    | Negative
    | Not
    | Logic
    | Arithmetic
    | Comparison
    | Among
    | IsMissing
    | Call
)
