"""From a tree to a checked function over columns.

Every name, kind and category value is looked up once, when the service is declared, so that no
prediction fails on a rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from minerva import Batch, InvalidConfiguration, Schema
from minerva.layers.application.rules import columns
from minerva.layers.application.rules.columns import Column
from minerva.layers.application.rules.functions import DEFAULT, DEFAULT_USAGE, FUNCTIONS
from minerva.layers.application.rules.kinds import Compiled, Kind, field, kind_of, literal, moment
from minerva.layers.application.rules.parser import parse
from minerva.layers.application.rules.source import SHOWN, Source
from minerva.layers.application.rules.tokens import KEYWORDS
from minerva.layers.application.rules.tree import (
    Among,
    Arithmetic,
    Call,
    Comparison,
    FieldReference,
    IsMissing,
    Literal,
    Logic,
    Negative,
    Node,
    Not,
)
from minerva.schema.field import Scalar
from minerva.schema.value import seconds
from minerva.spelling import doubt

ORDERED = frozenset({Kind.NUMBER, Kind.MOMENT})
NOTHING = frozenset({"null", "none", "nan", "na", "nil"})


def compile_expression(text: str, schema: Schema, kind: Kind) -> Compiled:
    """Parse, check and compile. Raises InvalidConfiguration that points at the first mistake."""
    source = Source(text)
    node = parse(source)
    compiler = _Compiler(source, schema)
    return compiler.expect(kind, node)


@dataclass(frozen=True)
class _Compiler:
    source: Source
    schema: Schema

    def compile(self, node: Node) -> Compiled:
        match node:
            case Literal() | FieldReference():
                return self._leaf(node)
            case Negative() | Not():
                return self._prefixed(node)
            case Logic():
                return self._logic(node)
            case Arithmetic():
                return self._arithmetic(node)
            case Comparison():
                return self._comparison(node)
            case Among():
                return self._among(node)
            case IsMissing():
                return self._is_missing(node)
            case Call():
                return self._call(node)

    def expect(self, kind: Kind, node: Node) -> Compiled:
        """Compile what must be of one kind."""
        compiled = self.compile(node)
        if compiled.kind is not kind:
            raise self._error(node, f"expected {kind}, found {compiled.kind}")
        return compiled

    def _error(self, node: Node, message: str) -> InvalidConfiguration:
        return self.source.error(node.position, message)

    def _leaf(self, node: Literal | FieldReference) -> Compiled:
        return literal(node.value) if isinstance(node, Literal) else self._field(node)

    def _prefixed(self, node: Negative | Not) -> Compiled:
        if isinstance(node, Not):
            condition = self.expect(Kind.TRUTH, node.operand)
            return Compiled(Kind.TRUTH, lambda batch: ~columns.truth(condition.run(batch)))
        number = self.expect(Kind.NUMBER, node.operand)
        return Compiled(Kind.NUMBER, lambda batch: -number.run(batch), number.optional)

    def _field(self, node: FieldReference) -> Compiled:
        name = node.name
        if name not in self.schema.features:
            raise self._error(node, self._stranger(name))
        compiled = field(name, self.schema.inputs[name])
        if compiled is None:
            raise self._error(node, f"the values of {name!r} are of more than one kind; quote them")
        return compiled

    def _stranger(self, name: str) -> str:
        if name in self.schema.inputs:
            return f"field {name!r} has `use: false`, so that no model sees it"
        if name == self.schema.key or name in self.schema.output:
            return f"{name!r} is no input: rules see inputs only"
        if name.lower() in NOTHING:
            return f"unknown field {name!r}; write `is missing`"
        known = (*self.schema.features, *KEYWORDS)
        return f"unknown field {name[:SHOWN]!r}{doubt(name, known)}"

    def _logic(self, node: Logic) -> Compiled:
        operands = [self.expect(Kind.TRUTH, operand) for operand in node.operands]
        combine = np.logical_and if node.operator == "and" else np.logical_or

        def run(batch: Batch) -> Column:
            marked = columns.truth(operands[0].run(batch))
            for operand in operands[1:]:
                marked = combine(marked, columns.truth(operand.run(batch)))
            return marked

        return Compiled(Kind.TRUTH, run)

    def _arithmetic(self, node: Arithmetic) -> Compiled:
        first = self._computable(node.first)
        rest = [(sign, at, self._computable(operand)) for sign, at, operand in node.rest]
        kind, optional = first.kind, first.optional
        for sign, at, operand in rest:
            kind = self._result(sign, at, kind, operand.kind)
            optional = optional or operand.optional or (sign == "/" and not operand.literal)

        def run(batch: Batch) -> Column:
            result = first.run(batch)
            for sign, _, operand in rest:
                result = columns.arithmetic(sign, result, operand.run(batch))
            return result

        return Compiled(kind, run, optional)

    def _computable(self, node: Node) -> Compiled:
        compiled = self.compile(node)
        if compiled.kind not in ORDERED:
            raise self._error(node, f"expected {Kind.NUMBER}, found {compiled.kind}")
        return compiled

    def _result(self, sign: str, position: int, left: Kind, right: Kind) -> Kind:
        if left is right is Kind.NUMBER:
            return Kind.NUMBER
        if sign == "-" and left is right is Kind.MOMENT:
            return Kind.NUMBER  # seconds between them
        if sign in "+-" and left is Kind.MOMENT and right is Kind.NUMBER:
            return Kind.MOMENT
        message = (
            f"'{sign}' does not go with {left} and {right}; a timestamp minus another gives seconds"
        )
        raise self.source.error(position, message)

    def _comparison(self, node: Comparison) -> Compiled:
        left, right = self.compile(node.left), self.compile(node.right)
        left = self._as_moment(node.left, left, right)
        right = self._as_moment(node.right, right, left)
        if left.kind is not right.kind:
            raise self._error(node, _unlike(left.kind, right.kind))
        sign = node.operator
        if sign not in {"==", "!="} and left.kind not in ORDERED:
            raise self._error(node, f"{left.kind} has no order; use ==, != or in")
        self._check_value(left, right, node.right)
        self._check_value(right, left, node.left)
        return Compiled(
            Kind.TRUTH, lambda batch: columns.compare(sign, left.run(batch), right.run(batch))
        )

    def _as_moment(self, node: Node, side: Compiled, other: Compiled) -> Compiled:
        """Read a text literal beside a timestamp as a timestamp."""
        if other.kind is not Kind.MOMENT or not isinstance(side.literal, str):
            return side
        return moment(self._seconds(node, side.literal))

    def _seconds(self, node: Node, text: Scalar) -> float:
        try:
            return seconds(str(text))
        except (ValueError, OverflowError):
            raise self._error(
                node, "expected a timestamp such as '2026-01-31' or '2026-01-31T12:00:00Z'"
            ) from None

    def _check_value(self, category: Compiled, other: Compiled, node: Node) -> None:
        """Refuse to compare a category with what it can never be."""
        if category.values is None or other.literal is None or other.literal in category.values:
            return
        raise self._error(node, _no_value(other.literal, category))

    def _among(self, node: Among) -> Compiled:
        subject = self.compile(node.subject)
        values = [self._member(subject, item) for item in node.items]

        def run(batch: Batch) -> Column:
            column = subject.run(batch)
            marked = columns.among(column, values)
            return ~marked & ~columns.missing(column) if node.negated else marked

        return Compiled(Kind.TRUTH, run)

    def _member(self, subject: Compiled, item: Literal) -> Scalar:
        if subject.kind is Kind.MOMENT and isinstance(item.value, str):
            return self._seconds(item, item.value)
        if kind_of(item.value) is not subject.kind:
            raise self._error(item, _unlike(subject.kind, kind_of(item.value)))
        self._check_value(subject, literal(item.value), item)
        return item.value

    def _is_missing(self, node: IsMissing) -> Compiled:
        subject = self.compile(node.subject)
        if node.negated:
            return Compiled(Kind.TRUTH, lambda batch: ~columns.missing(subject.run(batch)))
        return Compiled(Kind.TRUTH, lambda batch: columns.missing(subject.run(batch)))

    def _call(self, node: Call) -> Compiled:
        if node.function == DEFAULT:
            return self._default(node)
        function = FUNCTIONS.get(node.function)
        if function is None:
            known = (*FUNCTIONS, DEFAULT)
            raise self._error(node, f"unknown function; there are {', '.join(known)}")
        if not function.accepts(len(node.arguments)):
            raise self._error(node, f"write {function.usage}")
        arguments = [self.expect(function.takes, argument) for argument in node.arguments]
        return Compiled(
            function.gives,
            lambda batch: function.run([argument.run(batch) for argument in arguments]),
            function.gives is not Kind.TRUTH and _any_optional(arguments),
        )

    def _default(self, node: Call) -> Compiled:
        if len(node.arguments) != 2:  # noqa: PLR2004 - as its usage says
            raise self._error(node, f"write {DEFAULT_USAGE}")
        first = self.compile(node.arguments[0])
        second = self._as_moment(node.arguments[1], self.compile(node.arguments[1]), first)
        if second.kind is not first.kind:
            message = f"expected {first.kind} as before, found {second.kind}"
            raise self._error(node.arguments[1], message)
        return Compiled(
            first.kind,
            lambda batch: columns.first_present(first.run(batch), second.run(batch)),
            first.optional and second.optional,
        )


def _any_optional(compiled: Iterable[Compiled]) -> bool:
    return any(one.optional for one in compiled)


def _unlike(left: Kind, right: Kind) -> str:
    hint = "; a condition compares with true and false" if Kind.TRUTH in {left, right} else ""
    return f"cannot compare {left} with {right}{hint}"


def _no_value(value: Scalar, category: Compiled) -> str:
    known = [str(one) for one in category.values or ()]
    listed = ", ".join(map(repr, (category.values or ())[:10]))
    said = doubt(str(value), known, f"its values are {listed}")
    return f"{category.field!r} is never {value!r}{said}"
