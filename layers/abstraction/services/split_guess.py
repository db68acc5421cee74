"""How rows should be held out, so that the metrics tell what will be: by time, by group, or at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from minerva.layers.abstraction.services import name_hints
from minerva.layers.abstraction.services.column_guess import MAX_CATEGORIES, Guess
from minerva.layers.abstraction.services.column_profile import ColumnProfile
from minerva.schema import FieldType

LEAST_MOMENTS = 20
"""Fewer different ones are no course of time."""
ROWS_OF_A_GROUP = 1.5
"""So many rows on average make an identifier the name of a group."""


@dataclass(frozen=True)
class SplitGuess:
    """What `training: split` shall say."""

    by: Literal["time", "group"]
    field: str
    reason: str


def guess_split(
    guesses: Sequence[Guess], columns: Mapping[str, ColumnProfile]
) -> SplitGuess | None:
    """Return how rows are best held out; None: at random, as nothing speaks against it."""
    moments = [one for one in guesses if _moment(one, columns[one.name])]
    if moments:
        name = min(moments, key=lambda one: not name_hints.happens(one.name)).name
        why = "rows have a time: the model is judged on the latest quarter, as it will be used"
        return SplitGuess("time", name, why)
    for one in guesses:
        if one.role == "input" and _group(columns[one.name]):
            why = (
                "several rows have the same one: the model is judged on those that it has never met"
            )
            return SplitGuess("group", one.name, why)
    return None


def held_out_by(guesses: Sequence[Guess], split: SplitGuess | None) -> list[Guess]:
    """Return the guesses; the field that rows are held out by is no input, unless it is the only one."""
    others = [one for one in guesses if one.role == "input" and one.field and one.field.use]
    if split is None or [one.name for one in others] == [split.field]:
        return list(guesses)
    return [_unused(one) if one.name == split.field else one for one in guesses]


def _unused(guess: Guess) -> Guess:
    import msgspec

    if guess.field is None or not guess.field.use:
        return guess
    note = "not used: rows are held out by it, and what it says will not come again"
    return replace(
        guess,
        field=msgspec.structs.replace(guess.field, use=False),
        notes=(note, *guess.notes),
    )


def _moment(guess: Guess, column: ColumnProfile) -> bool:
    """Whether it is the time at which a row happened, as far as can be seen."""
    return (
        guess.role == "input"
        and guess.field is not None
        and guess.field.type is FieldType.TIMESTAMP
        and guess.field.use
        and not column.missing
        and not name_hints.birth(guess.name)
        and len(column.distinct) >= LEAST_MOMENTS
    )


def _group(column: ColumnProfile) -> bool:
    """Whether it names what several rows are about, as `customer_id` in a table of orders."""
    return (
        name_hints.names_one(column.name)
        and not column.missing
        and (column.whole or not column.numeric)
        and not column.moment
        and len(column.distinct) > MAX_CATEGORIES
        and column.present >= ROWS_OF_A_GROUP * len(column.distinct)
    )
