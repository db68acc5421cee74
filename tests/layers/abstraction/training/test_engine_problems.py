"""What an engine can hold out, and what truth it needs."""

import pytest
from posing import posed

from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.training.engine import _check_problem

SPLIT = {"split": {"by": "group", "field": "x"}}


@pytest.mark.parametrize(
    ("declared", "where"),
    [({"training": SPLIT}, "/training/split"), ({"kind": "anomaly-detection"}, "/training/engine")],
)
def test_what_no_worker_can_do_alone_is_refused(declared, where):
    with pytest.raises(InvalidConfiguration) as caught:
        _check_problem(posed({"y": {"type": "boolean"}}, **declared))

    assert [fault.where for fault in caught.value.faults] == [where]


def test_the_usual_problems_are_taken():
    _check_problem(posed({"y": {"type": "boolean"}}))
    _check_problem(posed({"y": {"type": "number"}}))
