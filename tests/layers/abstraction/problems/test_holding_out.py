"""Holding rows out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posing import posed, rows_of

from minerva.errors import InvalidData

NUMBER = {"type": "number"}
CLASSES = {"type": "category", "values": ["a", "b", "c"]}


def hold_out(truth, field, share, seed):
    problem = posed({"y": field})
    return problem.hold_out(rows_of(problem.schema, {"y": truth}), None, share, seed)


def folds(truth, field, count, seed):
    problem = posed({"y": field})
    return problem.folds(rows_of(problem.schema, {"y": truth}), None, count, seed)


def by(way, values, kind="", truth=None):
    """Return a problem whose rows are held out by a field, the rows, and the field's values."""
    declared = {"training": {"split": {"by": way, "field": "x"}}}
    problem = posed({"y": CLASSES if kind else NUMBER}, kind=kind, **declared)
    found = rows_of(problem.schema, {"y": np.zeros(len(values)) if truth is None else truth})
    return problem, found, np.asarray(values)


@given(
    st.lists(st.integers(0, 2), min_size=2, max_size=60),
    st.floats(0.001, 0.999),
    st.integers(0, 2**31 - 1),
    st.sampled_from([NUMBER, CLASSES]),
)
@settings(deadline=None)
def test_every_row_is_in_one_part_and_no_part_is_empty(target, share, seed, field):
    truth = np.array(target, dtype=np.int32)

    train, held = hold_out(truth, field, share, seed)

    assert sorted([*train, *held]) == list(range(len(truth)))
    assert train.tolist() == sorted(train)
    assert held.tolist() == sorted(held)
    assert min(len(train), len(held)) >= 1


@given(st.lists(st.integers(0, 2), min_size=2, max_size=60), st.floats(0.01, 0.99))
@settings(deadline=None)
def test_classes_keep_their_proportions_and_a_row_to_learn_from(target, share):
    truth = np.array(target, dtype=np.int32)

    train, held = hold_out(truth, CLASSES, share, 0)

    for code in np.unique(truth):
        size = int((truth == code).sum())
        in_held = int((truth[held] == code).sum())
        assert abs(in_held - size * share) <= 1
    if len(held) > 1:
        assert set(truth[train]) == set(truth)


def test_the_same_seed_holds_out_the_same_rows_and_another_seed_others():
    truth = np.arange(1000.0)

    first, again = hold_out(truth, NUMBER, 0.25, 7)[1], hold_out(truth, NUMBER, 0.25, 7)[1]
    other = hold_out(truth, NUMBER, 0.25, 8)[1]

    np.testing.assert_array_equal(first, again)
    assert len(first) == len(other) == 250
    assert set(first) != set(other)


def test_truth_and_falsehood_are_classes_too():
    truth = np.array([0.0] * 96 + [1.0] * 4)

    _, held = hold_out(truth, {"type": "boolean"}, 0.25, 0)

    assert truth[held].sum() == 1


@pytest.mark.parametrize("field", [NUMBER, CLASSES])
def test_of_two_rows_one_is_held_out_whatever_the_share(field):
    for share in (0.001, 0.999):
        train, held = hold_out(np.array([0, 1], dtype=np.int32), field, share, 0)

        assert (len(train), len(held)) == (1, 1)


@given(
    st.lists(st.integers(0, 2), min_size=6, max_size=60),
    st.integers(2, 6),
    st.integers(0, 2**31 - 1),
    st.sampled_from([NUMBER, CLASSES]),
)
@settings(deadline=None)
def test_folds_hold_every_row_out_once(target, count, seed, field):
    truth = np.array(target, dtype=np.int32)

    parts = folds(truth, field, count, seed)

    assert sorted(row for _, held in parts for row in held) == list(range(len(truth)))
    assert all(sorted([*train, *held]) == list(range(len(truth))) for train, held in parts)
    sizes = [len(held) for _, held in parts]
    assert max(sizes) - min(sizes) <= 1


@given(st.lists(st.integers(0, 2), min_size=6, max_size=60), st.integers(2, 6))
@settings(deadline=None)
def test_classes_are_spread_over_the_folds_evenly(target, count):
    truth = np.array(target, dtype=np.int32)

    parts = folds(truth, CLASSES, count, 0)

    for code in np.unique(truth):
        held = [int((truth[rows] == code).sum()) for _, rows in parts]
        assert max(held) - min(held) <= 1


