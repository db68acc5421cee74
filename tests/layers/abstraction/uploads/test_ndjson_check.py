"""NDJSON is looked at while it arrives, line by line."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerva.errors import InvalidBody, InvalidInput, MinervaError
from minerva.layers.abstraction.uploads.ndjson_check import NdjsonCheck
from minerva.layers.abstraction.uploads.rows import Wanted

GOOD = b'{"tenure": 3, "contract": "year", "churn": "No"}\n'


def outcome(schema, pieces, *, stopping=False):
    """Return the rows, or which kind of error came and what it said first."""
    check = NdjsonCheck(Wanted(schema, (*schema.output,)))
    try:
        for piece in pieces:
            check.feed(piece)
            if stopping:
                check = NdjsonCheck(
                    Wanted(schema, (*schema.output,)), state=json.loads(json.dumps(check.state()))
                )
        check.end(Path())
    except MinervaError as error:
        return type(error), error.faults[0].where, error.faults[0].message
    return check.rows


def test_rows_are_counted_and_blank_lines_are_not(schema):
    assert outcome(schema, [b"\xef\xbb\xbf" + GOOD + b"\r\n  \n" + GOOD.strip()]) == 2


def test_numbers_and_truths_may_be_texts_as_in_any_table(schema):
    assert outcome(schema, [b'{"tenure": "3", "contract": "", "churn": "No", "more": [1]}']) == 1


@pytest.mark.parametrize(
    ("line", "kind", "where", "message"),
    [
        (
            b'{"tenure": -1, "contract": "year", "churn": "No"}',
            InvalidInput,
            "line 2, /tenure",
            "below",
        ),
        (b'{"tenure": 1, "contract": "year"}', InvalidInput, "line 2, /churn", "is empty"),
        (
            b'{"tenure": [1], "contract": "year", "churn": "No"}',
            InvalidInput,
            "line 2, /tenure",
            "whole",
        ),
        (b"[1, 2]", InvalidInput, "line 2", "expected an object, got an array"),
        (b"null", InvalidInput, "line 2", "got null"),
        (b'{"tenure": 1', InvalidBody, "line 2", "ends too early"),
        (b'{"tenure": NaN}', InvalidBody, "line 2", "is not valid JSON"),
        (b'{"tenure": 1} {"tenure": 2}', InvalidBody, "line 2", "is not valid JSON"),
        (b'{"tenure": "\xff"}', InvalidBody, "line 2", "is not"),
        (b"\0" * 10, InvalidBody, "line 2", "is not valid JSON"),
        (b"[" * 100_000, InvalidBody, "line 2", ""),
        (
            b'{"x": "' + b"y" * 2_000_000 + b'"}',
            InvalidBody,
            "line 2",
            "is longer than 1048576 bytes",
        ),
        (b"y" * 2_000_000, InvalidBody, "line 2", "is longer than 1048576 bytes"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(schema, line, kind, where, message):
    found = outcome(schema, [GOOD + line])

    assert found[:2] == (kind, where)
    assert message in found[2]


RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "tenure": st.sampled_from([1, -1, 1.5, "2", None, True, [], 10**400]),
        "contract": st.sampled_from(["month", "", "Year", 3, None]),
        "churn": st.sampled_from(["No", "Yes", "", None]),
    },
)
LINES = st.lists(
    st.one_of(RECORDS.map(lambda one: json.dumps(one).encode()), st.binary(max_size=20))
)


@given(LINES, st.lists(st.integers(0, 300), max_size=6))
def test_the_same_is_found_however_it_is_cut(schema, lines, cuts):
    content = b"\n".join(lines)
    pieces = [content[a:b] for a, b in pairwise([0, *sorted(cuts), len(content)])]

    whole = outcome(schema, [content])

    assert outcome(schema, pieces) == whole
    assert outcome(schema, pieces, stopping=True) == whole
