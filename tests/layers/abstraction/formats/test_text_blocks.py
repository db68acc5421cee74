"""Text files are cut where rows begin, wherever that is asked for."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minerva.errors import InvalidData
from minerva.layers.abstraction.formats.text_blocks import blocks, boundaries, row_end

cells = st.text(st.sampled_from('ab,"\n;ë'), max_size=6)
tables = st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=12)


def written(rows, quoting=csv.QUOTE_MINIMAL):
    """Return rows as CSV."""
    text = io.StringIO(newline="")
    csv.writer(text, quoting=quoting, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def read(text):
    """Return the rows of a CSV."""
    return list(csv.reader(io.StringIO(text.decode(), newline="")))


@given(tables, st.integers(1, 8), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
@settings(max_examples=200, deadline=None)
def test_stretches_hold_whole_rows_and_know_their_lines(rows, count, quoting):
    text = written(rows, quoting)

    found = boundaries(io.BytesIO(text), 0, len(text), count, quoted=True)

    ends = [*(start for start, _ in found[1:]), len(text)]
    parts = [text[start:end] for (start, _), end in zip(found, ends, strict=True)]
    assert b"".join(parts) == text
    assert [row for part in parts for row in read(part)] == read(text)
    assert [line for _, line in found] == [text[:start].count(b"\n") for start, _ in found]
    assert len(found) <= count


@given(tables, st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_blocks_hold_whole_rows_and_know_their_lines(rows, size):
    text = written(rows)
    file = io.BytesIO(text)
    found = list(blocks(file, 0, len(text), 1, quoted=True, name="x.csv", at_once=size))

    assert b"".join(block.text for block in found) == text
    assert [row for block in found for row in read(block.text)] == read(text)
    for block in found:
        start = block.end - len(block.text)
        assert block.line == 1 + text[:start].count(b"\n")


def test_a_break_in_quotes_ends_no_row():
    assert row_end(b'a,"b\nc', quoted=True) == 0
    assert row_end(b'a\nb,"c\nd', quoted=True) == 2
    assert row_end(b'a\nb,"c\nd', quoted=False) == 7


def test_a_quote_that_is_never_closed_is_told_with_its_line():
    text = b"a,b\n1,2\n" + b'3,"4\n' + b"5,6\n" * 7_000_000

    with pytest.raises(InvalidData) as caught:
        list(blocks(io.BytesIO(text), 4, len(text), 2, quoted=True, name="/data/x.csv"))

    assert str(caught.value.faults[0]) == "x.csv:3: the quote that begins here is not closed"


def test_a_row_without_an_end_is_told_with_its_line():
    text = b"1\n" + b"2" * (25 * 1024 * 1024)

    with pytest.raises(InvalidData) as caught:
        list(blocks(io.BytesIO(text), 0, len(text), 1, quoted=False, name="x.ndjson"))

    assert str(caught.value.faults[0]) == "x.ndjson:2: the row has no end within 16 MiB"