@given(st.lists(st.integers(0, 30), min_size=2, max_size=60), st.floats(0.01, 0.99))
@settings(deadline=None)
def test_by_time_what_is_held_out_is_later_than_all_that_is_learnt_from(times, share):
    problem, rows, moments = by("time", times)
    if len(set(times)) == 1:
        with pytest.raises(InvalidData, match="of one moment"):
            problem.hold_out(rows, moments, share, 0)
        return

    train, held = problem.hold_out(rows, moments, share, 0)

    assert sorted([*train, *held]) == list(range(len(times)))
    assert moments[train].max() < moments[held].min()


def test_by_time_about_the_share_is_held_out_however_rows_are_sorted():
    moments = np.random.default_rng(0).permutation(1000)
    problem, rows, moments = by("time", moments)

    _, held = problem.hold_out(rows, moments, 0.2, 0)

    assert sorted(moments[held]) == list(range(800, 1000))


@given(
    st.lists(st.integers(0, 9), min_size=2, max_size=60), st.floats(0.01, 0.99), st.integers(0, 99)
)
@settings(deadline=None)
def test_by_group_no_group_is_on_both_sides(groups, share, seed):
    problem, rows, names = by("group", groups)
    if len(set(groups)) == 1:
        with pytest.raises(InvalidData, match="of one group"):
            problem.hold_out(rows, names, share, seed)
        return

    train, held = problem.hold_out(rows, names, share, seed)

    assert sorted([*train, *held]) == list(range(len(groups)))
    assert set(names[train]).isdisjoint(names[held])
    assert min(len(train), len(held)) >= 1


def test_by_group_about_the_share_is_held_out():
    problem, rows, names = by("group", np.repeat(np.arange(100), 7))

    _, held = problem.hold_out(rows, names, 0.25, 3)

    assert len(held) == 175
    assert set(held) != set(problem.hold_out(rows, names, 0.25, 4)[1])


def test_groups_may_be_texts():
    problem, rows, names = by("group", np.array(["a", "b"] * 5, dtype=object))

    train, held = problem.hold_out(rows, names, 0.25, 0)

    assert {*names[train]} | {*names[held]} == {"a", "b"}
    assert len(train) == len(held) == 5


def test_folds_in_time_learn_from_what_was_before():
    problem, rows, moments = by("time", np.random.default_rng(0).permutation(40))

    parts = problem.folds(rows, moments, 3, 0)

    assert [len(held) for _, held in parts] == [10, 10, 10]
    assert all(moments[train].max() < moments[held].min() for train, held in parts)
    with pytest.raises(InvalidData, match="too few for 40 folds"):
        problem.folds(rows, moments, 40, 0)


def test_folds_of_groups_hold_every_group_out_once():
    problem, rows, names = by("group", np.repeat(np.arange(10), 4))

    parts = problem.folds(rows, names, 5, 0)

    assert sorted(row for _, held in parts for row in held) == list(range(40))
    assert all(set(names[train]).isdisjoint(names[held]) for train, held in parts)
    with pytest.raises(InvalidData, match="of 10 groups: too few for 11 folds"):
        problem.folds(rows, names, 11, 0)


@pytest.mark.parametrize("way", ["random", "time", "group"])
def test_only_rows_with_a_truth_are_held_out_where_some_have_none(way):
    truth = np.array([0, 1, 2, -1] * 10)
    problem, rows, values = by(
        "time" if way == "random" else way, np.arange(40), "semi-supervised", truth
    )
    chosen = None if way == "random" else values

    train, held = problem.hold_out(rows, chosen, 0.2, 0)
    parts = problem.folds(rows, chosen, 2, 0)

    assert len(held) == 6
    assert (truth[held] >= 0).all()
    assert sorted([*train, *held]) == list(range(40))
    assert all((truth[later] >= 0).all() for _, later in parts)


@pytest.mark.parametrize("seed", range(8))
def test_a_group_that_is_most_of_the_rows_is_learnt_from(seed):
    problem, rows, names = by("group", np.array([0] * 80 + [*range(1, 21)]))

    _, held = problem.hold_out(rows, names, 0.1, seed)

    assert 0 not in names[held]
    assert len(held) == 10


def test_of_two_large_groups_the_smaller_is_held_out():
    problem, rows, names = by("group", np.array([0] * 60 + [1] * 40))

    _, held = problem.hold_out(rows, names, 0.1, 0)

    assert set(names[held]) == {1}
