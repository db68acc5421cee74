"""Rows to try a step with, as a person writes them or made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva.conversion import explained
from minerva.errors import InvalidConfiguration, MinervaError
from minerva.layers.abstraction.flows.fitting import empty
from minerva.schema import Decoder, Field, FieldType, Schema
from minerva.schema.example import example_record
from minerva.schema.field import RESERVED
from minerva.step import Fields, Items, Step
from minerva.testing.algorithm.data import made_up_records
from minerva.testing.verdict import Broken, described

ROWS = 6
TYPES = tuple(one for one in FieldType if one not in RESERVED)
UNUSED = {"": Field(type=FieldType.NUMBER)}
MEND = "Give the contract `fields` as a service's inputs, and `columns` of values that fit them."


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of named fields; of a step that gathers, in groups."""

    fields: dict[str, Field]
    columns: dict[str, list[Any]]
    """Field → its values as a caller sends them, None where missing."""
    of: tuple[int, ...]
    """Which record each row belongs to."""
    records: int

    def items(self) -> Items:
        """Return the rows as a step is given them. Raises Broken if they do not fit their fields."""
        if not self.fields:
            return Items({}, {}, np.array(self.of, np.intp), self.records)
        rows = [
            dict(zip(self.columns, row, strict=True))
            for row in zip(*self.columns.values(), strict=True)
        ]
        schema = Schema(self.fields, UNUSED)
        try:
            batch = Decoder(schema).records(rows)
        except MinervaError as error:
            raise Broken(
                f"The example does not fit its fields: {described(error)}.", MEND
            ) from error
        return Items(self.fields, batch.columns, np.array(self.of, np.intp), self.records)

    def with_fields(self, fields: Fields) -> Example:
        """Return an example with other fields, made up where they differ from these."""
        made = columns_made_up(fields, len(self.of))
        kept = {
            name: self.columns[name] if self.fields.get(name) == field else made[name]
            for name, field in fields.items()
        }
        return Example(fields=dict(fields), columns=kept, of=self.of, records=self.records)


def example_of(
    step: Step,
    fields: Mapping[str, Any] | None,
    columns: Mapping[str, Sequence[Any]] | None,
    of: Sequence[int] | None,
    records: int | None,
) -> Example:
    """Return what a test declares; what it leaves out is made up. Raises Broken for what does not fit."""
    declared = _fields(step, fields, columns)
    given = (
        columns_made_up(declared, ROWS)
        if columns is None
        else {name: list(column) for name, column in columns.items()}
    )
    lengths = {len(column) for column in given.values()}
    if set(given) != set(declared) or len(lengths) > 1:
        raise Broken("The example's columns are not its fields, or not of one length.", MEND)
    rows = lengths.pop() if lengths else ROWS
    groups = tuple(of) if of is not None else grouped(step, rows)
    most = records if records is not None else max(groups, default=-1) + 1
    if (
        len(groups) != rows
        or list(groups) != sorted(groups)
        or not all(0 <= one < most for one in groups)
    ):
        raise Broken(
            f"The example's `of` is no record for each of its {rows} rows, in order.",
            "Give `of` a number for each row, never decreasing, and `records`, how many there are.",
        )
    return Example(fields=declared, columns=given, of=groups, records=most)


def grouped(step: Step, rows: int) -> tuple[int, ...]:
    """Return which record rows belong to: one each, or groups of one, two and three rows, and so on."""
    if step.shape != "gather":
        return tuple(range(rows))
    groups = [record for record in range(rows) for _ in range(record % 3 + 1)]
    return tuple(groups[:rows])


def columns_made_up(fields: Fields, rows: int) -> dict[str, list[Any]]:
    """Return values that fit: an example of each field first, then others."""
    if not fields:
        return {}
    schema = Schema(fields, UNUSED)
    made = [example_record(schema), *made_up_records(schema, max(rows - 1, 1))][:rows]
    return {name: [row[name] for row in made] for name in fields}


def field_made_up(type_: str) -> Field:
    """Return a field of a type."""
    values = ("a", "b", "c") if type_ == FieldType.CATEGORY else ()
    return Field(type=FieldType(type_), values=values)


def without_values(items: Items, names: Sequence[str], rows: NDArray[np.bool_]) -> Items:
    """Return items in which values of some fields are missing in the rows of a mask, shape (n,)."""
    columns = dict(items.columns)
    for name in names:
        field = items.fields[name]
        columns[name] = columns[name].copy()
        columns[name][rows] = empty(field, int(rows.sum()))
    fields = {
        name: msgspec.structs.replace(field, nullable=True) if name in names else field
        for name, field in items.fields.items()
    }
    return Items(fields, columns, items.of, items.records)


def _fields(
    step: Step, fields: Mapping[str, Any] | None, columns: Mapping[str, Any] | None
) -> dict[str, Field]:
    if fields is not None:
        return {name: _field(name, one) for name, one in fields.items()}
    if step.inputs:
        return {name: field_made_up(_first(types)) for name, types in step.inputs.items()}
    if columns is not None:
        raise Broken("The example has columns without fields.", MEND)
    return {type_.value: field_made_up(type_) for type_ in TYPES}


def _first(types: Sequence[str]) -> str:
    """Return a type that there is, whatever is declared: that is another check's concern."""
    return next((one for one in types if one in TYPES), FieldType.NUMBER)


def _field(name: str, declared: Any) -> Field:
    if isinstance(declared, Field):
        return declared
    try:
        return msgspec.convert(declared, Field)
    except msgspec.ValidationError as error:
        wrong = "; ".join(map(str, explained(error, declared, Field, f"/fields/{name}")))
        raise Broken(f"Field {name!r} of the example is none: {wrong}.", MEND) from error
    except InvalidConfiguration as error:
        raise Broken(f"Field {name!r} of the example is none: {error.message}.", MEND) from error
