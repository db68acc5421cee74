"""Algorithms that serve a file somebody else made: one as it should be, others wrong in one way each."""

import json
from typing import ClassVar

import numpy as np

from minerva import (
    Algorithm,
    Inspected,
    InvalidConfiguration,
    InvalidData,
    MinervaError,
    Parameters,
    hookimpl,
)

START = b'{"scale":'


class ScaleParameters(Parameters):
    path: str


class ScaleModel:
    def __init__(self, told, output):
        self.told, self.output = told, output

    def predict(self, batch):
        x = np.asarray(batch[self.told["input"]], dtype=float)
        return {self.output: np.nan_to_num(x) * self.told["scale"]}

    def save(self, folder):
        (folder / "told.json").write_text(json.dumps(self.told))


class Right(Algorithm):
    """Breaks nothing."""

    name = "right"
    Parameters = ScaleParameters
    needs_data = False
    field: ClassVar = {"type": "number", "nullable": True}

    def train(self, data, context):
        told = self.read(context.workspace / context.parameters.path)
        if context.schema.features != (told["input"],):
            raise InvalidConfiguration(f"The file takes {told['input']} alone.")
        return ScaleModel(told, context.schema.target()[0])

    def load(self, folder, context):
        told = json.loads((folder / "told.json").read_text())
        return ScaleModel(told, context.schema.target()[0])

    def recognises(self, path):
        return path.is_file() and path.read_bytes().startswith(START)

    def inspect(self, path, context):
        told = self.read(path)
        return Inspected(inputs={told["input"]: self.field}, output={"type": "number"})

    def read(self, path):
        try:
            return json.loads(path.read_bytes())
        except ValueError as error:
            raise InvalidData(f"{path.name} is damaged.") from error


class TakesAll(Right):
    name = "takes all"

    def recognises(self, path):
        return path.is_dir() or path.suffix == ".json"


class TakesFolders(Right):
    name = "takes folders"

    def recognises(self, path):
        return path.is_dir() or super().recognises(path)


class TakesNotes(Right):
    name = "takes notes"

    def recognises(self, path):
        return path.is_file() and path.stat().st_size > 0


class KnowsNothing(Right):
    name = "knows nothing"

    def recognises(self, path):
        return False


class Stumbles(Right):
    name = "stumbles"

    def recognises(self, path):
        return json.loads(path.read_text())["scale"] > 0


class TellsAnother(Right):
    name = "tells another"

    def inspect(self, path, context):
        return Inspected(inputs={"other": self.field}, output={"type": "number"})


class FallsOverHalves(Right):
    name = "falls over halves"

    def read(self, path):
        return json.loads(path.read_bytes())


class MakesDo(Right):
    name = "makes do"

    def read(self, path):
        try:
            return super().read(path)
        except MinervaError:
            return {"scale": 1.0, "input": "size"}


class TellsNothing(Right):
    name = "tells nothing"

    def inspect(self, path, context):
        self.read(path)
        return Inspected()


@hookimpl
def minerva_algorithms():
    return [kind() for kind in (Right, *Right.__subclasses__())]
