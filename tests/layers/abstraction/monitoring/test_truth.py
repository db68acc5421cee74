"""What callers tell of how it turned out is read strictly, and every mistake is named at its place."""

from datetime import UTC, datetime, timedelta

import pytest

from minerva.errors import InvalidInput
from minerva.layers.abstraction.monitoring.truth import read_truths
from minerva.schema import Field, FieldType

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CHURN = Field(type=FieldType.CATEGORY, values=("No", "Yes"))


def read(*told):
    """Read truths of the output `churn`."""
    return read_truths(told, {"churn": CHURN}, NOW)


def test_a_truth_is_about_a_row_of_a_request():
    (one,) = read({"request_id": "r-1", "row": 2, "truth": "Yes"})

    assert (one.request_id, one.row, one.key, one.truth) == ("r-1", 2, None, '"Yes"')
    assert (one.at, one.dated) == (NOW, False)


def test_a_truth_is_about_a_key_at_a_time():
    (one,) = read({"key": 7, "at": "2026-02-01T01:00:00+01:00", "truth": {"churn": "No"}})

    assert (one.key, one.truth, one.dated) == ("7", '"No"', True)
    assert one.at == datetime(2026, 2, 1, tzinfo=UTC)


def test_a_time_without_an_offset_is_taken_as_utc():
    (one,) = read({"key": "C-1", "at": "2026-02-01", "truth": "No"})

    assert one.at == datetime(2026, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "where", "says"),
    [
        (5, "/feedback/0", "expected an object"),
        ({"truth": "Yes"}, "/feedback/0", "neither request_id nor key"),
        ({"key": "a"}, "/feedback/0/truth", "is missing"),
        ({"key": "a", "truth": None}, "/feedback/0/truth", "is missing"),
        ({"key": "a", "truth": "Perhaps"}, "/feedback/0/truth", "is not one of 'No', 'Yes'"),
        ({"key": "a", "truth": {"chrn": "No"}}, "/feedback/0/truth/churn", "is missing"),
        ({"key": "", "truth": "No"}, "/feedback/0/key", "expected an integer, or text"),
        ({"key": True, "truth": "No"}, "/feedback/0/key", "expected an integer, or text"),
        ({"key": "a\0", "truth": "No"}, "/feedback/0/key", "expected an integer, or text"),
        ({"request_id": 5, "truth": "No"}, "/feedback/0/request_id", "expected text"),
        ({"request_id": "a", "row": -1, "truth": "No"}, "/feedback/0/row", "from 0"),
        ({"request_id": "a", "row": 2**40, "truth": "No"}, "/feedback/0/row", "from 0"),
        ({"key": "a", "row": 1, "truth": "No"}, "/feedback/0/row", "belongs to a request_id"),
        ({"key": "a", "at": "today", "truth": "No"}, "/feedback/0/at", "expected a timestamp"),
        ({"key": "a", "at": 5, "truth": "No"}, "/feedback/0/at", "expected a timestamp"),
        ({"key": "a", "at": "2026-03-05", "truth": "No"}, "/feedback/0/at", "in the future"),
        ({"key": "a", "trut": "No"}, "/feedback/0/trut", "did you mean 'truth'?"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(told, where, says):
    with pytest.raises(InvalidInput) as refused:
        read(told)

    fault = refused.value.faults[0]
    assert fault.where == where
    assert says in fault.message


def test_a_clock_may_be_a_little_ahead():
    ahead = (NOW + timedelta(hours=1)).isoformat()

    assert len(read({"key": "a", "at": ahead, "truth": "No"})) == 1


def test_all_mistakes_are_told_up_to_twenty():
    with pytest.raises(InvalidInput) as refused:
        read(*[{"key": "a", "truth": "Perhaps"}] * 30)

    assert len(refused.value.faults) == 20


REWARDED = {
    "gain": Field(type=FieldType.NUMBER, minimum=0),
    "act": Field(type=FieldType.CATEGORY, values=("a", "b")),
}


def test_a_truth_may_hold_more_than_one_value():
    told = [
        {"key": 1, "truth": truth} for truth in (2, {"gain": 2}, {"act": "b", "gain": 2, "x": 1})
    ]

    assert [one.truth for one in read_truths(told, REWARDED, NOW)] == [
        "2",
        "2",
        '{"gain":2,"act":"b"}',
    ]


@pytest.mark.parametrize(
    ("truth", "where"),
    [
        ({"act": "b"}, "/gain"),
        ({"gain": 1, "act": "c"}, "/act"),
        ("a", ""),
        ({"gain": -1}, "/gain"),
    ],
)
def test_each_value_of_a_truth_is_checked_at_its_place(truth, where):
    with pytest.raises(InvalidInput) as caught:
        read_truths([{"key": 1, "truth": truth}], REWARDED, NOW)
    assert [one.where for one in caught.value.faults] == [f"/feedback/0/truth{where}"]
