"""How these tests train, reload and ask an algorithm, the way the platform does."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from minerva import Algorithm, Context, Model, Schema, TrainingContext, TrainingData
from minerva.layers.application.xgboost_model import XGBoostModel
from minerva.schema import Decoder

from .foreign_models import INPUTS, RECORDS, YES_NO, declared

FRESH_PROCESS = """
import json, sys
from pathlib import Path
import msgspec
from minerva import Context, Schema
from minerva.schema import Decoder
from {module} import {cls}

asked = json.load(sys.stdin)
schema = Schema.parse(asked["schema"])
parameters = msgspec.convert(asked["parameters"], {cls}.Parameters)
model = {cls}().load(Path(asked["folder"]), Context(schema, parameters, Path(".")))
batch = Decoder(schema).records(asked["records"])
answer = {{name: column.tolist() for name, column in model.predict(batch).items()}}
why = model.explain(batch).tolist() if asked["explain"] else None
heavy = [name for name in ("pandas", "sklearn", "pyarrow") if name in sys.modules]
print(json.dumps({{"answer": answer, "why": why, "heavy": heavy}}))
"""


@dataclass
class Bench:
    """An algorithm with its parameters and schema."""

    algorithm: Algorithm
    schema: Schema
    workspace: Path
    parameters: dict[str, Any] = field(default_factory=dict)
    progress: list[tuple[float, str]] = field(default_factory=list)

    def context(self, seed: int = 0, threads: int = 1) -> TrainingContext:
        return TrainingContext(
            schema=self.schema,
            parameters=msgspec.convert(self.parameters, self.algorithm.Parameters),
            workspace=self.workspace,
            threads=threads,
            seed=seed,
            progress=lambda fraction, message="": self.progress.append((fraction, message)),
        )

    def train(self, data: TrainingData | None = None, *, seed: int = 0, threads: int = 1) -> Model:
        if data is None:
            empty = {name: np.empty(0) for name in self.schema.output}
            data = TrainingData(Decoder(self.schema).records([]), empty)
        return self.algorithm.train(data, self.context(seed, threads))

    def reload(self, model: Model, folder: Path) -> Model:
        """Save and load in this process."""
        folder.mkdir(exist_ok=True)
        model.save(folder)
        context = self.context()
        return self.algorithm.load(
            folder, Context(context.schema, context.parameters, context.workspace)
        )

    def ask_fresh_process(
        self, folder: Path, records: list[dict[str, Any]], *, explain: bool = False
    ) -> dict[str, Any]:
        """Load what is in `folder` in a Python of its own and ask it."""
        kind = type(self.algorithm)
        asked = {
            "schema": self.schema.to_json(),
            "parameters": self.parameters,
            "folder": str(folder),
            "records": records,
            "explain": explain,
        }
        program = FRESH_PROCESS.format(module=kind.__module__, cls=kind.__name__)
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", program],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def bench(tmp_path) -> Callable[..., Bench]:
    """A function (algorithm, declared schema, **parameters) that returns a Bench."""

    def make(algorithm: Algorithm, declared: dict[str, Any], **parameters: Any) -> Bench:
        return Bench(algorithm, Schema.parse(declared), tmp_path, parameters)

    return make


@pytest.fixture
def bring(bench, tmp_path):
    """A function (booster, output type) that saves it into the workspace and returns its Bench."""

    def make(model, output=YES_NO, inputs=INPUTS, file="model.ubj", **parameters):
        if isinstance(model, bytes):
            (tmp_path / file).write_bytes(model)
        else:
            model.save_model(tmp_path / file)
        return bench(XGBoostModel(), declared(output, inputs), path=file, **parameters)

    return make


@pytest.fixture
def batch():
    """A function that decodes records by a Bench's schema."""
    return lambda bench, records=RECORDS: Decoder(bench.schema).records(records)
