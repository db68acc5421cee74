"""An algorithm that learns something, explains itself and can be shifted: versions tell apart."""

import json

import numpy as np

from minerva import Algorithm, Parameters, hookimpl


class LinearParameters(Parameters):
    """`shift` is added to every prediction; no version can be mistaken for another."""

    shift: float = 0.0


class LinearModel:
    """y = first feature times slope + shift."""

    def __init__(self, slope, shift, name):
        self.slope, self.shift, self.name = slope, shift, name

    def predict(self, batch):
        """One number per record."""
        return {self.name: batch.matrix()[:, 0].astype(float) * self.slope + self.shift}

    def explain(self, batch):
        """Only the first feature counts."""
        contributions = np.zeros((len(batch), len(batch.schema.features)))
        contributions[:, 0] = batch.matrix()[:, 0] * self.slope
        return contributions

    def save(self, folder):
        """Keep three values."""
        (folder / "line.json").write_text(json.dumps([self.slope, self.shift, self.name]))


class Linear(Algorithm):
    """Least squares through the origin."""

    name = "linear"
    runtime = "inline"
    Parameters = LinearParameters

    def train(self, data, context):
        """Tell progress, as numpy numbers and half texts, as careless plugins do."""
        x = data.inputs.matrix()[:, 0].astype(float)
        context.progress(np.float32(0.5), "half \ud800")
        slope = float((x * data.target()).sum() / (x * x).sum())
        context.progress(1)
        return LinearModel(slope, context.parameters.shift, context.schema.target()[0])

    def load(self, folder, context):
        """Read the three values back."""
        return LinearModel(*json.loads((folder / "line.json").read_text()))


class Fixed(Algorithm):
    """Needs no data: its answer is its parameter."""

    name = "fixed"
    runtime = "inline"
    Parameters = LinearParameters
    needs_data = False

    def train(self, data, context):
        """Look at the parameters only."""
        return LinearModel(0.0, context.parameters.shift, context.schema.target()[0])

    load = Linear.load


@hookimpl
def minerva_algorithms():
    """Bring both."""
    return [Linear(), Fixed()]
