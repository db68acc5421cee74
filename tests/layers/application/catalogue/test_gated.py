"""What a recurrent network is given, and how it goes on; no library is needed for it."""

import subprocess
import sys

import numpy as np

from minerva.layers.application.catalogue import gated

NOTHING_LEARNT = {
    "given": np.zeros((1, 12)), "held": np.zeros((4, 12)),
    "given_start": np.zeros(12), "held_start": np.zeros(12),
    "out": np.zeros((4, 1)), "start": np.zeros(1),
}  # fmt: skip


def test_what_is_not_known_is_as_it_last_was():
    rows = np.array([[np.nan, 1.0, np.nan, 3.0], [np.nan] * 4])

    assert gated.filled(rows).tolist() == [[0, 1, 1, 3], [0, 0, 0, 0]]


def test_many_windows_are_chosen_from_and_short_series_have_one():
    chance = np.random.default_rng(0)

    given, wanted = gated.windows([np.arange(30_000.0), np.arange(3.0)], 8, chance)

    assert given.shape == wanted.shape == (gated.MOST_WINDOWS, 8)
    alone, next_ = gated.windows([np.arange(1.0, 4.0)], 8, chance)
    assert alone[0].tolist() == [0, 0, 0, 0, 0, 0, 1, 2]
    assert next_[0, -2:].tolist() == [2, 3]


def test_what_is_to_come_is_added_to_what_was_last_and_keeps_its_bounds():
    weights = {**NOTHING_LEARNT, "start": np.array([5.0])}

    assert gated.gone_on(NOTHING_LEARNT, np.array([1.0, 2.0]), 5, 3, most=9.0).tolist() == [2, 2, 2]
    assert gated.gone_on(weights, np.array([1.0, 2.0]), 5, 4, most=9.0).tolist() == [7, 9, 9, 9]


def test_the_order_of_the_steps_counts():
    chance = np.random.default_rng(0)
    weights = {name: chance.normal(size=one.shape) for name, one in NOTHING_LEARNT.items()}
    steps = chance.normal(size=(2, 5, 1))

    there, back = gated.last_held(weights, steps), gated.last_held(weights, steps[:, ::-1])

    assert np.abs(there - back).min() > 1e-3


def test_who_serves_needs_no_library_of_training():
    program = """
import sys
import minerva.layers.application.catalogue.plugin as plugin
plugin.minerva_algorithms()
print([name for name in ("torch", "sklearn", "pandas") if name in sys.modules])
"""

    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )

    assert told.stdout.strip() == "[]"
