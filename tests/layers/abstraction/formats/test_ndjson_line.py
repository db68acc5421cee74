"""A line of NDJSON is one object, or it is told why not."""

from __future__ import annotations

import pytest

from minerva.layers.abstraction.formats.ndjson_line import NotJson, NotObject, read_object


def test_an_object_is_returned():
    assert read_object(b' {"a": 1, "b": {"a": 2}}\r', once=True) == {"a": 1, "b": {"a": 2}}


@pytest.mark.parametrize("once", [False, True])
@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "ends too early to be JSON"),
        (b'{"a": NaN}', "is not valid JSON"),
        (b'{"a": 1} {}', "is not valid JSON"),
        (b'{"a": 1e400}', "is not valid JSON"),
        (b'{"a": "\xff"}', "is not utf-8 text"),
        (b"[" * 100_000, "is nested too deep to be read"),
    ],
)
def test_what_is_no_json_is_told_without_its_values(line, message, once):
    with pytest.raises(NotJson, match=message):
        read_object(line, once=once)


def test_json_that_is_no_object_is_told_with_its_kind():
    with pytest.raises(NotObject, match="expected an object, got an array"):
        read_object(b"[1]", once=True)


@pytest.mark.parametrize("line", [b'{"a": 1, "a": 2}', b'{"b": [{"a": 1, "a": 2}]}'])
def test_a_repeated_member_is_refused_where_that_is_asked_for(line):
    assert read_object(line)
    with pytest.raises(NotJson, match="has a member twice"):
        read_object(line, once=True)
