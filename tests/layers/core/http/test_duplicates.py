"""A repeated key is found wherever it stands, and nothing else is taken for one."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerva.layers.core.http.duplicates import LARGE, repeated_key

TEXTS = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from([":", '"', '\\":', "a"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=20,
)


def find(text):
    body = text.encode()
    return repeated_key(body, msgspec.json.decode(body))


@given(VALUES, st.booleans())
def test_no_document_without_repeats_is_blamed(value, ascii_only):
    assert find(json.dumps(value, ensure_ascii=ascii_only)) is None


@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4), st.data())
def test_a_repeated_member_is_found_whatever_surrounds_it(members, data):
    key = data.draw(st.sampled_from(sorted(members)))
    texts = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in members.items()]
    texts.insert(data.draw(st.integers(0, len(texts))), f"{json.dumps(key)}: 1")
    document = '{"records": [{"ok": 1}, {' + ", ".join(texts) + "}]}"

    found = find(document)

    assert found == "/records/1/" + key.replace("~", "~0").replace("/", "~1")


@pytest.mark.parametrize("text", ["x", "10:30", ":::", "é:"])
@pytest.mark.parametrize("size", range(LARGE - 3, LARGE + 4))
def test_a_large_document_is_counted_as_a_small_one_is(size, text):
    record = json.dumps({"at": text, "n": 1}, ensure_ascii=False)
    count = (size - 80) // len(record.encode() + b", ")
    start = '{"records": [' + f"{record}, " * count + '{"a": 1, "b": 2}], "pad": "'
    plain = start + "p" * (size - len(start.encode()) - 2) + '"}'
    assert len(plain.encode()) == size

    assert find(plain) is None
    assert find(plain.replace('"b": 2', '"a": 2')) == f"/records/{count}/a"


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        ('{"a":1,"a":2}', "/a"),
        ('{"a":1,"\\u0061":2}', "/a"),
        ('{"a":{"b":[0,{"c":1,"c":1}]}}', "/a/b/1/c"),
        ('[{"a/b":1,"a/b":2}]', "/0/a~1b"),
        ('{"at":"12:00","a":1,"a":2}', "/a"),
        ('{"at":"12:00","a":1}', None),
        ('"a:b"', None),
    ],
)
def test_the_place_is_named_as_a_json_pointer(text, pointer):
    assert find(text) == pointer
