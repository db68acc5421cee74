"""How long one record takes, told by a clock that the tests hold."""

import math

import pytest
from tiny import SCHEMA

from minerva.layers.abstraction.training.latency import (
    ENOUGH_S,
    FEWEST,
    MOST,
    WARM_UP,
    measure_latency,
)
from minerva.schema import Decoder, Schema


class Clock:
    """Tells the time; `Slow` lets it pass."""

    now = 0.0

    def __call__(self):
        return self.now


class Slow:
    """A model whose n-th call takes `milliseconds(n)`."""

    def __init__(self, clock, milliseconds):
        self.clock, self.milliseconds, self.asked = clock, milliseconds, []

    def predict(self, batch):
        self.clock.now += self.milliseconds(len(self.asked)) / 1000
        self.asked.append(batch)
        assert len(batch) == 1
        return {}


def batch_of(count):
    return Decoder(Schema.parse(SCHEMA)).records([{"id": f"c-{n}", "x": n} for n in range(count)])


def test_the_slowest_twentieth_is_left_out():
    clock = Clock()
    model = Slow(clock, lambda call: 9.0 if call % 20 == 0 else 2.0)

    assert measure_latency(model, batch_of(10), clock) == pytest.approx(2.0)


def test_what_more_than_a_twentieth_takes_counts():
    clock = Clock()
    model = Slow(clock, lambda call: 9.0 if call % 10 == 0 else 2.0)

    assert measure_latency(model, batch_of(10), clock) == pytest.approx(9.0)


def test_the_first_calls_are_not_counted():
    clock = Clock()
    model = Slow(clock, lambda call: 900.0 if call < WARM_UP else 2.0)

    assert measure_latency(model, batch_of(1), clock) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("milliseconds", "calls"),
    [(0.001, MOST), (1000.0, FEWEST), (ENOUGH_S * 1000 / 100, 100)],
)
def test_a_fast_model_is_asked_more_often_than_a_slow_one(milliseconds, calls):
    clock = Clock()
    model = Slow(clock, lambda call: milliseconds)

    assert measure_latency(model, batch_of(3), clock) == pytest.approx(milliseconds)
    assert len(model.asked) == pytest.approx(WARM_UP + calls, abs=1)


def test_without_a_record_nothing_can_be_measured():
    assert math.isnan(measure_latency(Slow(Clock(), lambda call: 1), batch_of(0), Clock()))


def test_what_the_model_raises_is_raised():
    def fails(call):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        measure_latency(Slow(Clock(), fails), batch_of(1), Clock())
