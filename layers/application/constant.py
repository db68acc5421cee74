"""`constant`: the declared answer, for every record. A floor for comparisons and a safe fallback."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva import (
    Algorithm,
    Batch,
    Context,
    InvalidConfiguration,
    Parameters,
    Predictions,
    Schema,
    TrainingContext,
    TrainingData,
    hookimpl,
)
from minerva.errors import Fault
from minerva.layers.application.answers import Written, answer, outputs_faults

FILE = "constant.json"


class ConstantParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `constant`."""

    output: Annotated[
        dict[str, Written],
        msgspec.Meta(description="Output → value; a category also takes value → probability"),
    ]


@dataclass(frozen=True, eq=False)
class ConstantModel:
    """One answer per output."""

    answers: dict[str, NDArray[np.float64]]
    written: dict[str, Any]

    def predict(self, batch: Batch) -> Predictions:
        """Return the answer once per record."""
        return {
            name: np.repeat(value[np.newaxis], len(batch), axis=0)
            for name, value in self.answers.items()
        }

    def save(self, folder: Path) -> None:
        """Write the answer as the user wrote it."""
        (folder / FILE).write_bytes(msgspec.json.encode(self.written))


class Constant(Algorithm):
    """The same declared answer for every record."""

    name = "constant"
    runtime = "inline"
    Parameters = ConstantParameters
    needs_data = False

    def train(self, data: TrainingData, context: TrainingContext) -> ConstantModel:
        """Check the answer against the schema. Raises InvalidConfiguration with every fault."""
        del data
        return _model(context.schema, context.parameters.output)

    def load(self, folder: Path, context: Context) -> ConstantModel:
        """Read what `save` wrote."""
        written = msgspec.json.decode((folder / FILE).read_bytes(), type=dict[str, Written])
        return _model(context.schema, written)


@hookimpl
def minerva_algorithms() -> Iterable[Algorithm]:
    """Bring the algorithm."""
    return [Constant()]


def _model(schema: Schema, written: dict[str, Written]) -> ConstantModel:
    where = "/parameters/output"
    faults = outputs_faults(schema.output, written, where)
    answers: dict[str, NDArray[np.float64]] = {}
    for name, field in schema.output.items():
        if name not in written:
            continue
        result = answer(field, written[name])
        if isinstance(result, str):
            faults.append(Fault(f"{where}/{name}", result))
        else:
            answers[name] = result
    if faults:
        raise InvalidConfiguration("The constant does not answer the schema.", faults=faults)
    return ConstantModel(answers, written)
