"""Checks of what a step makes: promised columns, each row for itself, the same again, learnt arrays."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.layers.abstraction.serving.goldens import ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE
from minerva.step import Items
from minerva.testing.algorithm.answers import other_chances
from minerva.testing.algorithm.fresh import do_task
from minerva.testing.step import life
from minerva.testing.step.case import MEND_EXAMPLE, REAL, Learnt, Outcome, StepCase
from minerva.testing.step.declaring import life_of
from minerva.testing.step.outcome import difference
from minerva.testing.verdict import Broken, NotApplicable

MEND_CHANCE = (
    "Take no chance, or one from np.random.default_rng of a fixed seed; do not depend on the order of a "
    "set, on the time, or on what the instance did before."
)
MEND_ROWS = {
    "map": "Let row i depend on row i only: no mean, rank, scaling or sorting across rows in run.",
    "spread": "Let what is made of a row depend on that row only, whatever others there are.",
    "gather": "Let what is made of a record depend on its own rows only: go by `items.of`.",
}


def what_was_promised_is_made(case: StepCase) -> None:
    """Every field of `outputs`, of the right type, range and length, for one row at least."""
    outcome = case.run()
    if any(unit for unit in outcome.units):
        return
    reason = next(iter(outcome.failed.values()), "it made no row of them")
    if case.made_up:
        raise NotApplicable(f"{REAL} (every row that was made up failed: {reason})")
    raise Broken(f"Nothing is made of the example's rows: {reason}", MEND_EXAMPLE)


def each_row_is_for_itself(case: StepCase) -> None:
    """Alone, in halves, backwards and among many, each row becomes the same."""
    if case.step.outside:
        raise NotApplicable("declared outside = True: it may find something else each time")
    what = "record" if case.step.shape == "gather" else "row"
    whole = case.run().units
    for how, places in _splits(len(whole)):
        parts = [case.run(chosen(case, one)).units for one in places]
        order = np.concatenate(places) if places else np.empty(0, np.intp)
        found = [unit for part in parts for unit in part]
        wanted = [whole[unit] for unit in order.tolist()]
        if wrong := difference(wanted, found, "in one batch", how, what):
            raise Broken(
                f"Other {what}s change what is made of one: {wrong}.", MEND_ROWS[case.step.shape]
            )


def _splits(units: int) -> Iterator[tuple[str, list[NDArray[np.intp]]]]:
    every = np.arange(units)
    yield "alone", [every[one : one + 1] for one in range(units)]
    yield "in halves", [every[: units // 2], every[units // 2 :]]
    yield "backwards", [every[::-1]]
    yield "among many", [np.concatenate([every, every[::-1], every])]


def chosen(case: StepCase, units: NDArray[np.intp]) -> Items:
    """Return some rows, or some records with their rows, in this order."""
    items = case.items()
    if case.step.shape != "gather":
        return items.take(units)
    groups = [np.flatnonzero(items.of == unit) for unit in units]
    rows = np.concatenate([*groups, np.empty(0, np.intp)]).astype(np.intp)
    of = np.repeat(np.arange(len(units)), [len(group) for group in groups])
    columns = {name: column[rows] for name, column in items.columns.items()}
    return Items(items.fields, columns, of, len(units))


def the_columns_are_left_alone(case: StepCase) -> None:
    """What is given to run is the same afterwards: other steps look at it too."""
    items, before = case.items(), case.items()
    case.run(items)
    changed = [name for name in before.columns if not _same(items.columns.get(name), before[name])]
    if not np.array_equal(items.of, before.of):
        changed.append("of")
    if changed:
        raise Broken(
            f"run changed column {changed[0]!r} of the items that it was given.",
            f"Work on a copy: items[{changed[0]!r}].copy().",
        )


def _same(one: NDArray[Any] | None, other: NDArray[Any]) -> bool:
    if one is None or one.dtype != other.dtype:
        return False
    return np.array_equal(one, other, equal_nan=other.dtype.kind == "f")


def no_rows_give_no_rows(case: StepCase) -> None:
    """An empty batch is answered with empty columns."""
    case.run()  # what is wrong with all rows is told elsewhere
    try:
        outcome = case.run(chosen(case, np.empty(0, np.intp)))
    except Broken as broken:
        raise Broken(
            f"Without rows: {broken.what}",
            "Return empty columns, of the same types, where there are no rows.",
        ) from broken
    if outcome.units:
        raise Broken(
            "It made something of no rows.", "Return empty columns where there are no rows."
        )


def a_record_without_rows_is_answered(case: StepCase) -> None:
    """Of a step that gathers: the first, a middle and the last record have no row."""
    whole = case.run().units
    items = case.items()
    gaps = Items(items.fields, items.columns, 2 * items.of + 1, 2 * items.records + 1)
    mend = (
        "Make something of a record without rows too: size by `items.records`, or context.fail it."
    )
    try:
        found = case.run(gaps).units
    except Broken as broken:
        raise Broken(f"With records without rows: {broken.what}", mend) from broken
    if wrong := difference(whole, found[1::2], "alone", "between records without rows", "record"):
        raise Broken(f"Records without rows change others: {wrong}.", mend)


def the_same_rows_give_the_same(case: StepCase) -> None:
    """Twice here, with other random states, and in a process that has only what was learnt."""
    if case.step.outside:
        raise NotApplicable("declared outside = True: it may find something else each time")
    with other_chances(1):
        first = case.run()
    with other_chances(2):
        second = case.run()
    if wrong := _between(case, first, second):
        raise Broken(f"Two runs on the same rows differ: {wrong}.", MEND_CHANCE)
    with tempfile.TemporaryDirectory(prefix="minerva-contract-") as name:
        life.keep(case.learnt, Path(name))
        task = case.pack("again", Path(name))
        try:
            again = do_task(task, case.workspace, case.limits.timeout_s)["units"]
        except Broken as broken:
            raise Broken(
                f"In a fresh process: {broken.what}", f"{broken.mend} {MEND_CHANCE}"
            ) from broken
    if wrong := difference(first.units, again, "here", "in a fresh process"):
        raise Broken(f"A fresh process makes something else: {wrong}.", MEND_CHANCE)


def _between(case: StepCase, first: Outcome, second: Outcome) -> str | None:
    what = "record" if case.step.shape == "gather" else "row"
    return difference(first.units, second.units, "first", "then", what)


def what_is_learnt_is_arrays(case: StepCase) -> None:
    """Fit gives plain arrays, which can be kept, and the same of the same rows."""
    with other_chances(1):
        first = case.refused("fit", lambda: case.fit(case.items(), case.fields))
    with other_chances(2):
        second = case.refused("fit", lambda: case.fit(case.items(), case.fields))
    with tempfile.TemporaryDirectory(prefix="minerva-contract-") as name:
        life.keep(first, Path(name))
    if wrong := _other(first, second):
        raise Broken(f"Two fits on the same rows differ: {wrong}.", MEND_CHANCE)
    elsewhere = life_of(case)["learnt"]
    if elsewhere and (wrong := _other(first, elsewhere)):
        raise Broken(f"A fit in a fresh process differs: {wrong}.", MEND_CHANCE)


def _other(one: Learnt, other: Learnt) -> str | None:
    """Say which array differs by more than roundings; None: none."""
    if one.keys() != other.keys():
        return "they have other names"
    differ = (name for name, array in one.items() if not _close(array, other[name]))
    return next((f"array {name!r} is another one" for name in differ), None)


def _close(one: NDArray[Any], other: NDArray[Any]) -> bool:
    if one.shape != other.shape or one.dtype.kind not in "fiub" or other.dtype.kind not in "fiub":
        return np.array_equal(one, other)
    return np.allclose(one, other, RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE, equal_nan=True)
