"""What a service's one output asks of a supervised algorithm, and what its rows say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva import Field, FieldType, InvalidConfiguration, InvalidData, Schema, TrainingData
from minerva.errors import Fault
from minerva.schema.field import NUMERIC


def the_output(
    schema: Schema, algorithm: str, *, number: bool, instead: str = ""
) -> tuple[str, Field]:
    """Return name and field of the one output.

    Raises InvalidConfiguration for another kind of it, which `instead` is for if it is named.
    """
    name, field = schema.target()
    if len(schema.output) > 1:
        raise InvalidConfiguration(
            f"{algorithm} gives one output, but the schema has {len(schema.output)}: declare one "
            "service for each.",
            faults=[Fault("/schema/output", "has more than one output")],
        )
    if number != (field.type in NUMERIC):
        wanted = "a number" if number else "a category or a boolean"
        raise InvalidConfiguration(
            f"{algorithm} gives {wanted}, not an output of type {field.type.value}: use "
            f"{instead or 'another one'} (`minerva algorithms` lists what there is).",
            faults=[Fault(f"/schema/output/{name}", f"is of type {field.type.value}")],
        )
    return name, field


def class_count(output: Field) -> int:
    """Return how many classes an output has, false and true for a boolean; 0 for a number."""
    if output.type is FieldType.CATEGORY:
        return len(output.values)
    return 2 if output.type is FieldType.BOOLEAN else 0


@dataclass(frozen=True, eq=False)
class Classes:
    """The classes that occur among the rows learnt from, of all that the output has."""

    present: NDArray[np.int64]
    """Codes, ascending."""
    labels: NDArray[np.int64]
    """For each row its class as an index into `present`."""

    @classmethod
    def of(cls, data: TrainingData) -> Classes:
        """Read the truth. Raises InvalidData where it is missing, or the same everywhere."""
        name = data.inputs.schema.target()[0]
        codes = np.asarray(data.target(), np.float64)
        refuse_rows(~np.isfinite(codes) | (codes < 0), name)
        present, labels = np.unique(codes.astype(np.int64), return_inverse=True)
        if len(present) < 2:  # noqa: PLR2004 - one class teaches nothing
            raise InvalidData(
                f"Every row has the same {name!r}: a classifier needs at least two classes.",
                faults=[
                    Fault(
                        f'column "{name}"',
                        f"one of {class_count(data.inputs.schema.target()[1])} values occurs",
                    )
                ],
            )
        return cls(present, labels)


def numbers(data: TrainingData) -> NDArray[np.float64]:
    """Return the truth as numbers. Raises InvalidData where it is missing."""
    truth = np.asarray(data.target(), np.float64)
    refuse_rows(~np.isfinite(truth), data.inputs.schema.target()[0])
    return truth


def refuse_rows(wrong: NDArray[np.bool_], name: str, reason: str = "has no truth") -> None:
    """Raise InvalidData if the truth of some rows is wrong for this reason."""
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0]) + 1
        raise InvalidData(
            f"The training data cannot be learnt from: {int(wrong.sum())} rows have no usable "
            f"{name!r}; leave them out.",
            faults=[Fault(f'column "{name}", row {row}', reason)],
        )


def told(field: Field, present: NDArray[Any], chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return chances of the present classes, shape (n, present), as the output wants them.

    A category: shape (n, values), 0 for what never occurred. A boolean: the chance of true, shape (n,).
    """
    all_ = np.zeros((len(chances), class_count(field)))
    all_[:, present.astype(np.int64)] = chances
    return all_ if field.type is FieldType.CATEGORY else all_[:, 1]
