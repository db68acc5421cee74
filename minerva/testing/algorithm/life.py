"""The tasks of a fresh process: train, ask, live without a network, live and be watched."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minerva.algorithm import Model
from minerva.schema import Batch
from minerva.testing.algorithm.case import Case
from minerva.testing.verdict import Broken
from minerva.testing.watch import Watch, limit_memory, resident_mb

WARM_UP, CALLS, ROUNDS = 20, 100, 2
MOST_ROWS, LEAST_ROWS = 5000, 20
SLOW_S = 0.02
"""A slower call gets fewer records, so that the check ends."""

Result = dict[str, Any]


def retrain(case: Case, folder: Path) -> Result:  # noqa: ARG001 - all tasks take the same
    """Train and answer."""
    return _plain(case, case.train())


def ask(case: Case, folder: Path) -> Result:
    """Load and answer."""
    return _plain(case, case.load(folder))


def _plain(case: Case, model: Model) -> Result:
    outputs = case.outputs(model, case.batch())
    return {"outputs": {name: column.tolist() for name, column in outputs.items()}}


def offline(case: Case, folder: Path) -> Result:  # noqa: ARG001 - as above
    """Live where the network is refused; return the calls that would have reached it."""
    watch = Watch(case.home, refuse_network=True)
    watch.start()
    with tempfile.TemporaryDirectory() as name:
        _live(case, watch, Path(name))
    return {"calls": watch.calls}


def life(case: Case, folder: Path) -> Result:  # noqa: ARG001 - as above
    """Live under a limit, watched; return what was written, printed and kept in memory."""
    watch = Watch(case.home)
    seen: Result = {"out_of_memory": "", "grown_mb": [], "rows": 0}
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name).resolve()
        printed = _printed_into(scratch / "printed")
        places = own_places(scratch)
        case.batch()  # what the platform imports is not the plugin's
        watch.start()
        limit_memory(case.limits.training_memory_mb)
        model = _live(case, watch, scratch, seen)
        if model is not None and not seen["out_of_memory"]:
            seen.update(_grow(case, model))
        seen["writes"] = [*watch.writes, *left_in(places)]
        seen["printed"] = printed()
    return seen


def _live(case: Case, watch: Watch, scratch: Path, seen: Result | None = None) -> Model | None:
    """Train, save, load, predict; what breaks on the way is another check's concern."""
    temporary, saved = Path(tempfile.gettempdir()), scratch / "model"
    saved.mkdir()
    phase = "train"
    try:
        with watch.during("train", temporary):
            model = case.train()
        phase = "save"
        with watch.during("save", temporary, saved):
            case.save(model, saved)
        phase = "load"
        with watch.during("load", temporary):
            loaded = case.load(saved)
        phase = "predict"
        with watch.during("predict", temporary):
            case.outputs(loaded, case.batch())
    except Broken:
        return None
    except MemoryError:
        if seen is not None:
            seen["out_of_memory"] = phase
        return None
    return loaded


def own_places(scratch: Path) -> Mapping[str, Path]:
    """Give the process a working folder, a home and a place for temporary files of its own."""
    places = {name: scratch / name for name in ("here", "home", "tmp")}
    for place in places.values():
        place.mkdir()
    os.chdir(places["here"])
    os.environ.update(HOME=str(places["home"]), TMPDIR=str(places["tmp"]))
    tempfile.tempdir = str(places["tmp"])
    return {"the working folder": places["here"], "the home folder": places["home"]}


def left_in(places: Mapping[str, Path]) -> list[dict[str, str]]:
    """Return what lies in folders that should be empty: native code writes unseen by an audit hook."""
    return [
        {"phase": "It", "where": "", "path": f"{file.name} into {what}"}
        for what, place in places.items()
        for file in place.rglob("*")
    ]


def _printed_into(file: Path) -> Callable[[], str]:
    """Turn standard output into a file; return a function that tells its beginning."""
    target = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(target, 1)
    os.close(target)

    def told() -> str:
        sys.stdout.flush()
        return " ".join(file.read_text(encoding="utf-8", errors="replace").split())[:60]

    return told


def _grow(case: Case, model: Model) -> Result:
    """Return by how much 100 predictions grow a warm process, twice if they do."""
    batch = _many(case, model)
    for _ in range(WARM_UP):
        model.predict(batch)
    grown: list[float] = []
    while len(grown) < ROUNDS and (not grown or grown[-1] > case.limits.growth_mb):
        gc.collect()
        before = resident_mb()
        for _ in range(CALLS):
            model.predict(batch)
        gc.collect()
        grown.append(resident_mb() - before)
    return {"grown_mb": grown, "rows": len(batch)}


def _many(case: Case, model: Model) -> Batch:
    """Return as many records as the model answers in a moment."""
    asked = case.batch()
    batch = asked.take(np.arange(MOST_ROWS) % len(asked))
    model.predict(batch)  # the first call may load and compile
    started = time.perf_counter()
    model.predict(batch)
    share = SLOW_S / max(time.perf_counter() - started, 1e-9)
    rows = int(min(MOST_ROWS, max(LEAST_ROWS, MOST_ROWS * share)))
    return batch.take(np.arange(rows))
