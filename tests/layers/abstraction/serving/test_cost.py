"""What a call costs, learned from recent ones."""

import pytest

from minerva.layers.abstraction.serving.cost import Cost, Costs


def learned(*calls: tuple[int, float]) -> Cost | None:
    """Return what is known after these calls: rows and seconds."""
    costs = Costs()
    for rows, seconds in calls:
        costs.add(rows, seconds)
    return costs.cost()


def test_the_fixed_part_and_that_of_a_row_are_told_apart():
    cost = learned(*[(rows, 0.010 + 0.001 * rows) for rows in (1, 30, 7, 64, 1)])

    assert (cost.fixed_s, cost.row_s) == (pytest.approx(0.010), pytest.approx(0.001))
    assert cost.of(10) == pytest.approx(0.020)


@pytest.mark.parametrize("calls", [[], [(1, 0.5)], [(3, 0.1)] * 50])
def test_calls_that_are_all_alike_do_not_tell(calls):
    assert learned(*calls) is None


def test_what_was_long_ago_counts_for_less():
    once, now = ((rows, 0.5) for rows in (1, 9)), ((1, 0.01), (9, 0.01))

    assert learned(*once, *(now * 200)).fixed_s == pytest.approx(0.01, rel=0.05)


def test_neither_part_is_ever_negative():
    dearer_alone, nothing_fixed = learned((1, 0.9), (50, 0.1)), learned((10, 0.1), (20, 0.4))

    assert (dearer_alone.row_s, nothing_fixed.fixed_s) == (0.0, 0.0)
