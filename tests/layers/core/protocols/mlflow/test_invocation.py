"""Whatever an invocation holds is understood or refused, and every form means the same."""

import json

from hypothesis import given
from hypothesis import strategies as st

from minerva.errors import MinervaError
from minerva.layers.core.protocols.mlflow.request import FORMS, null_for_nan, read_invocation
from minerva.schema import Decoder, Schema

SCHEMA = Schema.parse(
    {
        "key": "id",
        "inputs": {
            "tenure": {"type": "integer", "minimum": 0, "maximum": 1000},
            "contract": {"type": "category", "values": ["One year", "Two year"]},
            "charges": {"type": "number", "nullable": True},
        },
        "output": {"churn": {"type": "category", "values": ["No", "Yes"]}},
    }
)
DECODER = Decoder(SCHEMA)
NAMES = st.sampled_from(["id", "tenure", "contract", "charges", "columns", "data", "other"])
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just("One year")
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.text(min_size=1, max_size=5),
            "tenure": st.integers(0, 1000),
            "contract": st.sampled_from(["One year", "Two year"]),
            "charges": st.none() | st.floats(-1e9, 1e9),
        }
    ),
    min_size=1,
    max_size=5,
)


def read(body):
    """Return the records that a body means, as the service reads them."""
    question = read_invocation(body, DECODER, 5)
    if question.columns is None:
        batch = DECODER.records(question.records)
    else:
        batch = DECODER.columns(question.columns, question.where)
    return [{name: batch[name][at] for name in SCHEMA.features} for at in range(len(batch))]


@given(st.dictionaries(st.sampled_from([*FORMS, "params"]), ANYTHING, max_size=2) | ANYTHING)
def test_anything_is_understood_or_refused(body):
    try:
        rows = read(body)
    except MinervaError:
        return
    assert 1 <= len(rows) <= 5


@given(RECORDS)
def test_every_form_means_the_same(records):
    names = ["id", *SCHEMA.features]
    rows = [[record[name] for name in names] for record in records]
    forms = [
        {"dataframe_split": {"columns": names, "data": rows}},
        {"dataframe_records": records},
        {"instances": records},
        {"inputs": records},
        {"inputs": {name: [record[name] for record in records] for name in names}},
        {"inputs": {name: [[record[name]] for record in records] for name in names}},
        {"instances": [row[1:] for row in rows]},
    ]

    assert len({str(read(form)) for form in forms}) == 1


@given(ANYTHING)
def test_only_what_is_nan_becomes_null(value):
    text = json.dumps([value, "NaN", 'a\\"NaN'])
    strict = null_for_nan(text.encode())

    expected = json.loads(text, parse_constant=lambda name: None if name == "NaN" else float(name))
    assert json.loads(strict) == expected
