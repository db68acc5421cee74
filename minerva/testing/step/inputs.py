"""Checks of what a step does with other inputs than the example's: other types, gaps, rows that fail."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minerva.schema import FieldType
from minerva.step import Fields, Items
from minerva.testing.step.case import REFUSALS, Outcome, StepCase
from minerva.testing.step.declaring import accepts, variants
from minerva.testing.step.example import without_values
from minerva.testing.step.outcome import difference
from minerva.testing.verdict import Broken, NotApplicable

MEND_OTHERS = "Let a gap change what is made of its own row only."
LEAST = 2
"""Characters; a shorter value may stand in a sentence by chance."""
MEND_TYPES = "Refuse it in `outputs` with InvalidConfiguration, or tell of rows with context.fail."
MEND_GAPS = (
    "Make something of gaps (NaN, None, -1 in a category), tell of their rows with context.fail, promise "
    "nullable fields, or refuse nullable inputs in `outputs` with InvalidConfiguration."
)


def what_is_accepted_can_be_worked_on(case: StepCase) -> None:
    """Fields that `outputs` does not refuse are no surprise to `run`."""
    if case.step.outside:
        raise NotApplicable("declared outside = True: values that are made up are not sent there")
    case.run()
    for what, fields in variants(case):
        if _accepted(case, fields):
            example = case.example.with_fields(fields)
            _tried(case, example.items(), f"With {what}, which outputs accepts", MEND_TYPES)


def _accepted(case: StepCase, fields: Fields) -> bool:
    try:
        return bool(accepts(case, "", fields))
    except Broken:  # how it refuses is another check's concern
        return False


def gaps_are_no_surprise(case: StepCase) -> None:
    """Missing values are worked on, told of by row, or refused; whole rows are as before."""
    if case.step.outside:
        raise NotApplicable("declared outside = True: values that are made up are not sent there")
    whole = case.run().units
    for names, items in _with_gaps(case):
        what = f"With {' and '.join(map(repr, names))} missing in some rows"
        outcome = _tried(case, items, what, MEND_GAPS)
        if outcome is None or case.step.shape == "gather":
            continue
        before, after = (
            [None if _has_gap(row) else unit for row, unit in enumerate(units)]
            for units in (whole, outcome.units)
        )
        if wrong := difference(before, after, "among whole rows", "among rows with gaps"):
            raise Broken(f"{what}: {wrong}.", MEND_OTHERS)


def rows_that_fail_are_named(case: StepCase) -> None:
    """`context.fail` is told rows that there are, each with a reason that gives nothing away."""
    _look_at_failures(case, case.items(), case.run())
    if case.step.outside:
        return
    for _, items in _with_gaps(case):
        outcome = _quietly(case, items)
        if outcome is not None:
            _look_at_failures(case, items, outcome)


def _with_gaps(case: StepCase) -> Iterator[tuple[Sequence[str], Items]]:
    names, items = list(case.example.fields), case.items()
    rows = np.array([_has_gap(row) for row in range(len(items))], dtype=bool)
    for some in [[name] for name in names] + ([names] if len(names) > 1 else []):
        yield some, without_values(items, some, rows)


def _has_gap(row: int) -> bool:
    return row % 2 == 0


def _quietly(case: StepCase, items: Items) -> Outcome | None:
    """Return what is made of rows, None if they are refused or a promise is broken on the way."""
    try:
        return _tried(case, items, "", "")
    except Broken:
        return None


def _tried(case: StepCase, items: Items, what: str, mend: str) -> Outcome | None:
    """Return what is made of rows, None if they are refused in words. Raises Broken."""
    made = accepts(case, what, items.fields)
    if not made:
        return None
    try:
        learnt = case.learnt if items.fields.keys() == case.example.fields.keys() else None
        known = case.fit(items, made) if learnt is None else learnt
        return case.try_run(items, made, known)
    except REFUSALS:
        return None
    except Broken as broken:
        raise Broken(f"{what}: {broken.what}", mend) from broken


def _look_at_failures(case: StepCase, items: Items, outcome: Outcome) -> None:
    units = len(outcome.units)
    what = "record" if case.step.shape == "gather" else "row"
    for unit, reason in outcome.failed.items():
        if not 0 <= unit < units:
            raise Broken(
                f"context.fail was told of {what} {unit}, and there are {units}.",
                f"Tell it the position of the {what} among those that run was given, from 0.",
            )
        if not reason.strip() or reason == "None":
            raise Broken(
                f"context.fail was told no reason for {what} {unit}.",
                "Say in a sentence why nothing can be made of it.",
            )
        if value := _given_away(items, unit, reason, gathers=case.step.shape == "gather"):
            raise Broken(
                f"The reason that context.fail was told for {what} {unit} holds the value of {value!r}, "
                "which is declared personal.",
                "Name the field, not its value: reasons are logged and answered.",
            )


def _given_away(items: Items, unit: int, reason: str, *, gathers: bool) -> str | None:
    """Return the personal field whose value a reason holds."""
    rows = np.flatnonzero(items.of == unit) if gathers else [unit]
    for name, field in items.fields.items():
        if not field.pii:
            continue
        values = items.labels(name) if field.type is FieldType.CATEGORY else items[name]
        texts = [_told(values[row]) for row in rows]
        if any(len(text) >= LEAST and _stands_in(text, reason) for text in texts):
            return name
    return None


def _told(value: Any) -> str:
    """Return a value as a sentence would tell it, nothing for a gap."""
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:g}"
    return "" if value is None else str(value)


def _stands_in(text: str, sentence: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(text)}(?!\w)", sentence) is not None
