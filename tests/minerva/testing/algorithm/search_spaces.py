"""Algorithms that name a search space, most of them one that cannot be tried: imported as a plugin."""

from typing import Annotated, ClassVar

import msgspec
import numpy as np

from minerva import Algorithm, InvalidData, Parameters, hookimpl


class Mean:
    """Answers the mean."""

    def __init__(self, mean):
        self.mean = mean

    def predict(self, batch):
        return {"answer": np.full(len(batch), self.mean)}


class Own(Parameters):
    """What may be tried."""

    depth: int = 3
    share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5


class Learns(Algorithm):
    """Learns the mean, and names nothing to be tried."""

    name = "names nothing"
    Parameters = Own

    def train(self, data, context):
        return Mean(float(data.target().mean()))

    def load(self, folder, context):
        raise NotImplementedError


class Tries(Learns):
    name = "tries"
    search_space: ClassVar = {"depth": {"low": 2, "high": 8}}

    def __init__(self):
        self.depths = []

    def train(self, data, context):
        self.depths.append(context.parameters.depth)
        return super().train(data, context)


class TriesNothing(Learns):
    name = "tries nothing"
    search_space: ClassVar = {"width": {"low": 2, "high": 8}}


class TriesTooMuch(Learns):
    name = "tries too much"
    search_space: ClassVar = {"share": {"low": 0.5, "high": 1.5}}


class TriesBackwards(Learns):
    name = "tries backwards"
    search_space: ClassVar = {"depth": {"low": 5, "high": 2}}


class TriesTooDeep(Learns):
    name = "tries too deep"
    search_space: ClassVar = {"depth": {"low": 2, "high": 9}}

    def train(self, data, context):
        if context.parameters.depth > 8:
            raise InvalidData("Too deep.")
        return super().train(data, context)


@hookimpl
def minerva_algorithms():
    """Bring all of them."""
    return [Learns(), Tries(), TriesNothing(), TriesTooMuch(), TriesBackwards(), TriesTooDeep()]
