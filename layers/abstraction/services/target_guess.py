"""What is to be predicted, and whether it is classes or a number."""

from __future__ import annotations

from collections.abc import Mapping

from minerva.errors import Fault, InvalidConfiguration, InvalidData
from minerva.layers.abstraction.services import name_hints
from minerva.layers.abstraction.services.column_guess import MAX_CATEGORIES, Guess, is_category
from minerva.layers.abstraction.services.column_profile import ColumnProfile
from minerva.schema import Field, FieldType

MAX_CODES = 10
"""Whole numbers 0, 1, … up to so many are taken as classes, not as quantities."""


def guess_target(column: ColumnProfile, *, said: bool = True) -> Guess:
    """Return the target's guess; `said`: somebody named it. Raises InvalidData if it cannot be learnt."""
    _refuse_useless(column)
    field, reason = _field(column)
    notes = _notes(column, field)
    if not said:
        notes = ("a proposal: --target names another column", *notes)
    return Guess(column.name, "target", field, reason, notes)


def propose_target(columns: Mapping[str, ColumnProfile], key: str | None) -> str:
    """Return the column that is probably to be predicted: by its name, else the last that can be.

    Raises InvalidConfiguration if none can.
    """
    fitting = [name for name, column in columns.items() if name != key and _fits(column)]
    named = [name for name in fitting if name_hints.target(name)]
    if not fitting:
        raise InvalidConfiguration(
            "No column could be predicted: none has values that come back, or numbers.",
            faults=[Fault("--target", "name the column")],
        )
    return (named or fitting)[-1]


def _fits(column: ColumnProfile) -> bool:
    if name_hints.identifier(column.name) or column.missing:
        return False
    try:
        _refuse_useless(column)
        field, _ = _field(column)
    except InvalidData:
        return False
    return field.type is not FieldType.NUMBER or not (column.whole and column.unique)


def _refuse_useless(column: ColumnProfile) -> None:
    if len(column.distinct) < 2:  # noqa: PLR2004 - one value teaches nothing
        held = "is empty in every row" if not column.present else "has the same value in every row"
        raise InvalidData(
            f"The target {column.name!r} {held}: there is nothing to learn.",
            faults=[Fault(f'column "{column.name}"', held)],
        )


def _field(column: ColumnProfile) -> tuple[Field, str]:
    if column.truth:
        return Field(type=FieldType.BOOLEAN), "only true and false: two classes"
    if column.numeric and column.exact:
        codes = _codes(column)
        if codes is None:
            return Field(type=FieldType.NUMBER), "a quantity: regression"
        reason = f"{len(codes)} whole numbers: classes"
        return Field(type=FieldType.CATEGORY, values=codes), reason
    if column.moment or column.crowded or not is_category(column):
        kind = "moments" if column.moment else f"{len(column.distinct):,} different texts"
        raise InvalidData(
            f"The target {column.name!r} holds {kind}: a target is a number or has at most "
            f"{MAX_CATEGORIES} values that come back.",
            faults=[Fault(f'column "{column.name}"', "cannot be predicted as it is")],
        )
    values = tuple(sorted(column.distinct))
    return Field(type=FieldType.CATEGORY, values=values), f"{len(values)} classes"


def _codes(column: ColumnProfile) -> tuple[int, ...] | None:
    """The class codes, if the numbers are two whole ones or run 0, 1, … without a gap."""
    if not column.whole or len(column.distinct) > MAX_CODES:
        return None
    codes = tuple(sorted({int(_plain(value)) for value in column.distinct if value != "None"}))
    gapless = codes == tuple(range(len(codes)))
    return codes if gapless or len(codes) == 2 else None  # noqa: PLR2004 - a pair of codes is a choice


def _plain(value: str) -> float:
    return float(value.replace(",", "."))


def _notes(column: ColumnProfile, field: Field) -> tuple[str, ...]:
    notes = []
    if column.missing:
        shown = ", ".join(map(str, column.missing_rows))
        more = ", …" if column.missing > len(column.missing_rows) else ""
        notes.append(
            f"{column.missing:,} rows have no truth (rows {shown}{more}): "
            "leave them out of the file before training"
        )
    number = field.type is FieldType.NUMBER
    if not number:
        rarest = min(column.distinct.values()) / column.present
        if rarest < 0.01:  # noqa: PLR2004 - below one in a hundred, a held-out part may have none
            notes.append(f"the rarest class has {rarest:.1%} of the rows")
    if number and column.whole and len(column.distinct) <= MAX_CODES:
        notes.append("few whole numbers: declare a category with values to predict classes")
    return tuple(notes)
