"""Between what models and services answer and the columns that steps hand on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Predictions
from minerva.layers.abstraction.flows.fitting import handed
from minerva.layers.abstraction.flows.making import values_of
from minerva.layers.abstraction.serving.answers import Answered, answers
from minerva.layers.abstraction.serving.question import Answer
from minerva.schema import Batch, Field, FieldType
from minerva.schema.batch import Column
from minerva.step import Columns, Fields


def columns_of(batch: Batch, outputs: Predictions) -> Columns:
    """Return a model's outputs, checked, with their chances. Raises AlgorithmFailed."""
    checked = answers(batch.schema, outputs, len(batch))
    return _columns(checked, batch.schema.output)


def columns_of_answer(answer: Answer, fields: Fields) -> Columns:
    """Return what a service answered, with chances; those that it does not tell are 0 or 1."""
    if answer.outputs is not None:
        return _columns(answer.outputs, fields)
    made: dict[str, Column] = {}
    for name, one in fields.items():
        values = [row[name] for row in answer.predictions]
        made[name] = column_of_values(values, one)
        told = [row.get(f"{name}_probabilities") for row in answer.predictions]
        if one.type is FieldType.CATEGORY and all(told):
            for value in values_of(one):
                made[f"{name}.{value}"] = np.array([row[value] for row in told if row])
        else:
            made |= certain(name, one, made[name])
    return made


def column_of_values(values: list[Any], field: Field) -> Column:
    """Return plain values, which fit the field, as its column."""
    match field.type:
        case FieldType.CATEGORY:
            codes = {value: code for code, value in enumerate(field.values)}
            return np.array([codes.get(value, -1) for value in values], dtype=np.int32)
        case FieldType.TEXT:
            texts = np.empty(len(values), dtype=object)
            texts[:] = values
            return texts
        case FieldType.TIMESTAMP:
            from minerva.schema.value import seconds

            return np.array([np.nan if one is None else seconds(one) for one in values])
        case _:
            return np.array([np.nan if one is None else float(one) for one in values])


def certain(name: str, field: Field, column: Column) -> dict[str, Column]:
    """Return the chances of values that are taken for certain."""
    if field.type is FieldType.BOOLEAN:
        return {f"{name}.true": np.asarray(column, np.float64)}
    return {
        f"{name}.{value}": (column == code).astype(np.float64)
        for code, value in enumerate(values_of(field))
    }


def predictions_of(columns: Columns, name: str, made: Field, output: Field) -> NDArray[Any]:
    """Return a step's field as a flow's output, with its chances where the step tells them."""
    column = columns[name]
    if output.type is FieldType.BOOLEAN:
        return np.asarray(columns.get(f"{name}.true", column), np.float64)
    if output.type is not FieldType.CATEGORY:
        return np.asarray(column, np.float64)
    chances = [columns.get(f"{name}.{value}") for value in output.values]
    known = [one for one in chances if one is not None]
    if made.values == output.values and len(known) == len(chances):
        return np.column_stack(known)
    return handed(column, made, output)


def _columns(outputs: Mapping[str, Answered], fields: Fields) -> Columns:
    made: dict[str, Column] = {}
    for name, one in fields.items():
        answered = outputs[name]
        match one.type:
            case FieldType.CATEGORY:
                made[name] = answered.values.astype(np.int32)
            case _:
                made[name] = answered.values.astype(np.float64)
        chances = answered.chances
        if chances is None:
            made |= certain(name, one, made[name])
        elif one.type is FieldType.BOOLEAN:
            made[f"{name}.true"] = chances
        else:
            made |= {f"{name}.{value}": chances[:, code] for code, value in enumerate(one.values)}
    return made
