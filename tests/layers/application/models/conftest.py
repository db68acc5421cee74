"""Bringing a file to a workspace, and asking the algorithm that reads it."""

import importlib.util
import os
from dataclasses import replace

import pytest

from minerva import Context, Schema
from minerva.schema import Decoder

from .tables import declared

if importlib.util.find_spec("torch") is None and not os.environ.get("CI"):
    collect_ignore = [
        "test_torch_contract.py",
        "test_torch_mlflow.py",
        "test_torch_model.py",
    ]  # PyTorch is optional, and large


class Brought:
    """A model file in a workspace, and the service that names it."""

    def __init__(self, bench):
        self.bench = bench

    def train(self, *, allow_pickle=False):
        bench, context = self.bench, self.bench.context()
        data = _nothing(bench.schema)
        return bench.algorithm.train(data, replace(context, allow_pickle=allow_pickle))

    def answer(self, records, *, allow_pickle=False):
        """What a version answers that was saved and loaded again."""
        folder = self.bench.workspace / "version"
        folder.mkdir(exist_ok=True)
        self.train(allow_pickle=allow_pickle).save(folder)
        context = self.bench.context()
        model = self.bench.algorithm.load(
            folder,
            Context(
                context.schema, context.parameters, context.workspace, allow_pickle=allow_pickle
            ),
        )
        return model.predict(Decoder(self.bench.schema).records(records))["target"]

    def inspect(self, *, allow_pickle=False):
        context = replace(self.bench.context(), allow_pickle=allow_pickle)
        path = self.bench.workspace / self.bench.parameters["path"]
        return self.bench.algorithm.inspect(path, context)


def _nothing(schema: Schema):
    import numpy as np

    from minerva import TrainingData

    return TrainingData(Decoder(schema).records([]), {name: np.empty(0) for name in schema.output})


@pytest.fixture
def brought(bench):
    """A function (algorithm, file, output, inputs, **parameters) that returns a Brought."""

    def make(algorithm, file, output, inputs=None, /, **parameters):
        schema = declared(output) if inputs is None else declared(output, inputs)
        return Brought(bench(algorithm, schema, path=file, **parameters))

    return make
