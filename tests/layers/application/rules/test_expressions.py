"""What expressions mean: precedence, missing values, arithmetic, functions."""

import math

import numpy as np
import pytest

from minerva.layers.application.rules.columns import missing, truth
from minerva.layers.application.rules.compiler import compile_expression
from minerva.layers.application.rules.kinds import Kind
from minerva.schema import Decoder


@pytest.fixture
def ask(schema, record):
    """A function (expression, **fields) → its value for one record, None where missing."""

    def value(text, kind=Kind.TRUTH, **fields):
        batch = Decoder(schema).records([record(**fields)])
        column = compile_expression(text, schema, kind).run(batch)
        if kind is Kind.TRUTH:
            return bool(truth(column)[0])
        return None if missing(column)[0] else column[0]

    return value


@pytest.fixture
def number(ask):
    def value(text, **fields):
        return ask(text, Kind.NUMBER, **fields)

    return value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true or false and false", True),
        ("(true or false) and false", False),
        ("not false and false", False),
        ("not (false and false)", True),
        ("not 1 == 2", True),
        ("not not true", True),
        ("1 + 2 * 3 == 7", True),
        ("(1 + 2) * 3 == 9", True),
        ("10 - 4 - 3 == 3", True),
        ("100 / 10 / 5 == 2", True),
        ("2 * 6 / 3 * 2 == 8", True),
        ("-2 * -3 == 6", True),
        ("- (2 + 3) == -5", True),
        ("1 - -1 == 2", True),
        ("1 < 2 == true", None),
        ("(1 < 2) == true", True),
        ("1 in (1, 2) and 3 not in (1, 2)", True),
        ("'a' == \"a\"", True),
        ("'it''s' == \"it's\"", True),
        ('"say ""hi""" == \'say "hi"\'', True),
        ("1e3 == 1000 and 1.5E-1 == 0.15", True),
        ("false", False),
    ],
)
def test_precedence(ask, text, expected):
    if expected is None:
        with pytest.raises(Exception, match="comparisons do not chain"):
            ask(text)
    else:
        assert ask(text) is expected


@pytest.mark.parametrize("sign", ["==", "!=", "<", "<=", ">", ">="])
def test_a_comparison_with_a_missing_value_is_false(ask, sign):
    assert ask(f"charges {sign} 3") is False
    assert ask(f"3 {sign} charges") is False
    assert ask(f"not charges {sign} 3") is True


@pytest.mark.parametrize(
    "text",
    [
        "charges in (1, 2)",
        "charges not in (1, 2)",
        "note in ('a', 'b')",
        "note not in ('a', 'b')",
        "note == note",
        "note != 'a'",
        "contract == 'One year'",
        "contract != 'One year'",
        "lines != 2",
        "lines in (1, 2, 5)",
        "senior",
        "senior == true",
        "senior == false",
        "senior != true",
        "senior in (true, false)",
        "signup < '2026-01-01'",
        "signup not in ('2026-01-01')",
        "contains(note, 'a')",
        "starts_with(note, '')",
        "starts_with('a', note)",
        "charges + 1 > 0",
        "-charges < 0",
        "min(1, charges) == 1",
        "max(1, charges) >= 1",
        "abs(charges) >= 0",
        "round(charges) >= 0",
        "lower(note) == note",
        "(1 < 2) is missing",
        "tenure is missing",
    ],
)
def test_missing_makes_these_false(ask, text):
    assert ask(text) is False


@pytest.mark.parametrize(
    "text",
    [
        "not senior",
        "charges is missing",
        "note is missing and contract is missing and lines is missing and senior is missing",
        "signup is missing",
        "(charges + 1) is missing",
        "charges + 1 is missing",
        "tenure / 0 is missing",
        "lower(note) is missing",
        "default(charges, 3) == 3",
        "default(note, 'x') == 'x'",
        "default(contract, 'none') == 'none'",
        "default(senior, true)",
        "default(signup, '2026-01-01') == '2026-01-01'",
        "default(charges, charges) is missing",
        "tenure is not missing",
    ],
)
def test_missing_makes_these_true(ask, text):
    assert ask(text) is True


def test_fields_of_every_type_compare_with_their_literals(ask):
    fields = {
        "contract": "it's over",
        "lines": 5,
        "senior": True,
        "note": "Hello World",
        "signup": "2026-01-31T12:00:00Z",
        "charges": 12.5,
        "monthly fee": 2.0,
    }

    for text in (
        'contract == "it\'s over"',
        "lines == 5 and lines > 2 and lines in (2, 5)",
        "senior and senior == true and senior != false",
        "note == 'Hello World' and contains(note, 'lo W') and starts_with(lower(note), 'hello')",
        "signup == '2026-01-31T13:00:00+01:00' and signup in ('2026-01-31T12:00')",
        "signup > '2026-01-31' and '2026-02-01' > signup",
        "signup - 86400 < '2026-01-31' and signup - signup == 0",
        "default(signup - signup, 1) == 0",
        "charges * `monthly fee` == 25",
    ):
        assert ask(text, **fields) is True, text


def test_numbers_are_64_bit_floats(number):
    assert number("7 / 2") == 3.5
    assert number("0.1 + 0.2") == 0.1 + 0.2
    assert number("round(2.5) + round(3.5) + round(-0.4)") == 6
    assert number("abs(-3) + min(4, 2, 3) + max(1, 5)") == 10


def test_division_by_zero_is_missing(number):
    assert number("tenure / 0", tenure=3) is None
    assert number("0 / (tenure - 3)", tenure=3) is None
    assert number("default(tenure / 0, 9)", tenure=3) == 9


def test_a_result_too_large_is_the_largest_float(number):
    largest = np.finfo(np.float64).max

    assert number("1e308 * 10") == largest
    assert number("-1e308 - 1e308") == -largest
    assert number("1e308 / 1e-308") == largest
    assert number("1e308 * 10 - 1e308 * 10") == 0


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_an_expression_has_one_value_per_record(schema, record, rows):
    batch = Decoder(schema).records([record(tenure=i) for i in range(rows)])

    for text in ("true", "tenure > 1", "note is missing", "contract in ('One year')", "senior"):
        assert compile_expression(text, schema, Kind.TRUTH).run(batch).shape == (rows,)
    assert compile_expression("1 + 2", schema, Kind.NUMBER).run(batch).shape == (rows,)


def test_long_chains_are_not_deep(number, ask):
    assert number("+".join(["1"] * 4_000)) == 4_000
    assert ask(" or ".join(["false"] * 1_000 + ["true"])) is True
    assert ask(f"3 in ({', '.join(map(str, range(1_500)))})") is True


def test_nesting_up_to_the_limit_works(ask):
    assert ask("(" * 99 + "true" + ")" * 99) is True
    assert ask("not " * 98 + "true") is True


def test_whitespace_and_lines_do_not_matter(ask):
    assert ask("\n  1\t+1\r\n==2\n") is True


@pytest.mark.parametrize(
    ("text", "optional"),
    [
        ("tenure * 2 + 1", False),
        ("tenure / 2", False),
        ("tenure / 0", True),
        ("tenure / tenure", True),
        ("charges", True),
        ("-charges", True),
        ("min(tenure, charges)", True),
        ("default(charges, 0)", False),
        ("default(charges, charges)", True),
    ],
)
def test_knows_which_numbers_may_be_missing(schema, text, optional):
    assert compile_expression(text, schema, Kind.NUMBER).optional is optional


def test_missing_is_not_nan_text(number):
    assert math.isclose(number("default(charges, -1.5)"), -1.5)
