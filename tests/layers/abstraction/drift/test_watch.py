"""A drift is found soon, told once until it is over, and chance is not taken for one."""

import numpy as np
import pytest
from drifting import CITIES, SCHEMA, rows

from minerva.layers.abstraction.drift.bins import Bins
from minerva.layers.abstraction.drift.profile import profile_of
from minerva.layers.abstraction.drift.psi import PRIOR, chance
from minerva.layers.abstraction.drift.watch import (
    BLOCK_ROWS,
    WINDOW_ROWS,
    Change,
    Watch,
    add,
    judge,
)

THRESHOLD = 0.2


class Observer:
    """Watches the rows of one version, some at a time."""

    def __init__(self, trained) -> None:
        self.bins = Bins.of(profile_of(trained), SCHEMA)
        self.watch = Watch()
        self.changes: list[Change] = []
        self.judged = 0

    def see(self, batch) -> None:
        self.watch = add(self.watch, len(batch), self.bins.count([batch]))
        if self.watch.due:
            self.watch, changes = judge(self.watch, self.bins, THRESHOLD)
            self.judged += 1
            self.changes += changes


def test_the_window_is_judged_when_it_is_full_and_then_block_by_block(generator):
    observer = Observer(rows(generator, 500))
    judged = []
    for _ in range(70):
        observer.see(rows(generator, 10))
        judged.append(observer.judged)

    assert [10 * (1 + judged.index(times)) for times in (1, 2, 3, 4)] == [400, 500, 600, 700]


def test_what_is_older_than_the_window_is_forgotten(generator):
    observer = Observer(rows(generator, 500))
    for _ in range(500):
        observer.see(rows(generator, 7))
        assert observer.watch.rows < WINDOW_ROWS + 2 * BLOCK_ROWS
    assert observer.watch.rows >= WINDOW_ROWS


@pytest.mark.parametrize("trained", [20, 100, 1000, 20_000])
def test_undisturbed_rows_raise_no_alarm(trained):
    """As callers send them: 1,940 windows of nine fields."""
    for seed in range(20):
        generator = np.random.default_rng([seed, trained])
        observer = Observer(rows(generator, trained))
        for _ in range(100):
            observer.see(rows(generator, BLOCK_ROWS))
        assert (observer.judged, observer.changes) == (97, [])


@pytest.mark.parametrize("trained", [40, 200, 1000, 20_000])
def test_millions_of_undisturbed_windows_raise_no_alarm(trained):
    """Drawn field by field, which is quick.

    A day at one row a second has 864 windows a field, so that one alarm in a hundred days of ten fields
    is one in 864,000 windows; here are 1,125,000 for each size.
    """
    generator = np.random.default_rng(trained)
    plenty = rows(generator, 300_000)
    for _ in range(5):
        bins = Bins.of(profile_of(rows(generator, trained)), SCHEMA)
        truth = bins.count([plenty])
        for start, size in zip(bins.starts, bins.sizes, strict=True):
            part = slice(start, start + size)
            shares = truth[part] / truth[part].sum()
            drawn = generator.multinomial(WINDOW_ROWS, shares, size=25_000)
            expected, prior = bins.expected[part], PRIOR * size
            now = (drawn + prior * expected) / (WINDOW_ROWS + prior)
            values = ((now - expected) * np.log(now / expected)).sum(axis=1)
            limit = max(THRESHOLD, chance(np.array([size]), WINDOW_ROWS, trained)[0])
            assert values.max() < limit


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("trained", [200, 1000, 20_000])
@pytest.mark.parametrize("size", [5, 13, 500])
def test_a_shift_of_one_standard_deviation_is_found_within_500_rows(trained, seed, size):
    generator = np.random.default_rng([seed, trained, size])
    observer = Observer(rows(generator, trained))
    for _ in range(1000 // size):
        observer.see(rows(generator, size))
    assert observer.changes == []

    for _ in range(500 // size):
        observer.see(rows(generator, size, normal=1.0))

    ((name, began),) = [(change.name, change.began) for change in observer.changes]
    assert (name, began) == ("normal", True)
    assert observer.changes[0].value > observer.changes[0].threshold >= THRESHOLD


def test_a_drift_is_told_once_until_it_has_come_back(generator):
    observer = Observer(rows(generator, 5000))
    for shift in (0.0, 2.0, 2.0, 2.0, 0.0, 0.0, 2.0):
        for _ in range(10):
            observer.see(rows(generator, 100, normal=shift))

    assert [(change.name, change.began) for change in observer.changes] == [
        ("normal", True), ("normal", False), ("normal", True),
    ]  # fmt: skip
    assert observer.watch.drifted == {"normal"}


def test_a_value_about_the_threshold_does_not_flicker(generator):
    """Rows whose index goes up and down around the threshold, but never below half of it."""
    observer = Observer(rows(generator, 20_000))
    values = []
    for _ in range(100):
        observer.see(rows(generator, 100, normal=0.5))
        values += [change.value for change in observer.changes]

    assert len(observer.changes) == 1
    assert values[0] > THRESHOLD


@pytest.mark.parametrize(
    ("name", "shift"),
    [("skewed", 1.0), ("mostly_zero", -1.0), ("count", 2.0), ("flag", 1.0), ("constant", 0.1),
     ("constant", -0.1), ("moment", 1e8), ("plan", -1), ("city", 1)],
)  # fmt: skip
def test_every_kind_of_field_is_watched(generator, name, shift):
    observer = Observer(rows(generator, 5000))
    batch = rows(generator, 400)
    if name == "city":
        batch.columns[name][:] = np.where(batch[name] < 0, 0, CITIES - 1 - batch[name])
    elif name == "plan":
        batch.columns[name][:] = -1
    else:
        batch.columns[name][:] = batch[name] + shift
    observer.see(batch)

    assert [change.name for change in observer.changes] == [name]
