"""From a batch to the numbers or texts that a model was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from minerva import Batch, Field, FieldType, InvalidConfiguration, Schema
from minerva.errors import Fault
from minerva.spelling import meant

Categories = Literal["index", "value"]
"""How a category is handed over: as its index in the schema's values, or as the value itself."""
LARGEST = float(np.finfo(np.float32).max)


def features_of(
    names: Sequence[str] | None, count: int, schema: Schema, file: str
) -> tuple[str, ...]:
    """Return the schema's features in the model's order; in their own where it names none.

    Raises InvalidConfiguration with the fields that differ.
    """
    features = schema.features
    faults: list[Fault] = []
    if names is None:
        if len(features) != count:
            said = f"{len(features)} used inputs, but the model takes {count}"
            faults.append(Fault("/schema/inputs", said))
    else:
        faults += [_lacking(name, features) for name in names if name not in features]
        faults += [
            Fault(f"/schema/inputs/{name}", "the model does not take it; set `use: false`")
            for name in features
            if name not in names
        ]
    if faults:
        raise InvalidConfiguration(f"{file} does not fit the schema.", faults=faults)
    return features if names is None else tuple(names)


def check_numeric(schema: Schema, categories: Categories, file: str) -> None:
    """Raise InvalidConfiguration for a used field that has no number."""
    faults = [
        Fault(f"/schema/inputs/{name}", what)
        for name in schema.features
        if (what := _without_number(schema.inputs[name], categories))
    ]
    if faults:
        raise InvalidConfiguration(f"{file} takes numbers only.", faults=faults)


def matrix(
    batch: Batch, features: Sequence[str], categories: Categories, dtype: type[np.floating[Any]]
) -> NDArray[np.floating[Any]]:
    """Return shape (n, features), missing as NaN; what a float32 cannot hold as its largest."""
    made = np.empty((len(batch), len(features)))
    for position, name in enumerate(features):
        made[:, position] = numbers(batch, name, categories)
    if dtype is np.float32:
        np.clip(made, -LARGEST, LARGEST, out=made)
    return made.astype(dtype, copy=False)


def numbers(batch: Batch, name: str, categories: Categories) -> NDArray[np.float64]:
    """Return one field as float64, missing as NaN."""
    field, column = batch.schema.inputs[name], batch[name]
    if field.type is not FieldType.CATEGORY:
        return np.asarray(column, dtype=np.float64)
    told: Sequence[Any] = field.values if categories == "value" else range(len(field.values))
    return np.array([*told, np.nan], dtype=np.float64)[column]  # -1, missing, is the last one


def values(batch: Batch, name: str) -> NDArray[Any]:
    """Return one field as its values: float64 with NaN, or objects of text with None."""
    field, column = batch.schema.inputs[name], batch[name]
    if field.type is FieldType.TEXT:
        return column
    if field.type is not FieldType.CATEGORY or not has_texts(field):
        return numbers(batch, name, "value")
    return np.array([*field.values, None], dtype=object)[column]


def has_texts(field: Field) -> bool:
    """Whether a category has values that are no numbers."""
    return any(isinstance(value, str) for value in field.values)


def positional(count: int) -> list[str]:
    """Return names for features that a model does not name."""
    return [f"feature_{position}" for position in range(count)]


def _lacking(name: str, features: Sequence[str]) -> Fault:
    close = meant(name, features)
    hint = f"; {close!r} is named otherwise" if close else ""
    return Fault("/schema/inputs", f"lacks {name!r}, which the model takes{hint}")


def _without_number(field: Field, categories: Categories) -> str:
    if field.type is FieldType.TEXT:
        return "is text; set `use: false`"
    if field.type is FieldType.CATEGORY and categories == "value" and has_texts(field):
        return "its values are texts; set the parameter `categories: index`"
    return ""
