"""A twin is made where the algorithm has one, proved to answer alike, and timed by a clock of the tests."""

import numpy as np
import pytest
from structlog.testing import capture_logs
from tiny import SCHEMA, events_of

from minerva.algorithm import Algorithm, Context
from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.serving.twin import MOST_RECORDS
from minerva.layers.abstraction.training.twin import SAMPLE, SIZES, make_twin
from minerva.schema import Decoder, Schema

SCHEMA_READ = Schema.parse(SCHEMA)


class Clock:
    """Tells the time; `Line` lets it pass."""

    now = 0.0

    def __call__(self):
        return self.now


class Line:
    """Doubles x, in so many microseconds for a call and for each record."""

    def __init__(self, clock=None, call=0.0, record=0.0, shift=0.0):
        self.clock, self.call, self.record, self.shift = clock or Clock(), call, record, shift
        self.sizes = []

    def predict(self, batch):
        self.sizes.append(len(batch))
        self.clock.now += (self.call + self.record * len(batch)) / 1e6
        return {"y": batch["x"] * 2 + self.shift}

    def save(self, folder):
        (folder / "line").touch()


class Lines(Algorithm):
    """Has `twin` as the twin of every model."""

    name = "lines"

    def __init__(self, twin, hardest=()):
        self.given, self.hardest = twin, hardest

    def train(self, data, context):
        raise NotImplementedError

    def load(self, folder, context):
        raise NotImplementedError

    def twin(self, model, folder):
        (folder / "line").touch()
        return None if self.hardest is None else rows_of(*self.hardest)

    def load_twin(self, folder, context):
        assert (folder / "line").exists()
        if isinstance(self.given, Exception):
            raise self.given
        return self.given


class Plain(Lines):
    """Knows of no twins."""

    twin = None


def rows_of(*values):
    return Decoder(SCHEMA_READ).records([{"id": f"c-{n}", "x": x} for n, x in enumerate(values)])


def made(algorithm, model, folder, *samples):
    context = Context(SCHEMA_READ, None, folder)
    return make_twin(algorithm, model, context, folder, samples or [rows_of(*range(20))])


def test_a_twin_that_answers_alike_is_kept(tmp_path):
    twin = made(Lines(Line(shift=1e-6), hardest=(1, 2, 3)), Line(), tmp_path)

    assert (tmp_path / "twin" / "line").exists()
    assert twin.facts() == {"compared_rows": 23, "explains": False}


def test_the_proof_asks_evenly_spread_rows_of_a_large_sample(tmp_path):
    line = Line()

    twin = made(Lines(line), Line(), tmp_path, rows_of(*range(SAMPLE * 2)), rows_of(1))

    assert line.sizes == [SAMPLE, 1, 1, 1]
    assert twin.facts()["compared_rows"] == SAMPLE + 1


class Wide(Line):
    def predict(self, batch):
        return {"y": np.stack([batch["x"], batch["x"]], axis=1)}


class Wrong(Line):
    def predict(self, batch):
        return {"z": batch["x"] * 2}


class Odd(Line):
    """Answers one record otherwise when it is asked alone."""

    def predict(self, batch):
        return {"y": batch["x"] * 2 + (1.0 if len(batch) == 1 else 0.0)}


@pytest.mark.parametrize(
    "algorithm",
    [
        Lines(Line(shift=1e-3)),
        Lines(Wide()),
        Lines(Wrong()),
        Lines(Odd()),
        Lines(Line(), hardest=None),
        Lines(InvalidConfiguration("The library is not installed.")),
        Lines(RuntimeError("boom")),
        Plain(Line()),
    ],
    ids=["far", "shape", "name", "alone", "none", "no library", "fails", "knows none"],
)
def test_without_a_proved_twin_nothing_is_left(tmp_path, algorithm):
    assert made(algorithm, Line(), tmp_path) is None
    assert not (tmp_path / "twin").exists()


def test_it_is_said_why_there_is_no_twin(tmp_path):
    with capture_logs() as events:
        made(Lines(InvalidConfiguration("Not installed.")), Line(), tmp_path)

    (event,) = events_of(events, "twin.not_made")
    assert (event["algorithm"], event["reason"]) == ("lines", "Not installed.")


@pytest.mark.parametrize(
    ("model", "twin", "most"),
    [
        ((100, 3), (5, 4), 30),
        ((100, 3), (5, 5), 10),
        ((100, 3), (200, 1), 0),
        ((100, 5), (5, 3), SIZES[-1]),
        ((10, 1), (10, 1), 0),
    ],
    ids=["for few", "clearly for few", "never", "always", "as quick"],
)
def test_the_twin_is_for_as_many_records_as_it_is_quicker_for(tmp_path, model, twin, most):
    clock = Clock()
    both = made(Lines(Line(clock, *twin)), Line(clock, *model), tmp_path)

    assert both.measured(clock) == {MOST_RECORDS: most}


def test_what_was_measured_is_told(tmp_path):
    clock = Clock()
    both = made(Lines(Line(clock, 5, 4)), Line(clock, 100, 3), tmp_path)

    with capture_logs() as events:
        both.measured(clock)

    (event,) = events_of(events, "twin.measured")
    assert event["most_records"] == 30
    told = event["model_and_twin_us"]
    assert told["records_1"] == pytest.approx((103, 9))
    assert told["records_100"] == pytest.approx((400, 405))
    assert "records_300" not in told
