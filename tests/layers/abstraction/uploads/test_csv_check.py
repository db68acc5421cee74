"""CSV is looked at while it arrives: the same is found however it is cut into pieces."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerva.errors import InvalidBody, InvalidData, InvalidInput, MinervaError
from minerva.layers.abstraction.formats.layout import Dialect
from minerva.layers.abstraction.uploads.csv_check import ROWS_AT_ONCE, CsvCheck
from minerva.layers.abstraction.uploads.rows import Wanted
from minerva.schema.table import TableReader

HEADER = b"id,tenure,contract,paid,churn\n"


def look(schema, *pieces, **layout):
    check = CsvCheck(Wanted(schema, (*schema.output,)), Dialect(**layout))
    for piece in pieces:
        check.feed(piece)
    check.end(Path())
    return check.rows


def refusal(schema, content, **layout):
    with pytest.raises(MinervaError) as raised:
        look(schema, content, **layout)
    return raised.value


class TestWhatFits:
    def test_rows_are_counted(self, schema):
        assert look(schema, HEADER + b"a,1,month,,No\nb,2,year,2026-01-31,Yes\n") == 2

    def test_a_last_line_needs_no_end(self, schema):
        assert look(schema, HEADER + b"a,1,month,,No") == 1

    def test_a_mark_of_utf8_quotes_line_breaks_in_cells_and_blank_lines_are_fine(self, schema):
        content = b'\xef\xbb\xbf"id",tenure,contract,paid,churn\r\n"a\nb ""c""",1,,,No\r\n\r\n'

        assert look(schema, content) == 1

    def test_old_line_ends_are_fine(self, schema):
        assert (
            look(schema, HEADER.replace(b"\n", b"\r"), b"a,1,month,,No\r", b"b,1,year,,No\r") == 2
        )

    def test_another_delimiter_encoding_and_decimal_mark_are_fine(self, schema):
        content = "id;tenure;contract;churn\nmüller;1,0;year;Yes\n".encode("cp1252")

        assert look(schema, content, delimiter=";", encoding="cp1252", decimal=",") == 1

    def test_utf16_is_read_as_what_it_is(self, schema):
        assert (
            look(schema, (HEADER + b"a,1,month,,No\n").decode().encode("utf-16"), encoding="utf-16")
            == 1
        )

    def test_a_column_that_may_be_missing_and_one_more_are_fine(self, schema):
        assert look(schema, b"tenure,more,contract,churn\n1,x,year,Yes\n") == 1


class TestWhatDoesNotFit:
    def test_each_cell_is_named_by_column_and_row(self, schema):
        error = refusal(schema, HEADER + b"a,1,month,,No\nb,-1,day,soon,\nc,1.5,year,,No\n")

        assert isinstance(error, InvalidInput)
        assert [(fault.where, fault.message) for fault in error.faults] == [
            ('column "tenure", row 2', "is below the minimum of 0"),
            ('column "contract", row 2', "is not one of 'month', 'year', ''"),
            ('column "paid", row 2', "is not a timestamp such as 2026-01-31T12:00:00Z"),
            ('column "churn", row 2', "is empty, but the field is not nullable"),
            ('column "tenure", row 3', "is not a whole number"),
        ]

    def test_missing_columns_are_named_with_the_first_line(self, schema):
        error = refusal(schema, b"tenure,churn\n")

        assert [str(fault) for fault in error.faults] == [
            'column "contract": is missing from the data'
        ]

    def test_a_wrong_delimiter_is_guessed(self, schema):
        error = refusal(schema, HEADER.replace(b",", b";"))

        assert error.faults[0].message == "the first line has ';' in it: is that the delimiter?"

    def test_a_column_that_stands_twice_is_named(self, schema):
        error = refusal(schema, HEADER.strip() + b",tenure\n")

        assert str(error.faults[0]) == 'column "tenure": stands there more than once'

    def test_no_more_than_twenty_faults_are_told(self, schema):
        assert len(refusal(schema, HEADER + b"a,x,x,x,x\n" * 1000).faults) == 20

    @pytest.mark.parametrize(
        ("content", "where", "message"),
        [
            (b"", "row 1", "the data is empty"),
            (b"\n", "row 1", "the first line is blank"),
            (HEADER + b"a,1,month,,No\nb,1\n", "row 2", "has 2 cells where the first line names 5"),
            (HEADER + b"a,1,month,,No,\n", "row 1", "has 6 cells where"),
            (
                HEADER + b"a,1,month,,No\n" + b"\xe9,1,month,,No\n",
                "row 2",
                "is not utf-8 text: say which encoding it has",
            ),
            (HEADER + b"a,1,mo\0nth,,No\n", "row 1", "holds a NUL character"),
            (HEADER + b'a,1,"month,,No\n', "row 1", "is not CSV: unexpected end of data"),
            (HEADER + b'a,1,"mon"th,,No\n', "row 1", "is not CSV: ',' expected after '\"'"),
            (HEADER + b"a," + b"1" * 200_000 + b"\n", "row 1", "field larger than field limit"),
            (b"x" * 2_000_000, "row 1", "is longer than 1048576 characters"),
            (HEADER + b'a,"' + b"\n" * 2_000_000, "row 1", "field limit"),
            ("id,tenure".encode("utf-16"), "row 1", "is not utf-8 text: say which encoding it has"),
            (b"\xf0\x9f\x98", "row 1", "is not utf-8 text: say which encoding it has"),
        ],
    )
    def test_what_cannot_be_read_is_told_with_its_row(self, schema, content, where, message):
        error = refusal(schema, content)

        assert isinstance(error, InvalidBody)
        assert error.faults[0].where == where
        assert message in error.faults[0].message

    @pytest.mark.parametrize("content", [b"id\n1\n2", b"\x00\x00\x00\xdc"])
    def test_utf16_without_its_mark_is_told(self, schema, content):
        error = refusal(schema, content, encoding="utf-16")

        assert str(error.faults[0]) == "row 1: is not utf-16 text: say which encoding it has"

    def test_what_stands_before_is_told_first(self, schema):
        error = refusal(schema, HEADER + b"a,-1,month,,No\nb,1\n")

        assert [fault.where for fault in error.faults] == ['column "tenure", row 1']

    def test_nothing_is_looked_at_after_a_fault(self, schema):
        check = CsvCheck(Wanted(schema, (*schema.output,)), Dialect())
        check.feed(HEADER)

        with pytest.raises(InvalidInput):
            check.feed(b"a,-1,month,,No\n" * 100_000)

        assert check.rows <= ROWS_AT_ONCE


