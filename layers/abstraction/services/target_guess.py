"""What is to be predicted: classes or a number, and so which algorithm."""

from __future__ import annotations

from minerva.errors import Fault, InvalidData
from minerva.layers.abstraction.services.column_guess import MAX_CATEGORIES, Guess, is_category
from minerva.layers.abstraction.services.column_profile import ColumnProfile
from minerva.schema import Field, FieldType

CLASSIFIER = "xgboost.classifier"
REGRESSOR = "xgboost.regressor"
MAX_CODES = 10
"""Whole numbers 0, 1, … up to so many are taken as classes, not as quantities."""


def guess_target(column: ColumnProfile) -> tuple[Guess, str]:
    """Return the target's guess and the algorithm. Raises InvalidData if it cannot be learnt."""
    _refuse_useless(column)
    field, reason, algorithm = _field(column)
    return Guess(column.name, "target", field, reason, _notes(column, algorithm)), algorithm


def _refuse_useless(column: ColumnProfile) -> None:
    if len(column.distinct) < 2:  # noqa: PLR2004 - one value teaches nothing
        held = "is empty in every row" if not column.present else "has the same value in every row"
        raise InvalidData(
            f"The target {column.name!r} {held}: there is nothing to learn.",
            faults=[Fault(f'column "{column.name}"', held)],
        )


def _field(column: ColumnProfile) -> tuple[Field, str, str]:
    if column.truth:
        return Field(type=FieldType.BOOLEAN), "only true and false: two classes", CLASSIFIER
    if column.numeric and column.exact:
        codes = _codes(column)
        if codes is None:
            return Field(type=FieldType.NUMBER), "a quantity: regression", REGRESSOR
        reason = f"{len(codes)} whole numbers: classes"
        return Field(type=FieldType.CATEGORY, values=codes), reason, CLASSIFIER
    if column.moment or column.crowded or not is_category(column):
        kind = "moments" if column.moment else f"{len(column.distinct):,} different texts"
        raise InvalidData(
            f"The target {column.name!r} holds {kind}: a target is a number or has at most "
            f"{MAX_CATEGORIES} values that come back.",
            faults=[Fault(f'column "{column.name}"', "cannot be predicted as it is")],
        )
    values = tuple(sorted(column.distinct))
    return Field(type=FieldType.CATEGORY, values=values), f"{len(values)} classes", CLASSIFIER


def _codes(column: ColumnProfile) -> tuple[int, ...] | None:
    """The class codes, if the numbers are two whole ones or run 0, 1, … without a gap."""
    if not column.whole or len(column.distinct) > MAX_CODES:
        return None
    codes = tuple(sorted({int(_plain(value)) for value in column.distinct if value != "None"}))
    gapless = codes == tuple(range(len(codes)))
    return codes if gapless or len(codes) == 2 else None  # noqa: PLR2004 - a pair of codes is a choice


def _plain(value: str) -> float:
    return float(value.replace(",", "."))


def _notes(column: ColumnProfile, algorithm: str) -> tuple[str, ...]:
    notes = []
    if column.missing:
        shown = ", ".join(map(str, column.missing_rows))
        more = ", …" if column.missing > len(column.missing_rows) else ""
        notes.append(
            f"{column.missing:,} rows have no truth (rows {shown}{more}): "
            "leave them out of the file before training"
        )
    if algorithm == CLASSIFIER:
        rarest = min(column.distinct.values()) / column.present
        if rarest < 0.01:  # noqa: PLR2004 - below one in a hundred, a held-out part may have none
            notes.append(f"the rarest class has {rarest:.1%} of the rows")
    if algorithm == REGRESSOR and column.whole and len(column.distinct) <= MAX_CODES:
        notes.append("few whole numbers: declare a category with values to predict classes")
    return tuple(notes)
