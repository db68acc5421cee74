"""Answers as a table: columns that the service's schema decides, and a row for each prediction."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from minerva.layers.abstraction.serving.question import Answer
from minerva.layers.abstraction.serving.wishes import Wishes, wished_columns
from minerva.schema import FieldType, Schema


def table(schema: Schema, answer: Answer, wishes: Wishes, *, header: bool) -> bytes:
    """Return an answer's predictions as a whole CSV text, with their own columns only."""
    columns = columns_of(schema, wishes)
    rows = [[cell(row.get(name)) for name in columns] for row in map(flat, answer.predictions)]
    return written([columns, *rows] if header else rows)


def columns_of(schema: Schema, wishes: Wishes) -> list[str]:
    """Return the columns of a service's answers, the same whatever a model gives."""
    columns = [] if schema.key is None else [schema.key]
    for name, field in schema.output.items():
        columns.append(name)
        if field.type is FieldType.CATEGORY:
            columns.extend(f"{name}_probability_{value}" for value in field.values)
        elif field.type is FieldType.BOOLEAN:
            columns.append(f"{name}_probability")
    return columns + wished_columns(schema, wishes)


def flat(prediction: Mapping[str, Any]) -> dict[str, Any]:
    """Return column → value: probabilities, ends of intervals and explanations get a column each."""
    cells: dict[str, Any] = {}
    for name, value in prediction.items():
        if isinstance(value, dict):
            base = name.removesuffix("_probabilities")
            many = name.removesuffix("_interval") if base == name else f"{base}_probability"
            cells |= {f"{many}_{label}": one for label, one in value.items()}
        else:
            cells[name] = value
    return cells


def cell(value: Any) -> Any:
    """Return a value as its cell shows it."""
    return ("true" if value else "false") if isinstance(value, bool) else value


def written(rows: Iterable[Sequence[Any]], delimiter: str = ",") -> bytes:
    """Return rows of cells as CSV in UTF-8."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue().encode(errors="replace")
