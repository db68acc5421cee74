"""How long calls wait for each other, by the clock that is given."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerva.layers.abstraction.serving.cost import Cost
from minerva.layers.abstraction.serving.pause import Gathering, Joins

JOINS = Joins(max_batch=8, max_wait_s=0.005)
DEAR, CHEAP = Cost(fixed_s=0.002, row_s=0.0001), Cost(fixed_s=0.0, row_s=0.001)


def waiting(calls=1, rows=None, at=(0.0, 0.0), until=math.inf, running=0) -> Gathering:
    """Return calls that wait; `at`: when the oldest and the newest came."""
    return Gathering(calls, rows or calls, *at, until, running)


@pytest.mark.parametrize("cost", [None, DEAR, CHEAP])
def test_a_call_that_is_alone_waits_for_nobody(cost):
    assert JOINS.pause_s(waiting(), cost, 0.0) == 0


def test_while_the_model_answers_a_call_waits_for_it_no_longer_than_it_may():
    assert JOINS.pause_s(waiting(running=1), DEAR, 0.001) == pytest.approx(0.004)
    assert JOINS.pause_s(waiting(running=1), DEAR, 0.005) <= 0


def test_a_model_that_gains_nothing_is_asked_at_once():
    assert JOINS.pause_s(waiting(running=1), CHEAP, 0.0) == 0
    assert JOINS.pause_s(waiting(calls=2), CHEAP, 0.0) == 0


def test_while_nobody_knows_what_a_call_costs_joining_is_tried():
    assert JOINS.pause_s(waiting(running=1), None, 0.0) == pytest.approx(0.005)


def test_one_more_is_waited_for_as_long_as_it_would_save():
    close = waiting(calls=3, at=(0.0, 0.001))

    assert JOINS.pause_s(close, DEAR, 0.001) == pytest.approx(0.002)
    assert JOINS.pause_s(close, DEAR, 0.003) <= 0


def test_nobody_is_waited_for_where_calls_come_more_slowly_than_that():
    assert JOINS.pause_s(waiting(calls=3, at=(0.0, 0.0045)), DEAR, 0.0045) == 0


@pytest.mark.parametrize("running", [0, 1])
def test_who_is_many_enough_waits_no_more(running):
    assert JOINS.pause_s(waiting(calls=4, rows=8, running=running), DEAR, 0.0) == 0


def test_a_model_that_answers_one_at_a_time_is_waited_for_until_the_deadline():
    serial = Joins(max_batch=8, max_wait_s=0.005, one_at_a_time=True)

    assert serial.pause_s(waiting(rows=8, until=0.5, running=1), DEAR, 0.1) == pytest.approx(0.4)
    assert serial.pause_s(waiting(running=1), CHEAP, 0.0) == math.inf


@given(
    calls=st.integers(1, 9),
    spread=st.floats(0, 0.01),
    left=st.floats(0, 0.02),
    running=st.integers(0, 3),
    cost=st.none() | st.builds(Cost, st.floats(0, 0.01), st.floats(0, 0.001)),
)
def test_nobody_waits_longer_than_allowed_nor_so_long_that_the_answer_is_late(
    calls, spread, left, running, cost
):
    now = spread
    gathering = waiting(calls=calls, at=(0.0, spread), until=now + left, running=running)

    pause_s = JOINS.pause_s(gathering, cost, now)

    expected_s = 0.0 if cost is None else cost.of(calls)
    assert pause_s <= max(0.0, min(JOINS.max_wait_s - spread, left - expected_s)) + 1e-9
