"""The tasks of a fresh process: say, learn and work while watched; or work with what another one learnt."""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from minerva.testing.algorithm.life import left_in, own_places
from minerva.testing.origin import find_step
from minerva.testing.step.case import Learnt, StepCase, Task, unpack
from minerva.testing.verdict import Broken, NotApplicable
from minerva.testing.watch import Watch

HEAVY = (
    "PIL", "av", "cv2", "dask", "lightgbm", "matplotlib", "onnxruntime", "pandas", "polars", "pyarrow",
    "scipy", "skimage", "sklearn", "statsmodels", "tensorflow", "torch", "transformers", "xgboost",
)  # fmt: skip
"""Libraries that every process of Minerva would have to wait for."""
ARRAYS = "learnt.npz"


def do(task: Task) -> dict[str, Any]:
    """Do a task and return its result. Raises Broken."""
    before = set(sys.modules)
    step = find_step(task.origin)
    case = unpack(task, step)
    if task.name == "again":
        return _again(case, Path(task.folder))
    return _life(case, before, Path(task.folder))


def keep(learnt: Learnt, folder: Path) -> None:
    """Write what was learnt as versions keep it. Raises Broken."""
    try:
        np.savez(folder / ARRAYS, **dict(learnt))  # type: ignore[arg-type] # numpy's stub has a flag among the names
        read(folder)
    except (TypeError, ValueError) as error:
        raise Broken(
            f"What fit returned cannot be kept: {error}.",
            "Return a dictionary of texts to arrays of numbers or of fixed text (dtype `U`), no objects.",
        ) from error


def read(folder: Path) -> dict[str, Any]:
    """Read what was learnt; nothing if it did not come so far."""
    if not (folder / ARRAYS).exists():
        return {}
    with np.load(folder / ARRAYS, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _again(case: StepCase, folder: Path) -> dict[str, Any]:
    return {"units": case.run(learnt=read(folder)).units}


def _life(case: StepCase, before: set[str], folder: Path) -> dict[str, Any]:
    """Say, learn and work; return what was loaded, reached and written on the way.

    What is learnt is kept in `folder`. What breaks on the way is another check's concern. A step that
    reaches outside only says.
    """
    network, writing = Watch(case.home, refuse_network=True), Watch(case.home)
    told: dict[str, Any] = {"outputs_s": 0.0, "heavy": []}
    items = case.items()  # what the platform imports is not the plugin's
    with tempfile.TemporaryDirectory() as name:
        places = own_places(Path(name).resolve())
        temporary = Path(tempfile.gettempdir())
        network.start()
        writing.start()
        with suppress(Broken, NotApplicable):
            began = time.thread_time()
            with network.during("outputs"), writing.during("outputs"):
                case.fields  # noqa: B018 - asked for what happens meanwhile
            told["outputs_s"] = time.thread_time() - began
            told["heavy"] = [one for one in HEAVY if one in sys.modules and one not in before]
            if not case.step.outside:
                with network.during("fit"), writing.during("fit", temporary):
                    learnt = case.learnt
                keep(learnt, folder)
                with network.during("run"), writing.during("run", temporary):
                    case.run(items)
        return {**told, "calls": network.calls, "writes": [*writing.writes, *left_in(places)]}
