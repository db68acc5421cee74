"""Calls of one model that are in flight at once: asked together, answered each for itself."""

import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from waiting import wait_until

from minerva.algorithm import Explains
from minerva.errors import DeadlineExceeded, InvalidData
from minerva.layers.abstraction.serving.joining import Joiner, joined
from minerva.layers.abstraction.serving.pause import Joins
from minerva.schema import Batch, Schema

SCHEMA = Schema.parse(
    {"key": "id", "inputs": {"x": {"type": "number"}}, "output": {"y": {"type": "number"}}}
)
BAD, MISSHAPEN = -1.0, -2.0
LONG = Joins(max_batch=64, max_wait_s=60)


def a_batch(*values: float) -> Batch:
    """Return records with these values, and keys that tell them."""
    return Batch(SCHEMA, {"x": np.array(values)}, len(values), [str(value) for value in values])


class Doubling:
    """A model that can be held up, and remembers what it was asked together."""

    def __init__(self):
        self.asked = []
        self.free = threading.Event()
        self.free.set()

    def predict(self, batch):
        """Answer twice the value; two values it cannot answer."""
        self.asked.append(batch["x"].tolist())
        assert batch.keys == [str(value) for value in batch["x"].tolist()]
        assert self.free.wait(60)
        if (batch["x"] == BAD).any():
            raise InvalidData("This is not to be answered.")
        if (batch["x"] == MISSHAPEN).any():
            return {"y": np.zeros(len(batch) + 1)}
        return {"y": batch["x"] * 2}

    @contextmanager
    def held_up(self, joiner, pool):
        """Hold it up with a call of 0; yield a function that asks, and returns once the call waits."""
        self.free.clear()
        first = pool.submit(joiner.predict, a_batch(0.0))
        wait_until(lambda: self.asked[-1:] == [[0.0]])

        def ask(*values, until=math.inf):
            before = joiner._rows
            future = pool.submit(joiner.predict, a_batch(*values), until)
            wait_until(lambda: joiner._rows == before + len(values))
            return future

        try:
            yield ask
        finally:
            self.free.set()
            assert first.result(60)["y"].tolist() == [0.0]


@pytest.fixture
def model():
    """A model that is free."""
    return Doubling()


@pytest.fixture
def pool():
    """Threads for callers."""
    with ThreadPoolExecutor(40) as threads:
        yield threads


def test_who_comes_while_the_model_answers_is_asked_together_in_order(model, pool):
    joiner = Joiner(model.predict, LONG)

    with model.held_up(joiner, pool) as ask:
        calls = [ask(1.0), ask(2.0, 3.0), ask(4.0)]

    assert [call.result(60)["y"].tolist() for call in calls] == [[2.0], [4.0, 6.0], [8.0]]
    assert model.asked == [[0.0], [1.0, 2.0, 3.0, 4.0]]


def test_a_caller_who_is_alone_does_not_wait(model):
    joiner = Joiner(model.predict, LONG)
    began = time.monotonic()

    for value in (1.0, 2.0, 3.0):
        assert joiner.predict(a_batch(value))["y"].tolist() == [2 * value]

    assert time.monotonic() - began < LONG.max_wait_s / 2
    assert model.asked == [[1.0], [2.0], [3.0]]


