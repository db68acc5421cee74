"""Asking a model once before it is served, so that what would fail at every call shows at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva import Field, FieldType, InvalidConfiguration, MinervaError, Model, Schema
from minerva.layers.application.models.answering import ROUNDING
from minerva.schema import Decoder
from minerva.schema.example import example_record

LONGEST = 300
"""Characters of a library's own message that are passed on; nothing but made-up values can be in it."""


def try_out(model: Model, schema: Schema, file: str) -> None:
    """Predict made-up records, with and without what may be missing.

    Raises InvalidConfiguration with what the model's library says.
    """
    example = example_record(schema)
    sparse = {
        name: None if field.nullable else example[name] for name, field in schema.inputs.items()
    }
    try:
        answers = model.predict(Decoder(schema).records([example, sparse]))
        model.predict(Decoder(schema).records([]))
    except MinervaError:
        raise
    except Exception as error:
        raise InvalidConfiguration(
            f"{file} cannot predict a record of this schema: {reason(error)}"
        ) from error
    for name, field in schema.output.items():
        _check(np.asarray(answers[name]), field, file)


def _check(given: NDArray[Any], field: Field, file: str) -> None:
    wide = field.type is FieldType.CATEGORY and given.ndim > 1
    if given.shape != ((2, len(field.values)) if wide else (2,)):
        raise InvalidConfiguration(f"{file} does not give one answer for each record.")
    if not np.isfinite(given).all():
        raise InvalidConfiguration(
            f"{file} answers a record of this schema with no number (NaN): where an input is "
            "`nullable: true`, the model must know what a missing value means."
        )
    chance = wide or field.type is FieldType.BOOLEAN
    outside = chance and (given.min() < -ROUNDING or given.max() > 1 + ROUNDING)
    if outside or (wide and (np.abs(given.sum(axis=1) - 1) > ROUNDING).any()):
        raise InvalidConfiguration(
            f"{file} gives scores that are no probabilities: set the parameter `scores: logit` if its "
            "algorithm has it, or let the model end in softmax or sigmoid."
        )


def reason(error: BaseException) -> str:
    """Return the first line of what a library says, shortened, as the end of a sentence."""
    said = " ".join(str(error).strip().split("\n")[0].split())[:LONGEST].rstrip(". ")
    return f"{said or type(error).__name__}."
