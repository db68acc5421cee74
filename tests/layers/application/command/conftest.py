"""A workspace with a runner that does as it is told."""

import os
import re
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from minerva import Model, TrainingData
from minerva.layers.application.command import Command
from minerva.schema import Batch, Decoder

STUB = Path(__file__).parent / "stub_runner.py"
INPUTS = {
    "x": {"type": "number", "nullable": True},
    "kind": {"type": "category", "values": ["a", "b"], "nullable": True},
    "note": {"type": "text", "nullable": True, "use": False},
}
OUTPUT = {"y": {"type": "number"}}
RECORDS = [{"x": 1.5, "kind": "a"}, {"x": None, "kind": "b"}, {"x": 3.0, "kind": None}]


def running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@dataclass
class Stub:
    """The stub in a workspace of its own."""

    bench: Any
    folder: Path

    def behave(self, mode: str = "") -> None:
        """From now on: `<request>:<way>`, or by the book."""
        (self.folder / "mode").write_text(mode)

    def pids(self) -> list[int]:
        """Every process that was started."""
        file = self.folder / "pids"
        return [int(pid) for pid in file.read_text().split()] if file.exists() else []

    def left(self) -> list[int]:
        """Those that still run."""
        return [pid for pid in self.pids() if running(pid)]

    def scratch(self) -> set[Path]:
        """What lies among temporary files, but for the run folders that threads of other tests may make."""
        runs = re.compile(rf"minerva-{os.geteuid()}-[0-9a-f]{{16}}")
        found = (self.folder / "temporary").iterdir()
        return {path for path in found if not runs.fullmatch(path.name)}

    def batch(self, records=RECORDS) -> Batch:
        full = [{"x": None, "kind": None, "note": None, **record} for record in records]
        return Decoder(self.bench.schema).records(full)

    def data(self) -> TrainingData:
        outputs = self.bench.schema.output
        truth = {
            name: np.zeros(len(RECORDS), np.int32) if field.values else np.ones(len(RECORDS))
            for name, field in outputs.items()
        }
        return TrainingData(self.batch(), truth)

    def train(self) -> Model:
        return self.bench.train(self.data(), seed=5)


@pytest.fixture
def stub(bench, tmp_path, monkeypatch):
    """A function (output=…, **parameters) that puts the stub into a workspace of its own.

    What it starts must not outlive the test, nor must temporary folders. It may take its time to answer
    and, once its output is closed, to end.
    """
    monkeypatch.setattr("minerva.runner.process.END_WAIT_S", 30.0)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    made = []

    def make(output=OUTPUT, inputs=INPUTS, environment=None, **parameters):
        shutil.copy(STUB, tmp_path / "runner.py")
        told = {"MODE": str(tmp_path / "mode"), "PIDS": str(tmp_path / "pids")}
        declared = {"inputs": inputs, "output": output}
        own = {
            "command": [sys.executable, "-S", "-E", "runner.py"],
            "environment": {**told, **(environment or {})},
            "answer_s": 60.0,
        }
        made.append(Stub(bench(Command(), declared, **{**own, **parameters}), tmp_path))
        return made[-1]

    yield make
    for one in made:
        for pid in one.left():
            with suppress(ProcessLookupError):  # it ended meanwhile
                os.kill(pid, 9)
