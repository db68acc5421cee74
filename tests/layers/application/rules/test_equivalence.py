"""Columns against a slow reference: random expressions are evaluated record by record as well.

The reference shares no code with the product: each expression is made together with a function of one
record, in plain Python, with None for missing.
"""

import sys
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from minerva.layers.application.rules.columns import truth
from minerva.layers.application.rules.compiler import compile_expression
from minerva.layers.application.rules.kinds import Kind
from minerva.schema import Decoder

OR, AND, NOT, COMPARE, ADD, MULTIPLY, NEGATE, ATOM = range(8)
CONTRACTS = ["Month-to-month", "One year", "it's over"]
LINES = [1, 2, 5]


@dataclass(frozen=True)
class Made:
    """Source text, how tightly it binds, and what one record's value is."""

    text: str
    power: int
    value: Any

    def __call__(self, record):
        return self.value(record)

    def at(self, power):
        """The text, in parentheses only where precedence asks for them."""
        return self.text if self.power >= power else f"({self.text})"


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def field(name):
    text = f"`{name}`" if " " in name else name
    return Made(text, ATOM, lambda record: record[name])


def constant(text, value):
    return Made(text, ATOM, lambda _: value)


def lift(function):
    """Make a function missing where one of its arguments is."""
    return lambda *values: None if None in values else function(*values)


def finite(value):
    return max(-sys.float_info.max, min(sys.float_info.max, value))


def calculate(sign, left, right):
    if sign == "/" and right == 0:
        return None
    match sign:
        case "+":
            return finite(left + right)
        case "-":
            return finite(left - right)
        case "*":
            return finite(left * right)
    return finite(left / right)


def compare(sign, left, right):
    if left is None or right is None:
        return False
    match sign:
        case "==":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
    return left >= right


def binary(sign, power, left, right, function):
    text = f"{left.at(power)} {sign} {right.at(power + 1)}"
    return Made(text, power, lambda record: function(sign, left(record), right(record)))


def arithmetic(sign, left, right):
    power = ADD if sign in "+-" else MULTIPLY
    return binary(
        sign, power, left, right, lambda s, a, b: lift(lambda x, y: calculate(s, x, y))(a, b)
    )


def comparison(sign, left, right):
    text = f"{left.at(ADD)} {sign} {right.at(ADD)}"
    return Made(text, COMPARE, lambda record: compare(sign, left(record), right(record)))


def call(name, function, *arguments):
    text = f"{name}({', '.join(argument.text for argument in arguments)})"
    return Made(text, ATOM, lambda record: function(*(one(record) for one in arguments)))


def negative(inner):
    return Made(f"-{inner.at(NEGATE)}", NEGATE, lambda r: lift(lambda v: -v)(inner(r)))


def is_missing(inner, negated):
    text = f"{inner.at(ADD)} is {'not ' if negated else ''}missing"
    return Made(text, COMPARE, lambda record: (inner(record) is None) is not negated)


def among(inner, items, shown, negated):
    text = f"{inner.at(ADD)} {'not ' if negated else ''}in ({', '.join(map(shown, items))})"

    def value(record):
        found = inner(record)
        return found is not None and (found in items) is not negated

    return Made(text, COMPARE, value)


def logic(word, left, right):
    power = AND if word == "and" else OR
    both = all if word == "and" else any
    text = f"{left.at(power)} {word} {right.at(power + 1)}"
    return Made(text, power, lambda record: both([left(record) is True, right(record) is True]))


def negation(inner):
    return Made(f"not {inner.at(NOT)}", NOT, lambda record: inner(record) is not True)


def default(first, second):
    def value(one, other):
        return other if one is None else one

    return call("default", value, first, second)


def shown_number(value):
    return repr(float(value))


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
plain_numbers = st.one_of(st.integers(0, 9).map(float), st.floats(0, allow_infinity=False))

