"""Every mistake in an expression is one sentence with its place and a caret; nothing else is raised."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from minerva import InvalidConfiguration
from minerva.layers.application.rules.compiler import compile_expression
from minerva.layers.application.rules.kinds import Kind
from minerva.layers.application.rules.parser import parse
from minerva.layers.application.rules.source import Source

WORDS = [
    *("and", "or", "not", "in", "is", "missing", "true", "false", "nobody", "é", "\n"),
    *("tenure", "charges", "contract", "senior", "note", "signup", "mixed", "`monthly fee`"),
    *("min", "max", "abs", "round", "lower", "contains", "starts_with", "default"),
    *("(", ")", ",", "+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=", "=", "!", "'", "`", "."),
    *("1", "2.5", "1e9", "'Month-to-month'", "'x'", '"y"', "'2026-01-01'"),
]


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "the expression is empty"),
        (" \n ", 1, "the expression is empty"),
        ("tenur < 6", 1, "unknown field 'tenur'; did you mean 'tenure'?"),
        ("tenure < 6 and TRUE", 16, "did you mean 'true'?"),
        ("tenure < 6 AND true", 12, "found 'AND'; write and"),
        ("email == 'x'", 1, "has `use: false`"),
        ("id == 3", 1, "'id' is no input"),
        ("churn == 'Yes'", 1, "'churn' is no input"),
        ("charges == null", 12, "write `is missing`"),
        ("mixed == 1", 1, "more than one kind"),
        ("contract == 'Monthly'", 13, "'contract' is never 'Monthly'; its values are"),
        ("'One yeer' == contract", 1, "did you mean 'One year'?"),
        ("contract in ('One year', 'Two year')", 26, "did you mean 'One year'?"),
        ("lines == 3", 10, "'lines' is never 3.0; its values are 1, 2, 5"),
        ("note == 3", 6, "cannot compare text with a number"),
        ("3 < note", 3, "cannot compare a number with text"),
        ("senior == 1", 8, "a condition compares with true and false"),
        ("note in ('a', 3)", 15, "cannot compare text with a number"),
        ("note < 'b'", 6, "text has no order"),
        ("senior < true", 8, "a condition has no order"),
        ("signup < 'soon'", 10, "expected a timestamp such as"),
        ("signup in ('soon')", 12, "expected a timestamp such as"),
        ("signup < 3", 8, "cannot compare a timestamp with a number"),
        ("signup + signup > 3", 8, "'+' does not go with a timestamp and a timestamp"),
        ("3 - signup > 3", 3, "'-' does not go with a number and a timestamp"),
        ("signup * 2 > 3", 8, "'*' does not go with"),
        ("tenure", 1, "expected a condition, found a number"),
        ("tenure and true", 1, "expected a condition, found a number"),
        ("not 3", 5, "expected a condition, found a number"),
        ("-senior == 1", 2, "expected a number, found a condition"),
        ("note + 1 > 2", 1, "expected a number, found text"),
        ("1 + (2 > 1) > 2", 8, "expected a number, found a condition"),
        ("foo(1) > 2", 1, "unknown function; there are min, max"),
        ("min(1) > 2", 1, "write min(a, b, …)"),
        ("min() > 2", 1, "write min(a, b, …)"),
        ("abs(1, 2) > 2", 1, "write abs(a)"),
        ("default(1) > 2", 1, "write default(a, b)"),
        ("default(note, 1) == 'x'", 15, "expected text as before, found a number"),
        ("lower(tenure) == 'x'", 7, "expected text, found a number"),
        ("contains(note, 3)", 16, "expected text, found a number"),
        ("1 < 2 < 3", 7, "comparisons do not chain"),
        ("1 == 1 is missing", 8, "comparisons do not chain"),
        ("tenure is", 10, "expected 'missing', found the end"),
        ("tenure is 3", 11, "expected 'missing', found a number"),
        ("tenure not 3", 12, "expected 'in', found a number"),
        ("tenure in 3", 11, "expected '(', found a number"),
        ("tenure in ()", 12, "expected a number, a text, true or false, found ')'"),
        ("tenure in (tenure)", 12, "expected a number, a text, true or false, found 'tenure'"),
        ("tenure in (-tenure)", 13, "expected a number, a text, true or false"),
        ("tenure in (1 2)", 14, "expected ')', found a number"),
        ("(((1", 5, "expected ')', found the end"),
        ("min(1, 2", 9, "expected ')', found the end"),
        ("1 +", 4, "expected a value, found the end"),
        ("1 > 'a' 'b'", 9, "expected an operator or the end, found a text"),
        ("monthly fee > 3", 9, "a field name with spaces stands in backticks"),
        ("true)", 5, "expected an operator or the end, found ')'"),
        ("tenure = 2", 8, "write == to compare"),
        ("tenure < 6 && true", 12, "write and"),
        ("true || true", 6, "write or"),
        ("!true", 1, "write not"),
        ("2 ^ 2 > 1", 3, "there is no power operator"),
        ("2 ** 2 > 1", 4, "expected a value, found '*'"),
        (".5 > 1", 1, "a number starts with a digit"),
        ("1. > 1", 1, "this is not a number"),
        ("1_000 > 1", 1, "this is not a number"),
        ("1e999 > 1", 1, "too large for a 64-bit float"),
        ("note == 'abc", 9, "the text is not closed"),
        ('note == "abc', 9, "the text is not closed"),
        ("`abc > 3", 1, "the backtick is not closed"),
        ("true \x00", 6, "unexpected character U+0000"),
        ("`min`(1, 2) > 1", 6, "expected an operator or the end"),
        ("(" * 101, 101, "nested deeper than 100 levels"),
        ("not " * 101 + "true", 401, "nested deeper than 100 levels"),
        ("-" * 200 + "1 > 2", 101, "nested deeper than 100 levels"),
        ("x" * 10_001, 10_001, "longer than 10000 characters"),
    ],
)
def test_a_mistake_is_pointed_at(schema, text, column, message):
    with pytest.raises(InvalidConfiguration) as caught:
        compile_expression(text, schema, Kind.TRUTH)

    (fault,) = caught.value.faults
    assert fault.where == f"column {column}"
    told, shown, caret = fault.message.split("\n")
    assert message in told
    assert set(caret) == {" ", "^"}
    position = caret.index("^")
    if column <= len(text) and text[column - 1].isprintable():
        assert shown[position] == text[column - 1]
    assert f"wrong at column {column}: " in caught.value.message
    assert len(str(caught.value)) < 600


def test_in_a_text_of_several_lines_the_line_is_told(schema):
    with pytest.raises(InvalidConfiguration) as caught:
        compile_expression("tenure > 3\n  and\n  tenur < 6\n", schema, Kind.TRUTH)

    (fault,) = caught.value.faults
    assert fault.where == "line 3, column 3"
    assert fault.message.endswith("      tenur < 6\n      ^")


def test_a_long_line_is_shown_around_the_mistake(schema):
    text = "tenure > 1 and " * 50 + "tenur > 1" + " and tenure > 1" * 50

    with pytest.raises(InvalidConfiguration) as caught:
        compile_expression(text, schema, Kind.TRUTH)

    _, shown, caret = caught.value.faults[0].message.split("\n")
    assert shown.startswith("    …")
    assert shown.endswith("…")
    assert shown[caret.index("^") :].startswith("tenur > 1")


@given(st.text())
@example("'" * 9_999)
@example("`" * 9_999)
@example("1" * 10_000)
@example("9" * 400 + "e" + "9" * 400)
@example("(" * 10_000)
@example("1<" * 5_000)
@example("a(" * 5_000)
@example("not " * 2_500)
@example("1 or 1 and 1 == 1 + 1 * (" * 300)
@example("- - - " * 1_600)
@example("²")
@example("x\u2028== 1")
@example("\ud800")
def test_whatever_is_written_the_parser_raises_nothing_else(text):
    fault = fault_of(lambda: parse(Source(text)))

    assert fault is None or re.fullmatch(r"(line \d+, )?column \d+", fault.where)


@given(st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join), st.sampled_from(list(Kind)))
def test_whatever_words_are_joined_the_compiler_raises_nothing_else(schema, text, kind):
    fault = fault_of(lambda: compile_expression(text, schema, kind))

    assert fault is None or "^" in fault.message


def fault_of(action):
    try:
        action()
    except InvalidConfiguration as error:
        return error.faults[0]
    return None
