"""Inputs that are the last values of something become steps, the oldest first."""

import numpy as np
import pytest

from minerva import InvalidConfiguration
from minerva.layers.application.catalogue.windows import Sequences, windows_of
from minerva.schema import Decoder, Schema

NUMBER = {"type": "number", "nullable": True}


def schema_of(**inputs):
    return Schema.parse({"inputs": inputs, "output": {"y": {"type": "number"}}})


def faults(schema):
    with pytest.raises(InvalidConfiguration) as caught:
        windows_of(schema, None)
    return {fault.where: fault.message for fault in caught.value.faults}


def test_the_oldest_value_comes_first_whatever_the_order_of_the_inputs():
    schema = schema_of(load_1=NUMBER, size=NUMBER, load_3=NUMBER, load_2=NUMBER)

    assert windows_of(schema, None) == {"load": ("load_3", "load_2", "load_1")}


def test_steps_are_scaled_by_all_steps_and_what_stands_beside_is_at_each():
    schema = schema_of(
        at={"type": "number"}, shop={"type": "category", "values": ["a", "b"]},
        load={**NUMBER, "window": 3},
    )  # fmt: skip
    records = [
        {"at": 1, "shop": "a", "load_3": 1.0, "load_2": 2.0, "load_1": 3.0},
        {"at": 2, "shop": "b", "load_3": 4.0, "load_2": 5.0, "load_1": 6.0},
    ]
    batch = Decoder(schema).records(records)

    steps = Sequences.fitted(batch, "at").steps(batch)

    spread = np.arange(1.0, 7.0).std()
    assert steps[:, :, 0] == pytest.approx((np.arange(1.0, 7.0).reshape(2, 3) - 3.5) / spread)
    assert steps[:, :, 1].tolist() == [[1, 1, 1], [0, 0, 0]]  # the shop is "a"
    assert steps.shape == (2, 3, 3)  # load, and a column for each shop; the time is no part of it


def test_what_is_missing_at_some_step_is_filled_and_told():
    schema = schema_of(load={**NUMBER, "window": 2})
    batch = Decoder(schema).records([{"load_1": 1.0}, {"load_1": 3.0, "load_2": 1.0}])

    steps = Sequences.fitted(batch, None).steps(batch)

    assert steps[0, 0].tolist()[1] == 1  # told as missing
    assert steps[0, 0, 0] == pytest.approx(steps[1, 0, 0])  # filled with the median, 1


def test_what_was_kept_gives_the_same_steps():
    schema = schema_of(size=NUMBER, load={**NUMBER, "window": 2})
    batch = Decoder(schema).records(
        [{"size": 3, "load_1": 1.0, "load_2": 5.0}, {"size": 4, "load_1": 2.0}]
    )
    fitted = Sequences.fitted(batch, None)

    kept = Sequences.kept(schema, fitted.arrays(), None)

    assert kept.steps(batch).tolist() == fitted.steps(batch).tolist()


def test_a_service_without_a_window_is_told_how_to_declare_one():
    assert faults(schema_of(load=NUMBER, score_1=NUMBER)) == {"/schema/inputs": "holds no window"}


def test_a_step_that_is_missing_is_named():
    told = faults(schema_of(load_1=NUMBER, load_3=NUMBER, heat={**NUMBER, "window": 3}))

    assert told == {"/schema/inputs/load_2": "is missing, for others have 3 steps"}


def test_steps_of_different_types_are_named():
    told = faults(schema_of(load_1=NUMBER, load_2={"type": "boolean"}))

    assert list(told) == ["/schema/inputs/load_2"]
