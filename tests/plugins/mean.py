"""The smallest honest algorithm: always predicts the mean of what it saw."""

import json
from typing import Annotated

import msgspec
import numpy as np

from minerva import Algorithm, FieldType, Parameters, hookimpl


class MeanParameters(Parameters):
    """`shift` makes versions differ."""

    shift: Annotated[float, msgspec.Meta(ge=-1000, le=1000)] = 0.0


class MeanModel:
    """Holds one number for each output value."""

    def __init__(self, answer, name):
        self.answer, self.name = answer, name

    def predict(self, batch):
        """Answer the same for every record."""
        return {self.name: np.tile(np.asarray(self.answer, dtype=float), (len(batch), 1)).squeeze(1)
                if np.ndim(self.answer) == 0 else np.tile(self.answer, (len(batch), 1))}  # fmt: skip

    def save(self, folder):
        """Keep the answer."""
        (folder / "mean.json").write_text(json.dumps([self.answer, self.name]))


class Mean(Algorithm):
    """Category: how often each value occurs; else: the mean."""

    name = "mean"
    runtime = "inline"
    Parameters = MeanParameters

    def train(self, data, context):
        """Look at the truth only."""
        name, field = context.schema.target()
        truth = data.target()
        if field.type is FieldType.CATEGORY:
            return MeanModel(
                (np.bincount(truth, minlength=len(field.values)) / len(truth)).tolist(), name
            )
        return MeanModel(float(truth.mean()) + context.parameters.shift, name)

    def load(self, folder, context):
        """Read the answer back."""
        return MeanModel(*json.loads((folder / "mean.json").read_text()))


@hookimpl
def minerva_algorithms():
    """Bring it."""
    return [Mean()]
