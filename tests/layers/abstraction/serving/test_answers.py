"""From a model's arrays to rows, and what a model may not answer."""

import json

import msgspec
import numpy as np
import pytest

from minerva.errors import AlgorithmFailed
from minerva.layers.abstraction.serving.answers import Answers, in_turn, joined
from minerva.schema import Decoder, Schema

PLAN = {"type": "category", "values": ["tin", 2, "gold"]}


def batch(output, rows=2, **more):
    """Return a batch of `rows` records for a service with these outputs."""
    schema = Schema.parse({"inputs": {"x": {"type": "number"}}, "output": output, **more})
    return Decoder(schema).records([{"x": 1.0, **({"id": n} if more else {})} for n in range(rows)])


def answer_rows(batch, outputs):
    """Return the rows of a model's answer, which are the same for who only encodes them."""
    answered = Answers.of(batch, outputs)
    rows = answered.rows()
    assert msgspec.json.encode(answered.objects()) == msgspec.json.encode(rows)
    return rows


def rows_of(output, **arrays):
    """Return the rows of a model's answer to two records."""
    return answer_rows(batch(output), {name: np.array(array) for name, array in arrays.items()})


def test_parts_of_an_answer_are_told_as_the_whole_is():
    output = {"y": PLAN, "ok": {"type": "boolean"}, "n": {"type": "number"}}
    given = {
        "y": np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
        "ok": np.array([0.9, 0.2, 0.7]),
        "n": np.array([1.5, 2.5, 3.5]),
    }
    whole = Answers.of(batch(output, 3, key="id"), given)

    parts = list(whole.parts([1, 0, 2]))

    assert [len(part) for part in parts] == [1, 0, 2]
    assert [list(part.outputs) for part in parts] == [["y", "ok", "n"]] * 3
    for name, one in whole.outputs.items():
        cut = [part.outputs[name] for part in parts]
        assert np.concatenate([each.values for each in cut]).tolist() == one.values.tolist()
    rows = [row for part in parts for row in part.rows()]
    objects = [row for part in parts for row in part.objects()]
    assert rows == whole.rows()
    assert [row["id"] for row in rows] == [0, 1, 2]
    assert msgspec.json.encode(objects) == msgspec.json.encode(rows)


def test_a_category_is_told_with_its_probabilities():
    assert rows_of({"y": PLAN}, y=[[0.2, 0.3, 0.5], [0.25, 0.7500001, 0.0]]) == [
        {"y": "gold", "y_probabilities": {"tin": 0.2, "2": 0.3, "gold": 0.5}},
        {"y": 2, "y_probabilities": {"tin": 0.25, "2": 0.75, "gold": 0.0}},
    ]


def test_a_category_may_come_as_indices():
    assert rows_of({"y": PLAN}, y=[1, 0]) == [{"y": 2}, {"y": "tin"}]
    assert rows_of({"y": PLAN}, y=[1.0, 0.0]) == [{"y": 2}, {"y": "tin"}]


def test_a_boolean_is_told_with_the_probability_of_true():
    assert rows_of({"y": {"type": "boolean"}}, y=[0.5, 0.4999]) == [
        {"y": True, "y_probability": 0.5},
        {"y": False, "y_probability": 0.4999},
    ]


def test_numbers_are_plain_numbers():
    output = {"y": {"type": "integer"}, "z": {"type": "number"}}

    rows = rows_of(output, y=[1.6, -2.0], z=np.float32([0.5, 2]))

    assert rows == [{"y": 2, "z": 0.5}, {"y": -2, "z": 2.0}]
    assert json.loads(json.dumps(rows)) == rows
    assert [type(row["y"]) for row in rows] == [int, int]


def test_the_key_comes_first():
    (first, _) = answer_rows(batch({"y": {"type": "number"}}, key="id"), {"y": [1.0, 2.0]})

    assert list(first.items()) == [("id", 0), ("y", 1.0)]


@pytest.mark.parametrize(
    ("output", "array"),
    [(PLAN, np.empty((0, 3))), (PLAN, []), ({"type": "boolean"}, []), ({"type": "integer"}, [])],
)
def test_no_records_have_no_answers(output, array):
    assert answer_rows(batch({"y": output}, rows=0), {"y": array}) == []


