"""Which algorithm of the catalogue to begin with, and why, in plain words."""

from __future__ import annotations

from dataclasses import dataclass

from minerva.schema import Field, FieldType, Schema

FEW_ROWS_PER_INPUT = 10
TREES = {True: "xgboost.classifier", False: "xgboost.regressor"}
LINEAR = {True: "linear.classifier", False: "linear.regressor"}
TEXTS = "text.classifier"


@dataclass(frozen=True)
class AlgorithmGuess:
    """A name of the catalogue."""

    name: str
    reason: str


def guess_algorithm(schema: Schema, rows: int) -> AlgorithmGuess:
    """Return what to begin with: by the kind of output, the inputs, and how many rows there are."""
    classes = schema.target()[1].type in {FieldType.CATEGORY, FieldType.BOOLEAN}
    used = [schema.inputs[name] for name in schema.features]
    if classes and all(field.type is FieldType.TEXT for field in used):
        return AlgorithmGuess(TEXTS, "every input is free text: it learns from words")
    inputs = sum(map(_width, used))
    if rows < FEW_ROWS_PER_INPUT * inputs:
        few = f"{rows:,} rows are few for {inputs} inputs: a weighted sum learns least by chance"
        return AlgorithmGuess(LINEAR[classes], few)
    return AlgorithmGuess(
        TREES[classes], "it finds what fields say together, whatever their scale, and takes gaps"
    )


def _width(field: Field) -> int:
    return max(1, len(field.values) - 1)