numbers = st.deferred(
    lambda: st.one_of(
        plain_numbers.map(lambda value: constant(shown_number(value), value)),
        st.sampled_from(["tenure", "charges", "monthly fee", "lines"]).map(field),
        st.builds(arithmetic, st.sampled_from("+-*/"), numbers, numbers),
        numbers.map(negative),
        st.builds(lambda *a: call("min", lift(min), *a), numbers, numbers),
        st.builds(lambda *a: call("max", lift(max), *a), numbers, numbers, numbers),
        numbers.map(lambda a: call("abs", lift(abs), a)),
        numbers.map(lambda a: call("round", lift(lambda v: float(round(v))), a)),
        st.builds(default, numbers, numbers),
    )
)
written = st.deferred(
    lambda: st.one_of(
        texts.map(lambda value: constant(quoted(value), value)),
        st.just(field("note")),
        st.just(field("contract")).map(lambda a: call("lower", lift(str.lower), a)),
        written.map(lambda a: call("lower", lift(str.lower), a)),
        st.builds(default, written, written),
    )
)
signs = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
equalities = st.sampled_from(["==", "!="])
number_not_lines = numbers.filter(lambda made: made.text != "lines")
contracts = st.sampled_from(CONTRACTS)
conditions = st.deferred(
    lambda: st.one_of(
        st.sampled_from([True, False]).map(lambda v: constant(str(v).lower(), v)),
        st.just(field("senior")),
        conditions.map(negation),
        st.builds(logic, st.sampled_from(["and", "or"]), conditions, conditions),
        st.builds(comparison, signs, number_not_lines, number_not_lines),
        st.builds(comparison, equalities, written, written),
        st.builds(comparison, equalities, conditions, conditions),
        st.builds(
            lambda sign, value: comparison(sign, field("contract"), constant(quoted(value), value)),
            equalities,
            contracts,
        ),
        st.builds(
            lambda sign, value: comparison(sign, constant(str(value), value), field("lines")),
            signs,
            st.sampled_from(LINES),
        ),
        st.builds(is_missing, st.one_of(numbers, written, conditions), st.booleans()),
        st.builds(
            lambda items, negated: among(field("contract"), items, quoted, negated),
            st.lists(contracts, min_size=1),
            st.booleans(),
        ),
        st.builds(
            lambda inner, items, negated: among(inner, items, shown_number, negated),
            number_not_lines,
            st.lists(st.integers(-3, 9), min_size=1, max_size=5),
            st.booleans(),
        ),
        st.builds(
            lambda *a: call("contains", lambda *v: lift(lambda x, y: y in x)(*v) is True, *a),
            written,
            written,
        ),
        st.builds(
            lambda *a: call("starts_with", lambda *v: lift(str.startswith)(*v) is True, *a),
            written,
            written,
        ),
        st.builds(default, conditions, conditions),
    )
)
a_number = st.one_of(
    st.none(), st.integers(-3, 9).map(float), st.floats(allow_nan=False, allow_infinity=False)
)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.just(1),
            "tenure": st.integers(0, 9),
            "charges": a_number,
            "monthly fee": a_number,
            "contract": st.sampled_from([None, *CONTRACTS]),
            "lines": st.sampled_from([None, *LINES]),
            "mixed": st.just(1),
            "senior": st.sampled_from([None, True, False]),
            "note": st.one_of(st.none(), texts),
            "signup": st.none(),
            "email": st.just(""),
        }
    ),
    max_size=4,
)


@settings(max_examples=300)
@given(conditions, rows)
def test_a_condition_is_what_the_reference_says(schema, made, records):
    batch = Decoder(schema).records(records)

    marked = truth(compile_expression(made.text, schema, Kind.TRUTH).run(batch))

    assert marked.tolist() == [made(record) is True for record in records]


@settings(max_examples=300)
@given(numbers, rows)
def test_a_number_is_what_the_reference_says(schema, made, records):
    batch = Decoder(schema).records(records)
    compiled = compile_expression(made.text, schema, Kind.NUMBER)

    told = [None if value != value else value for value in compiled.run(batch).tolist()]  # noqa: PLR0124 - NaN

    assert told == [made(record) for record in records]
    assert compiled.optional or None not in told


@given(written, rows)
def test_a_text_is_what_the_reference_says(schema, made, records):
    batch = Decoder(schema).records(records)

    told = compile_expression(made.text, schema, Kind.TEXT).run(batch).tolist()

    assert told == [made(record) for record in records]