@pytest.mark.parametrize(
    ("output", "array", "message"),
    [
        (PLAN, [[0.5, 0.5], [0.5, 0.5]], "has shape (2, 2), values 3"),
        (PLAN, [[0.5, 0.5, 0.0]], "has shape (1, 3) for 2 records"),
        (PLAN, [[[0.5]], [[0.5]]], "has shape (2, 1, 1), values 3"),
        (PLAN, [[0.5, 0.6, -0.1], [1, 0, 0]], "holds a probability outside 0..1"),
        (PLAN, [[2.0, -1.0, 0.0], [1, 0, 0]], "holds a probability outside 0..1"),
        (PLAN, [[0.5, 0.3, 0.1], [1, 0, 0]], "has probabilities that do not sum to 1"),
        (PLAN, [0, 3], "holds what is no index into its values"),
        (PLAN, [0, -1], "holds what is no index into its values"),
        (PLAN, [0, 0.5], "holds what is no index into its values"),
        (PLAN, ["tin", "gold"], "holds <U4, not numbers"),
        ({"type": "boolean"}, [0.2, 1.2], "holds a probability outside 0..1"),
        ({"type": "boolean"}, [[0.2], [0.3]], "has shape (2, 1), not (2,)"),
        ({"type": "number"}, [1.0, np.nan], "holds NaN or infinity"),
        ({"type": "number"}, [1.0, np.inf], "holds NaN or infinity"),
        ({"type": "number"}, 1.0, "has shape () for 2 records"),
        ({"type": "number"}, [1.0, None], "holds object, not numbers"),
        ({"type": "number"}, [1 + 2j, 1], "holds complex128, not numbers"),
        ({"type": "integer"}, [1.0, 1e300], "holds a whole number beyond 2^53"),
    ],
)
def test_a_model_that_breaks_its_contract_is_told(output, array, message):
    with pytest.raises(AlgorithmFailed) as caught:
        rows_of({"y": output}, y=array)

    assert caught.value.message == f"Output 'y' {message}."


def test_an_output_that_is_missing_is_named():
    with pytest.raises(AlgorithmFailed, match="gave no output 'y'"):
        rows_of({"y": PLAN}, z=[1, 1])


def test_roundings_of_a_model_are_forgiven():
    row = rows_of({"y": PLAN}, y=np.float32([[1 / 3, 1 / 3, 1 / 3], [1.0000001, -1e-8, 0]]))[0]

    assert sum(row["y_probabilities"].values()) == pytest.approx(1, abs=1e-5)


SIDES = np.array([False, True, False])


def test_the_answers_of_two_versions_are_joined_in_the_order_of_the_records():
    output = {"y": PLAN, "z": {"type": "number"}}
    asked = batch(output, rows=3, key="id")
    chances = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1.0]])
    whole = Answers.of(asked, {"y": chances, "z": np.array([5.0, 6, 7])})
    ours = Answers.of(asked.take(np.array([0, 2])), {"y": chances[[0, 2]], "z": np.array([5.0, 7])})
    theirs = Answers.of(asked.take(np.array([1])), {"y": chances[[1]], "z": np.array([6.0])})

    together = joined(ours, theirs, SIDES)

    assert together.rows() == whole.rows() == in_turn(ours, theirs, SIDES)
    assert together.outputs["y"].values.dtype == whole.outputs["y"].values.dtype
    assert len(together) == 3


def test_answers_of_another_form_stand_in_rows_only():
    asked = batch({"y": PLAN}, rows=2)
    ours = Answers.of(asked, {"y": np.array([2, 1])})
    theirs = Answers.of(asked.take(np.array([0])), {"y": np.array([[1.0, 0, 0]])})

    assert joined(ours, theirs, SIDES) is None
    assert in_turn(ours, theirs, SIDES) == [
        {"y": "gold"},
        {"y": "tin", "y_probabilities": {"tin": 1.0, "2": 0.0, "gold": 0.0}},
        {"y": 2},
    ]
