"""Guessing a service's schema from a table of text cells; every guess says why it was made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from minerva.errors import Fault, InvalidConfiguration, InvalidData
from minerva.layers.abstraction.services import name_hints
from minerva.layers.abstraction.services.algorithm_guess import guess_algorithm
from minerva.layers.abstraction.services.column_guess import Guess, guess_input, with_texts
from minerva.layers.abstraction.services.column_profile import ColumnProfile
from minerva.layers.abstraction.services.split_guess import SplitGuess, guess_split, held_out_by
from minerva.layers.abstraction.services.target_guess import guess_target, propose_target
from minerva.schema import Field, FieldType, Schema
from minerva.spelling import hint

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Inferred:
    """A guessed service: what `authoring` writes down."""

    schema: Schema
    algorithm: str
    why: str
    """Why this algorithm."""
    guesses: tuple[Guess, ...]
    """One per column, in the table's order; `role` tells key, input, target or left out."""
    rows: int
    split: SplitGuess | None = None
    """How rows are held out; None: at random."""


def infer(
    frames: Iterable[pd.DataFrame],
    target: str | None,
    key: str | None = None,
    decimal: Literal[".", ","] = ".",
) -> Inferred:
    """Guess from all rows of a table of str cells; without a target, that too.

    Raises InvalidConfiguration if there is no such target or key column, InvalidData if the target
    cannot be learnt from.
    """
    columns = _profile(frames, target, key, decimal)
    rows = next(iter(columns.values())).rows
    if not rows:
        raise InvalidData("The table has column names but no rows: there is nothing to guess from.")
    said = target is not None
    target = target or propose_target(columns, key)
    output = guess_target(columns[target], said=said)
    key_guess = _key(columns, target, key)
    guesses = [
        output
        if name == target
        else key_guess
        if key_guess is not None and name == key_guess.name
        else guess_input(column, target)
        for name, column in columns.items()
    ]
    split = guess_split(guesses, columns)
    guesses = held_out_by(guesses, split)
    if output.field is not None and output.field.type is not FieldType.NUMBER:
        guesses = with_texts(guesses)
    schema = Schema(
        inputs=_fields(guesses, "input"),
        output=_fields(guesses, "target"),
        key=None if key_guess is None else key_guess.name,
    )
    if not schema.features:
        raise InvalidData(
            "No column beside the target could serve as an input: they are empty, constant, "
            "identifiers or free text."
        )
    algorithm = guess_algorithm(schema, rows)
    return Inferred(schema, algorithm.name, algorithm.reason, tuple(guesses), rows, split)


def _profile(
    frames: Iterable[pd.DataFrame], target: str | None, key: str | None, decimal: str
) -> dict[str, ColumnProfile]:
    columns: dict[str, ColumnProfile] = {}
    for frame in frames:
        if not columns:
            names = [str(name) for name in frame.columns]
            for name, what in ((target, "target"), (key, "key")):
                if name is not None:
                    _present(name, names, what)
            _differ(key, target)
            columns = {name: ColumnProfile(name, decimal) for name in names}
        for name, column in columns.items():
            column.add(frame[name])
    return columns


def _present(name: str, columns: Sequence[str], what: str) -> None:
    if name in columns:
        return
    shown = ", ".join(columns[:20]) + (", …" if len(columns) > 20 else "")  # noqa: PLR2004 - enough to find a name in
    raise InvalidConfiguration(
        f"The table has no column {name!r} for the {what}.",
        faults=[Fault(f"--{what}", hint(name, columns, f"there are: {shown}"))],
    )


def _differ(key: str | None, target: str | None) -> None:
    if key is not None and key == target:
        raise InvalidConfiguration(f"Column {key!r} cannot be both key and target.")


def _key(columns: dict[str, ColumnProfile], target: str, wanted: str | None) -> Guess | None:
    """The column that was asked for, else the first that has an identifier's name and values."""
    if wanted is not None:
        return Guess(wanted, "key", None, "you said so", _key_notes(columns[wanted]))
    for name, column in columns.items():
        named = name_hints.identifier(name) and not name_hints.personal(name) and name != target
        if named and column.unique and (column.whole or not column.numeric):
            return Guess(name, "key", None, "its name and its values identify a row")
    return None


def _key_notes(column: ColumnProfile) -> tuple[str, ...]:
    if column.unique:
        return ()
    repeated = column.present - len(column.distinct)
    empty = f"; {column.missing} rows have none" if column.missing else ""
    return (f"not unique: {repeated} rows repeat a value{empty}",)


def _fields(guesses: Sequence[Guess], role: str) -> dict[str, Field]:
    return {guess.name: guess.field for guess in guesses if guess.role == role and guess.field}
