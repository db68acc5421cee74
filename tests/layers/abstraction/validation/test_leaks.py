"""Fields that tell the answer by themselves."""

import numpy as np
import pytest

from minerva.algorithm import TrainingData
from minerva.layers.abstraction.validation.leaks import leaks
from minerva.schema import Decoder, Schema

ROWS = 400
CHANCE = np.random.default_rng(5)
SIZES = CHANCE.normal(size=ROWS)
LATE = (SIZES + CHANCE.normal(size=ROWS) > 0.8).astype(int)
CLASSES = {"type": "category", "values": ["no", "yes"]}
NUMBER = {"type": "number"}


def told(field, values, output, truth):
    """Return what leaks of one field beside another that tells little."""
    schema = Schema.parse({"inputs": {"size": NUMBER, "one": field}, "output": {"y": output}})
    records = [{"size": float(size), "one": one} for size, one in zip(SIZES, values, strict=True)]
    return leaks(TrainingData(Decoder(schema).records(records), {"y": np.asarray(truth)}))


def test_a_status_that_is_set_afterwards_tells_the_class():
    status = ["paid late" if late else "paid" for late in LATE]

    assert told({"type": "category", "values": ["paid", "paid late"]}, status, CLASSES, LATE) == [
        "one"
    ]
    assert told({"type": "text"}, status, CLASSES, LATE) == ["one"]


def test_a_number_that_is_above_something_only_then_tells_it_too():
    fee = [30.0 + n / 100 if late else n / 100 for n, late in enumerate(LATE)]

    assert told(NUMBER, fee, {"type": "boolean"}, LATE) == ["one"]


def test_a_number_that_is_the_answer_in_another_unit_leaks():
    price = SIZES * 3 + CHANCE.normal(size=ROWS) * 5

    assert told(NUMBER, (price * 1.19).tolist(), NUMBER, price) == ["one"]


@pytest.mark.parametrize("output", [CLASSES, {"type": "boolean"}])
def test_what_only_helps_is_no_leak(output):
    assert told(NUMBER, (SIZES + LATE * 0.5).tolist(), output, LATE) == []


def test_an_identifier_tells_nothing():
    assert told({"type": "text"}, [f"C-{n}" for n in range(ROWS)], CLASSES, LATE) == []


def test_missing_values_are_a_group_of_their_own():
    gone = [None if late else 1.0 for late in LATE]

    assert told({"type": "number", "nullable": True}, gone, CLASSES, LATE) == ["one"]


def test_a_few_errors_do_not_hide_a_leak():
    status = [bool(late) for late in LATE]
    status[0] = not status[0]

    assert told({"type": "boolean"}, status, CLASSES, LATE) == ["one"]


def test_where_there_is_one_answer_nothing_is_told():
    assert told(NUMBER, SIZES.tolist(), CLASSES, np.zeros(ROWS, int)) == []
