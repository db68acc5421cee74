"""CSV is cut into the same rows, at the same lines, however its bytes come."""

from __future__ import annotations

import csv
import io
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerva.layers.abstraction.formats.csv_text import Broken, CsvRecords, CsvText, Unclosed
from minerva.layers.abstraction.formats.layout import Dialect

CELLS = st.text(st.sampled_from('ab,"\n\r;\u00eb\u2028'), max_size=5)
TABLES = st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=8)


def rows_with_lines(text: CsvText, pieces: list[bytes]) -> list[tuple[int, list[str]]]:
    found = []
    for piece in pieces:
        found += [(text.line, row) for row in text.rows(piece)]
    return found + [(text.line, row) for row in text.last_rows()]


@given(
    TABLES,
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
    st.lists(st.integers(0, 120), max_size=6),
)
def test_rows_and_lines_are_those_of_the_whole_text(table, encoding, cuts):
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(table)
    content = text.getvalue().encode(encoding)
    pieces = [content[a:b] for a, b in pairwise([0, *sorted(cuts), len(content)])]

    found = rows_with_lines(CsvText(Dialect(encoding=encoding)), pieces)

    assert [row for _, row in found] == table
    whole = CsvRecords(io.StringIO(text.getvalue(), newline=""), ",")
    assert [line for line, _ in found] == [whole.line for _ in whole]


def test_another_process_goes_on_at_the_same_line():
    first = CsvText(Dialect())
    assert list(first.rows(b'a,b\n"1\n')) == [["a", "b"]]

    second = CsvText(Dialect(), state=json.loads(json.dumps(first.state())))

    assert rows_with_lines(second, [b'",2\n3,4']) == [(2, ["1\n", "2"]), (4, ["3", "4"])]


def test_records_that_are_broken_are_followed_by_others():
    records = CsvRecords(['"a"b,c\n', "d,e\n", '"f'], ",", 7)

    with pytest.raises(Broken, match="is not CSV: ',' expected after"):
        next(records)
    assert (next(records), records.line) == (["d", "e"], 8)
    with pytest.raises(Unclosed):
        next(records)
    assert records.line == 9


@pytest.mark.parametrize("content", [b"a,\0\n", b"a," + b"b," * 1_100_000 + b"\n"])
def test_only_a_text_that_is_trusted_may_hold_nul_and_rows_of_any_length(content):
    pieces = [content[: len(content) // 2], content[len(content) // 2 :]]

    assert len(rows_with_lines(CsvText(Dialect(), trusted=True), pieces)) == 1
    with pytest.raises(Broken, match=r"NUL|longer than"):
        rows_with_lines(CsvText(Dialect()), pieces)