def test_no_more_rows_are_joined_than_allowed_and_nobody_overtakes(model, pool):
    joiner = Joiner(model.predict, Joins(max_batch=4, max_wait_s=60, one_at_a_time=True))

    with model.held_up(joiner, pool) as ask:
        calls = [ask(1.0, 2.0, 3.0), ask(4.0, 5.0), ask(6.0)]

    assert [call.result(60)["y"][0] for call in calls] == [2.0, 8.0, 12.0]
    assert model.asked == [[0.0], [1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


@pytest.mark.parametrize("rows", [0, 4, 5])
def test_a_call_without_records_or_with_many_is_asked_by_itself(model, pool, rows):
    joiner = Joiner(model.predict, Joins(max_batch=4, max_wait_s=60))
    values = [float(row) for row in range(rows)]

    with model.held_up(joiner, pool):
        large = pool.submit(joiner.predict, a_batch(*values))
        wait_until(lambda: model.asked == [[0.0], values])

    assert large.result(60)["y"].tolist() == [2 * value for value in values]


def test_who_is_many_enough_is_asked_while_the_model_still_answers_others(model, pool):
    joiner = Joiner(model.predict, Joins(max_batch=4, max_wait_s=60))

    with model.held_up(joiner, pool) as ask:
        ask(1.0, 2.0)
        pool.submit(joiner.predict, a_batch(3.0, 4.0))
        wait_until(lambda: model.asked[1:] == [[1.0, 2.0, 3.0, 4.0]])


def test_who_has_waited_long_enough_is_asked_beside_the_call_that_runs(model, pool):
    joiner = Joiner(model.predict, Joins(max_batch=64, max_wait_s=0.001))

    with model.held_up(joiner, pool):
        pool.submit(joiner.predict, a_batch(1.0))
        wait_until(lambda: model.asked[1:] == [[1.0]])


@pytest.mark.parametrize("bad", [BAD, MISSHAPEN])
def test_a_call_that_cannot_be_answered_fails_by_itself(model, pool, bad):
    joiner = Joiner(model.predict, LONG)

    with model.held_up(joiner, pool) as ask:
        good, wrong, also_good = ask(1.0), ask(bad), ask(2.0)

    assert [good.result(60)["y"].tolist(), also_good.result(60)["y"].tolist()] == [[2.0], [4.0]]
    if bad == BAD:
        with pytest.raises(InvalidData):
            wrong.result(60)
    else:  # what is wrong with it is for whoever checks answers to say, as without joining
        assert len(wrong.result(60)["y"]) == 2
    assert model.asked[1] == [1.0, bad, 2.0]
    assert sorted(model.asked[2:]) == [[bad], [1.0], [2.0]]


def test_a_call_whose_deadline_is_over_is_not_asked_and_holds_up_nobody(model, pool):
    joiner = Joiner(model.predict, Joins(max_batch=64, max_wait_s=60, one_at_a_time=True))

    with model.held_up(joiner, pool) as ask:
        patient = ask(2.0)
        hurried = pool.submit(joiner.predict, a_batch(1.0), time.monotonic() - 1)
        soon = time.monotonic() + 0.01
        with pytest.raises(DeadlineExceeded):
            joiner.predict(a_batch(3.0), soon)
        with pytest.raises(DeadlineExceeded):
            hurried.result(60)

    assert patient.result(60)["y"].tolist() == [4.0]
    assert model.asked == [[0.0], [2.0]]


@pytest.mark.parametrize("one_at_a_time", [False, True])
@given(
    sizes=st.lists(st.lists(st.integers(0, 9), max_size=8), min_size=2, max_size=8),
    max_batch=st.integers(2, 12),
    wait_ms=st.sampled_from([0.01, 1, 20]),
)
@settings(max_examples=40, deadline=None)
def test_everybody_gets_their_own_rows_whatever_comes_when(
    one_at_a_time, sizes, max_batch, wait_ms
):
    model = Doubling()
    joiner = Joiner(model.predict, Joins(max_batch, wait_ms / 1000, one_at_a_time=one_at_a_time))

    def caller(number, rows_of_calls):
        for turn, rows in enumerate(rows_of_calls):
            values = [1000.0 * number + 10 * turn + row for row in range(rows)]
            outputs = joiner.predict(a_batch(*values))
            assert outputs["y"].tolist() == [2 * value for value in values]

    with ThreadPoolExecutor(len(sizes)) as callers:
        for done in [callers.submit(caller, n, calls) for n, calls in enumerate(sizes)]:
            done.result(60)

    assert sum(map(len, model.asked)) == sum(map(sum, sizes))
    assert all(len(asked) <= max(max_batch, 9) for asked in model.asked)


def test_a_joined_model_explains_and_saves_as_the_model_does(model, tmp_path):
    class Explaining(Doubling):
        def explain(self, batch):
            return np.ones((len(batch), 1))

        def save(self, folder):
            (folder / "saved").touch()

    explaining = joined(Explaining(), LONG)
    explaining.save(tmp_path)

    assert isinstance(explaining, Explains)
    assert explaining.explain(a_batch(1.0, 2.0)).shape == (2, 1)
    assert (tmp_path / "saved").exists()
    assert not isinstance(joined(model, LONG), Explains)


def test_calls_of_two_models_are_never_joined(pool):
    models = [Doubling(), Doubling()]
    joiners = [Joiner(model.predict, LONG) for model in models]

    with models[0].held_up(joiners[0], pool) as ask:
        waiting = ask(1.0)
        other = pool.submit(partial(joiners[1].predict, a_batch(2.0)))
        assert other.result(60)["y"].tolist() == [4.0]

    assert waiting.result(60)["y"].tolist() == [2.0]
    assert [model.asked for model in models] == [[[0.0], [1.0]], [[2.0]]]
