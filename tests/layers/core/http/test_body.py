"""Whatever a caller sends ends in a question or in one clear sentence with a JSON pointer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from minerva.errors import InvalidBody, InvalidInput, MinervaError, TooLarge
from minerva.layers.abstraction.serving.wishes import Wishes
from minerva.layers.core.http.body import decode, read_object, read_question


def request(data=b"", content_type="application/json", **more):
    headers = more.pop("headers", {})
    made = Request(
        EnvironBuilder(
            method="POST", data=data, content_type=content_type, headers=headers, **more
        ).get_environ()
    )
    made.max_content_length = 1000
    return made


def question(value, max_records=3):
    return read_question(request(json.dumps(value).encode()), max_records)


def faults(error):
    return [(fault.where, fault.message) for fault in error.value.faults]


def test_records_become_a_question():
    asked = question({"records": [{"a": 1}], "explain": True})

    assert (asked.records, asked.keys, asked.wishes) == ([{"a": 1}], None, Wishes("/explain"))


@pytest.mark.parametrize("asked", [{"records": [{"a": 1}]}, {"keys": ["A-1"]}])
def test_it_may_be_asked_how_sure_an_answer_is(asked):
    assert question({**asked, "confidence": True}).wishes == Wishes(confidence="/confidence")
    assert not question({**asked, "confidence": False}).wishes


def test_keys_become_a_question():
    asked = question({"keys": ["A-1", 2]})

    assert (asked.records, asked.keys, asked.wishes) == (None, ["A-1", 2], Wishes())


@pytest.mark.parametrize(
    ("value", "where", "says"),
    [
        ({}, "", "exactly one of records and keys"),
        ({"records": [1], "keys": [1]}, "", "exactly one of records and keys"),
        ({"records": {}}, "/records", "expected an array"),
        ({"keys": None}, "/keys", "expected an array"),
        ({"records": []}, "/records", "is empty; send at least one"),
        ({"records": [1], "explain": 1}, "/explain", "expected true or false"),
        ({"records": [1], "confidence": "yes"}, "/confidence", "expected true or false"),
        ({"keys": ["a", None]}, "/keys/1", "expected text or integer"),
        ({"keys": [True]}, "/keys/0", "expected text or integer"),
        ({"keys": [1.5]}, "/keys/0", "expected text or integer"),
    ],
)
def test_what_fits_no_question_is_pointed_at(value, where, says):
    with pytest.raises(InvalidInput) as caught:
        question(value)

    assert [found for found, _ in faults(caught)] == [where]
    assert says in faults(caught)[0][1]


def test_more_records_than_allowed_are_counted():
    with pytest.raises(TooLarge) as caught:
        question({"records": [{}] * 4})

    assert faults(caught) == [("/records", "has 4 entries, 3 are allowed; send several calls")]


def test_a_misspelt_member_is_recognised():
    with pytest.raises(InvalidBody) as caught:
        question({"recrods": []})

    assert faults(caught) == [("/recrods", "not known here; did you mean 'records'?")]


def test_an_unknown_member_is_told_what_is_known():
    with pytest.raises(InvalidBody) as caught:
        question({"x/y": 1, "records": []})

    assert faults(caught) == [
        ("/x~1y", "not known here; known are records, keys, explain, confidence")
    ]


def test_a_call_without_members_takes_none():
    with pytest.raises(InvalidBody) as caught:
        read_object(request(b'{"now": true}'), (), may_be_empty=True)

    assert faults(caught) == [("/now", "not known here; this call takes an empty object")]


def test_no_body_is_an_empty_object_where_that_is_allowed():
    assert read_object(request(b"", content_type=None), (), may_be_empty=True) == {}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b'{"a": 1', "ends too early"),
        (b'{"a": "x', "ends too early"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": "\\ud800 and more text"}', "half of a surrogate pair"),
        (b'{"a": NaN}', "not valid JSON at byte 6; NaN, Infinity"),
        (b'{"a": -Infinity}', "NaN, Infinity"),
        (b'{"a": 1} {"b": 2}', "not valid JSON"),
        (b"{'a': 1}", "not valid JSON"),
        (b'{"a": 1e999}', "too large for a 64-bit float"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too large for a 64-bit float"),
        (b'{"a": ' + b"[" * 100_000, "nested too deep"),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "repeats a key"),
    ],
)
def test_what_is_not_json_is_explained(body, says):
    with pytest.raises(InvalidBody, match=says):
        decode(body)


def test_a_repeated_key_is_pointed_at():
    with pytest.raises(InvalidBody) as caught:
        decode(b'{"records": [{"a": 1, "a": 2}]}')

    assert faults(caught) == [("/records/0/a", "stands here a second time")]


def test_a_byte_order_mark_is_passed_over():
    assert decode(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"1", b"null"])
def test_what_is_no_object_is_refused(body):
    with pytest.raises(InvalidBody, match="not a JSON object"):
        read_object(request(body), ())


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/xml", "application/json; charset=latin-1"]
)
def test_other_content_types_are_told_what_is_accepted(content_type):
    with pytest.raises(UnsupportedMediaType, match="application/json"):
        read_object(request(b"{}", content_type=content_type), ())


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=UTF-8"])
def test_json_in_utf_8_is_accepted(content_type):
    assert read_object(request(b"{}", content_type=content_type), ()) == {}


def test_a_body_above_the_limit_is_refused_by_its_announced_length():
    with pytest.raises(TooLarge, match="larger than 1000 bytes"):
        read_object(request(b'{"a": "' + b"x" * 1000 + b'"}'), ())


def test_a_chunked_body_above_the_limit_is_refused_while_it_is_read():
    chunked = request(b'{"a": "' + b"x" * 1000 + b'"}')
    del chunked.environ["CONTENT_LENGTH"]
    chunked.environ["wsgi.input_terminated"] = True

    with pytest.raises(TooLarge, match="larger than 1000 bytes"):
        read_object(chunked, ())


def test_a_body_that_ends_early_is_told_so():
    cut = request(b'{"a": 1}')
    cut.environ["CONTENT_LENGTH"] = "500"

    with pytest.raises(InvalidBody, match="ended before its announced length"):
        read_object(cut, ("a",))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def refusal(read, given_):
    """Return the code of the error of ours that reading ends in, or None."""
    try:
        read(given_)
    except MinervaError as error:
        return error.code
    return None


@given(st.binary(max_size=60))
def test_any_bytes_end_in_a_value_or_in_an_error_of_ours(body):
    assert refusal(decode, body) in {None, "invalid_body"}


@given(JSON_VALUES)
def test_any_json_value_ends_in_a_question_or_in_an_error_of_ours(value):
    assert refusal(question, value) in {None, "invalid_body", "invalid_input", "too_large"}
