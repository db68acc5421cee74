"""Real hosts of the algorithm `wild`: started, asked, ended."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from minerva.layers.abstraction.runtimes.hosted import HostedModel, hosted_model
from minerva.layers.abstraction.runtimes.launch import HostProcess, Ready, launch
from minerva.layers.abstraction.runtimes.spec import HostSpec
from minerva.schema import Batch, Schema

PLUGINS = Path(__file__).parents[3] / "plugins"
START_S = 60
SCHEMA = Schema.parse(
    {
        "key": "id",
        "inputs": {
            "x": {"type": "number"},
            "plan": {"type": "category", "values": ["tin", "gold"], "nullable": True},
            "way": {"type": "text"},
            "at": {"type": "text", "nullable": True},
            "email": {"type": "text", "use": False},
            "since": {"type": "timestamp", "nullable": True},
        },
        "output": {"y": {"type": "number"}},
    }
)


def a_batch(way: str = "answer", at: str | None = None, x: float = 1.0, rows: int = 2) -> Batch:
    """Return records that tell the model what to do."""
    columns = {
        "x": np.full(rows, x),
        "plan": np.array([1, -1] * rows, dtype=np.int32)[:rows],
        "way": np.array([way] * rows, dtype=object),
        "at": np.array([at] * rows, dtype=object),
        "since": np.full(rows, np.nan),
    }
    return Batch(SCHEMA, columns, rows, [f"c-{row}" for row in range(rows)])


@contextmanager
def a_place() -> Iterator[Path]:
    """Give a folder with a path that is short enough for sockets, `w/plugins`, `v/model` and `s`."""
    with tempfile.TemporaryDirectory(prefix="host") as name:
        folder = Path(name).resolve()
        (folder / "w/plugins").mkdir(parents=True)
        shutil.copy(PLUGINS / "wild.py", folder / "w/plugins/wild.py")
        (folder / "v/model").mkdir(parents=True)
        (folder / "s").mkdir(mode=0o700)
        yield folder


def a_spec(place: Path, **parts: Any) -> HostSpec:
    """Return what a host of `wild` is told; `parts` replace members."""
    scratch = place / "s"
    members = {
        "algorithm": "wild",
        "schema": SCHEMA.to_json(),
        "workspace": str(place / "w"),
        "folder": str(place / "v"),
        "scratch": str(scratch),
        "socket": str(scratch / "h"),
    }
    return HostSpec(**(members | parts))


@dataclass
class Running:
    """A host that is ready, and a model to ask it."""

    process: HostProcess
    told: Ready
    place: Path
    troubles: list[str] = field(default_factory=list)

    @property
    def scratch(self) -> Path:
        """Where it may write."""
        return self.place / "s"

    @property
    def log(self) -> str:
        """What it and its plugin printed."""
        return (self.place / "logs/host.log").read_text()

    def model(self, **parts: Any) -> HostedModel:
        """Return a model with connections of its own."""
        spec = self.process.spec
        members = {
            "algorithm": spec.algorithm,
            "schema": SCHEMA,
            "explains": self.told.explains,
            "deadline_ms": spec.deadline_ms,
            "on_trouble": self.troubles.append,
        }
        return hosted_model(lambda: spec.socket, **(members | parts))


def start(spec: HostSpec, place: Path) -> HostProcess:
    """Start a host with this interpreter."""
    return launch(Path(sys.executable), spec, place / "logs/host.log")


@contextmanager
def a_host(**parts: Any) -> Iterator[Running]:
    """Run a host of `wild` in a place of its own."""
    with a_place() as place:
        process = start(a_spec(place, **parts), place)
        try:
            yield Running(process, process.ready(START_S), place)
        finally:
            process.kill()
