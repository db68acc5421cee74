"""From the facts about one column to the field that it becomes, with the reason in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from minerva.layers.abstraction.services import name_hints
from minerva.layers.abstraction.services.column_profile import ColumnProfile
from minerva.schema import Field, FieldType

MAX_CATEGORIES = 50
MIN_REPEATS = 3
"""A text is a category if its values come back so often on average."""
IDENTIFIER_SHARE = 0.5
"""From this share of different values on, a column named like an identifier is one."""
FREE_TEXT = "not used: free text is read by text.classifier alone"

Role = Literal["key", "input", "target", "left out"]


@dataclass(frozen=True)
class Guess:
    """What a column became and why; `field` is None for a key or a column that was left out."""

    name: str
    role: Role
    field: Field | None
    reason: str
    notes: tuple[str, ...] = ()
    """What a person should look at."""


def guess_input(column: ColumnProfile, target: str) -> Guess:
    """Guess an input's field."""
    if not column.name.strip() or column.name.startswith("Unnamed: "):
        return Guess(column.name, "left out", None, "the column has no name")
    field, reason = _field(column)
    unused = _unused(column, field, target)
    notes = _notes(column, field)
    changes: dict[str, Any] = {"nullable": has_gaps(column, field)}
    if _personal(column, field):
        changes["pii"] = True
        notes = (*notes, "personal data by its name: kept out of every log")
    if unused:
        changes["use"] = False
        notes = (unused, *notes)
    return Guess(column.name, "input", _replace(field, changes), reason, notes)


def with_texts(guesses: Sequence[Guess]) -> list[Guess]:
    """Return the guesses; where no input but free text is left, the texts are what a model sees."""
    if any(one.field is not None and one.field.use for one in guesses if one.role == "input"):
        return list(guesses)
    return [_read(one) if one.notes[:1] == (FREE_TEXT,) else one for one in guesses]


def _read(guess: Guess) -> Guess:
    field = None if guess.field is None else _replace(guess.field, {"use": True})
    return replace(guess, field=field, notes=guess.notes[1:])


def has_gaps(column: ColumnProfile, field: Field) -> bool:
    """Whether some row has no value; the word None is one only where it is declared."""
    return column.missing > 0 or ("None" in column.distinct and "None" not in field.values)


def is_category(column: ColumnProfile) -> bool:
    """Whether the values are few and come back."""
    different = len(column.distinct)
    if different > MAX_CATEGORIES:
        return False
    return different <= 2 or different * MIN_REPEATS <= column.present  # noqa: PLR2004 - a pair is a choice however few the rows


def _field(column: ColumnProfile) -> tuple[Field, str]:
    different = len(column.distinct)
    if not column.present:
        return Field(type=FieldType.TEXT), "empty in every row"
    if column.truth:
        return Field(type=FieldType.BOOLEAN), "only true and false"
    if column.numeric and column.exact:
        return _number(column)
    if column.moment:
        return Field(type=FieldType.TIMESTAMP), "ISO 8601 dates"
    if is_category(column):
        values = tuple(sorted(column.distinct))
        return Field(type=FieldType.CATEGORY, values=values), f"{different} different values"
    more = "more than " if column.crowded else ""
    return Field(type=FieldType.TEXT), f"free text, {more}{different:,} different values"


def _number(column: ColumnProfile) -> tuple[Field, str]:
    low, high = column.minimum or 0.0, column.maximum or 0.0
    kind = FieldType.INTEGER if column.whole else FieldType.NUMBER
    said = "whole numbers" if column.whole else "numbers"
    if column.whole and set(column.distinct) <= {"0", "1"} and len(column.distinct) > 1:
        return Field(type=kind, minimum=0, maximum=1), "only 0 and 1: a flag"
    reason = f"{said} from {low:g} to {high:g}"
    if low >= 0 and not name_hints.signed(column.name):
        return Field(type=kind, minimum=0), f"{reason}, none negative"
    return Field(type=kind), reason


def _unused(column: ColumnProfile, field: Field, target: str) -> str | None:
    """Why a model should not see the field, or None."""
    if not column.present:
        return "not used: holds nothing"
    if len(column.distinct) == 1 and not column.missing:
        return "not used: the same value in every row"
    if name_hints.tells(column.name, target):
        return f"not used: by its name it may be known only after {target!r} is"
    if _identifies(column, field):
        return "not used: looks like an identifier"
    if _personal(column, field) and not name_hints.birth(column.name):
        return "not used: tells who someone is"
    if field.type is FieldType.TEXT:
        return FREE_TEXT
    return None


def _identifies(column: ColumnProfile, field: Field) -> bool:
    if field.type not in {FieldType.INTEGER, FieldType.TEXT}:
        return False
    different = len(column.distinct)
    if name_hints.names_one(column.name) and different > MAX_CATEGORIES:
        return True
    share = different / max(column.present, 1)
    return name_hints.identifier(column.name) and share >= IDENTIFIER_SHARE


def _personal(column: ColumnProfile, field: Field) -> bool:
    """A name alone is not enough: `phone_service` with two values is no phone number."""
    return (name_hints.personal(column.name) and len(column.distinct) > MAX_CATEGORIES) or (
        field.type is FieldType.TEXT and name_hints.personal(column.name)
    )


def _notes(column: ColumnProfile, field: Field) -> tuple[str, ...]:
    notes = []
    if column.missing:
        notes.append(f"{column.missing:,} of {column.rows:,} rows have no value")
    if field.type is FieldType.TEXT and column.foreign_date:
        notes.append("looks like dates; export them as 2026-01-31 to use them")
    if field.type is FieldType.TEXT and column.amount:
        notes.append("looks like amounts with a sign; export plain numbers to use them")
    if field.type is FieldType.CATEGORY:
        notes.extend(_rare(column))
    suspicious = field.type is FieldType.INTEGER and column.unique and column.rows >= MAX_CATEGORIES
    if suspicious and not name_hints.identifier(column.name):
        notes.append("every value differs: make it the key if it identifies a row")
    return tuple(notes)


def _rare(column: ColumnProfile) -> list[str]:
    once = sum(1 for count in column.distinct.values() if count == 1)
    return [f"{once} of its values occur only once"] if once else []


def _replace(field: Field, changes: dict[str, Any]) -> Field:
    import msgspec

    return msgspec.structs.replace(field, **changes)
