"""A version remembers in which order its steps and their inputs were written: models count columns."""

import json

import msgspec
import pytest

from minerva.errors import InvalidData
from minerva.layers.abstraction.flows.declaration import FlowParameters
from minerva.layers.abstraction.flows.kept import Kept, as_written, order_of, read, write

STEPS = {
    "wide": {"handle": "clean", "inputs": {"size": "size", "age": "age"}},
    "model": {"learn": "linear.regressor", "inputs": {"size": "wide.size", "age": "wide.age"}},
    "again": {"handle": "clean", "inputs": {"z": "model.price", "a": "size"}},
}


def parameters(steps):
    return msgspec.convert({"steps": steps}, FlowParameters)


def names(declared):
    return [(name, list(step.inputs)) for name, step in declared.steps.items()]


def test_what_a_manifest_has_sorted_is_put_in_order_again(tmp_path):
    written = parameters(STEPS)
    write(tmp_path, Kept(order=order_of(written)))
    sorted_ = parameters(json.loads(json.dumps(STEPS, sort_keys=True)))

    told = as_written(sorted_, read(tmp_path).order)

    assert names(sorted_) != names(written)
    assert names(told) == names(written)
    assert told == written


@pytest.mark.parametrize("name", ["again", "model"])
def test_an_order_of_other_steps_is_refused(name):
    fewer = {one: step for one, step in STEPS.items() if one != name}

    with pytest.raises(InvalidData, match="of other steps"):
        as_written(parameters(STEPS), order_of(parameters(fewer)))
