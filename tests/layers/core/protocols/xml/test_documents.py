"""Whatever bytes come, they are a question or are refused; and what was written is read again."""

from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerva.errors import InvalidBody, InvalidInput, TooLarge
from minerva.layers.abstraction.serving.question import Answer
from minerva.layers.core.protocols.xml.asking import read_question
from minerva.layers.core.protocols.xml.reading import read
from minerva.layers.core.protocols.xml.writing import write_answer
from minerva.schema import Schema

SCHEMA = Schema.parse(
    {
        "key": "id",
        "inputs": {
            "tenure": {"type": "integer", "minimum": 0},
            "monthly charges": {"type": "number", "nullable": True},
            "note": {"type": "text", "nullable": True},
        },
        "output": {"churn": {"type": "category", "values": ["No", "Yes"]}},
    }
)
LEGAL = st.characters(
    codec="utf-8", exclude_characters="\ufffe\uffff\r", exclude_categories=["Cs", "Cc"]
)
TEXTS = st.text(LEGAL, min_size=1)
PIECES = st.sampled_from(
    ["<records>", "</records>", "<record>", "</record>", "<tenure>", "</tenure>", "<keys>", "</keys>", "<key>",
     "</key>", '<field name="note">', "</field>", "<records explain='1'>", "3", " ", "&amp;", "&x;", "<!--", "-->",
     "<![CDATA[", "]]>", "<?xml version='1.0' encoding='utf-16'?>", "<?pi?>", "<!DOCTYPE a []>", "\ufeff", "\0",
     "<a:record xmlns:a='urn:a'>", "</a:record>", "<record id='1'/>"]
)  # fmt: skip
BODIES = st.binary() | st.lists(PIECES).map(lambda found: "".join(found).encode())


def document(records):
    """Write records as a caller would."""
    rows = (
        "".join(
            f"<field name={quoteattr(name)}>{escape(str(value))}</field>"
            for name, value in record.items()
        )
        for record in records
    )
    return (
        "<records>" + "".join(f"<record>{row}</record>" for row in rows) + "</records>"
    ).encode()


@given(BODIES, st.none() | st.just("utf-8"))
def test_any_bytes_are_a_question_or_are_refused(body, encoding):
    try:
        question = read_question(body, SCHEMA, 5, encoding)
    except (InvalidBody, InvalidInput, TooLarge) as error:
        assert error.message
        return
    assert 1 <= len(question) <= 5


@given(
    st.lists(
        st.fixed_dictionaries(
            {"id": TEXTS, "tenure": st.integers(0, 1000), "monthly charges": st.floats(-1e9, 1e9),
             "note": TEXTS.map(lambda text: f"={text}=")}
        ),
        min_size=1,
        max_size=5,
    )
)  # fmt: skip
def test_what_is_written_is_read_again(records):
    assert read_question(document(records), SCHEMA, 5).records == records


@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_keys_are_read_as_they_are(keys):
    body = "<keys>" + "".join(f"<key>{escape(key)}</key>" for key in keys) + "</keys>"

    assert read_question(body.encode(), SCHEMA, 5).keys == keys


@given(
    st.dictionaries(
        st.text(max_size=8), st.text() | st.integers() | st.none() | st.booleans(), max_size=4
    ),
    st.text(),
)
def test_any_answer_is_well_formed(prediction, label):
    rows = [{**prediction, "churn_probabilities": {label: 0.25}}]
    answer = Answer(rows, "churn", "3", degraded=False, job_id=None, versions=["3"])

    read_again = ET.fromstring(write_answer("churn", answer, "r-1"))

    (row,) = read_again
    assert row.attrib == {"version": "3"}
    assert len(row) == len(rows[0])
    assert row[-1][0].text == "0.25"


def test_names_that_no_element_can_have_are_told_as_fields():
    answer = Answer([{"monthly charges": 3, "xmlns": "a", "field": True}], "s", None, True, None)

    (row,) = ET.fromstring(write_answer("s", answer, "r-1"))

    assert [(one.tag, one.get("name"), one.text) for one in row] == [
        ("field", "monthly charges", "3"), ("field", "xmlns", "a"), ("field", "field", "true"),
    ]  # fmt: skip


def test_more_records_than_are_allowed_are_not_read():
    with pytest.raises(TooLarge):
        read(b"<records>" + b"<record/>" * 6 + b"not even well-formed", 5)


def test_a_million_elements_within_each_other_cost_nothing():
    with pytest.raises(InvalidBody):
        read(b"<records><record>" + b"<a>" * 1_000_000, 5)