def outcome(schema, pieces, *, stopping=False):
    """Return the rows, or which kind of error came and what it said first."""
    check = CsvCheck(Wanted(schema, (*schema.output,)), Dialect())
    try:
        for piece in pieces:
            check.feed(piece)
            if stopping:
                check = CsvCheck(
                    Wanted(schema, (*schema.output,)),
                    Dialect(),
                    json.loads(json.dumps(check.state())),
                )
        check.end(Path())
    except MinervaError as error:
        return type(error), error.faults[0]
    return check.rows


CELLS = st.sampled_from(
    ["1", "x", "", "month", "No", '"a\nb"', '"', "é", "\0", '""', ",", "\r", "1,0", " 1 "]
)
LINES = st.lists(st.lists(CELLS, max_size=6).map(",".join), max_size=8)


class TestProperties:
    @given(LINES, st.lists(st.integers(0, 200), max_size=6), st.sampled_from(["\n", "\r\n"]))
    def test_the_same_is_found_however_it_is_cut(self, schema, lines, cuts, end):
        content = HEADER + end.join(lines).encode()
        edges = [0, *sorted(cuts), len(content)]
        pieces = [content[a:b] for a, b in pairwise(edges)]

        whole = outcome(schema, [content])

        assert outcome(schema, pieces) == whole
        assert outcome(schema, pieces, stopping=True) == whole

    @given(st.binary(max_size=200))
    def test_any_bytes_are_refused_in_our_words(self, schema, content):
        found = outcome(schema, [HEADER + content])

        assert found == 0 or isinstance(found, int) or found[0] in {InvalidBody, InvalidInput}

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["1", "1.0", "-1", "901", "x", "", "NA", "1e2", " 7 ", "1_0"]),
                st.sampled_from(["month", "year", "", "NA", "Year"]),
                st.sampled_from(["", "2026-01-31", "now", "null"]),
                st.sampled_from(["No", "Yes", "yes"]),
            ),
            min_size=1,
            max_size=5,
        )
    )
    def test_it_finds_what_a_training_would_find(self, schema, rows):
        names = ["tenure", "contract", "paid", "churn"]
        content = "\n".join([",".join(names), *map(",".join, rows)]).encode()
        frame = pd.DataFrame(rows, columns=names, dtype=str)
        reader = TableReader(schema)
        try:
            reader.batch(frame)
            reader.targets(frame)
            fits = True
        except InvalidData:
            fits = False

        assert isinstance(outcome(schema, [content]), int) == fits
