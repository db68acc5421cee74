"""A plugin whose error is its parameter: it tells its loss a hundred times, or fails if it is asked to."""

import json
import os
import time
from pathlib import Path

from minerva import Algorithm, Parameters, hookimpl
from minerva.errors import Unavailable


def meet(folder):
    """Go on when two processes are here."""
    (folder / str(os.getpid())).touch()
    deadline = time.monotonic() + 60
    while len(list(folder.iterdir())) < 2:
        assert time.monotonic() < deadline, "nobody else came"
        time.sleep(0.02)


class SteppingParameters(Parameters):
    """The nearer `shift` is to 0, the better."""

    shift: float = 0.0
    fails_above: float = 1e9
    away_above: float = 1e9
    meets: str = ""


class SteppingModel:
    """Twice x, and shifted."""

    def __init__(self, shift, name):
        self.shift, self.name = shift, name

    def predict(self, batch):
        """One number per record."""
        return {self.name: batch.matrix()[:, 0].astype(float) * 2 + self.shift}

    def save(self, folder):
        """Keep what there is."""
        (folder / "model.json").write_text(json.dumps([self.shift, self.name]))


class Stepping(Algorithm):
    """Learns nothing, slowly."""

    name = "stepping"
    runtime = "inline"
    Parameters = SteppingParameters

    def train(self, data, context):
        """Tell the same loss after each percent."""
        shift = context.parameters.shift
        if context.parameters.meets:
            meet(Path(context.parameters.meets))
        if shift > context.parameters.away_above:
            raise Unavailable("The disk is full.")
        if shift > context.parameters.fails_above:
            raise RuntimeError("too far")
        for percent in range(1, 101):
            context.progress(percent / 100, "stepping")
            try:
                context.report(percent, abs(shift))
            except Exception as error:  # careless, and common
                raise RuntimeError from error
        return SteppingModel(shift, context.schema.target()[0])

    def load(self, folder, context):
        """Read it back."""
        return SteppingModel(*json.loads((folder / "model.json").read_text()))


@hookimpl
def minerva_algorithms():
    """Bring it."""
    return [Stepping()]
