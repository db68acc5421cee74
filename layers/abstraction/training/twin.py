"""A new version's twin: made, proved to answer alike, and timed against the model itself.

What is timed differs from machine to machine, so no manifest holds it: it stands in the metrics of the
registered version, as a measured latency does.
"""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from minerva.algorithm import Algorithm, Context, Explains, Model, Twins
from minerva.errors import Conflict, MinervaError
from minerva.layers.abstraction.serving.twin import EXPLAINS, MOST_RECORDS, TWIN
from minerva.schema import Batch

log = structlog.get_logger()

SAMPLE = 5000
"""Most rows of each kind that the proof asks."""
ENOUGH_ROWS = 100
"""So many rows of the training are timed with, rather than the made ones: the first of enough."""
TOLERANCE = 1e-5
"""Of a chance, or of a number above 1: beyond it two answers differ."""
SIZES = (1, 3, 10, 30, 100, 300, 1000)
"""Records in a call that both are timed with."""
FEWEST, MOST = 5, 200
"""Calls of each size."""
CLEARLY = 0.8
"""The twin must take no longer than this part of the model's time. Where both take about as long, the model
is the better one: it reads many records of several callers in less time for each."""
ENOUGH_S = 0.05
"""A slow model is judged by the fewest calls of a size."""


@dataclass(frozen=True, eq=False)
class Twin:
    """A model and its twin, which answers as it does."""

    model: Model
    twin: Model
    rows: Batch
    """What both are timed with."""
    compared: int

    def facts(self) -> dict[str, Any]:
        """Return what the manifest tells: nothing that differs between two equal trainings."""
        return {"compared_rows": self.compared, EXPLAINS: isinstance(self.model, Explains)}

    def measured(self, clock: Callable[[], float]) -> dict[str, float]:
        """Return up to how many records the twin is quicker, 0 if never. `clock` tells seconds."""
        most, told = 0, {}
        for size in SIZES:
            model, twin = _seconds(self, size, clock)
            told[f"records_{size}"] = (round(model * 1e6, 1), round(twin * 1e6, 1))
            if twin > CLEARLY * model:
                break
            most = size
        log.info("twin.measured", most_records=most, model_and_twin_us=told)
        return {MOST_RECORDS: float(most)}


def make_twin(
    algorithm: Algorithm, model: Model, context: Context, folder: Path, samples: Sequence[Batch]
) -> Twin | None:
    """Write the twin into a version's folder and prove it; None, and nothing written, without one."""
    if not isinstance(algorithm, Twins):
        return None
    target = folder / TWIN
    target.mkdir()
    try:
        twin = _proved(algorithm, model, context, target, samples)
    except MinervaError as error:
        log.info("twin.not_made", algorithm=algorithm.name, reason=error.message)
        twin = None
    except Exception:
        log.exception("twin.not_made", algorithm=algorithm.name, reason="It failed.")
        twin = None
    if twin is None:
        shutil.rmtree(target)
    return twin


def _proved(
    algorithm: Twins, model: Model, context: Context, folder: Path, samples: Sequence[Batch]
) -> Twin | None:
    hardest = algorithm.twin(model, folder)
    if hardest is None:
        return None
    twin = algorithm.load_twin(folder, context)
    asked = [_sample(batch) for batch in (*samples, hardest) if len(batch)]
    if not all(_alike(model, twin, batch) for batch in asked):
        raise Conflict("It answers otherwise than the model does.")
    timed = max(asked, key=lambda batch: min(len(batch), ENOUGH_ROWS))
    return Twin(model, twin, timed, sum(map(len, asked)))


def _sample(batch: Batch) -> Batch:
    """Return rows that are spread evenly, all if they are few."""
    count = min(len(batch), SAMPLE)
    return batch.take(np.linspace(0, len(batch) - 1, count, dtype=int))


def _alike(model: Model, twin: Model, batch: Batch) -> bool:
    """Whether both answer the rows alike, together and the first one alone."""
    for asked in (batch, batch.take(np.array([0]))):
        wanted, given = model.predict(asked), twin.predict(asked)
        for name, column in wanted.items():
            one, other = np.asarray(column), np.asarray(given[name])
            if one.shape != other.shape:
                return False
            if not np.allclose(other, one, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True):
                return False
    return True


def _seconds(twin: Twin, size: int, clock: Callable[[], float]) -> tuple[float, float]:
    """Return the medians of both, of calls in turn; each call has other rows than the one before."""
    places = np.arange(size)
    taken: tuple[list[float], list[float]] = ([], [])
    started = clock()
    while len(taken[0]) < FEWEST or (len(taken[0]) < MOST and clock() - started < ENOUGH_S):
        batch = twin.rows.take((places + len(taken[0]) * size) % len(twin.rows))
        for model, seconds in zip((twin.model, twin.twin), taken, strict=True):
            before = clock()
            model.predict(batch)
            seconds.append(clock() - before)
    return statistics.median(taken[0]), statistics.median(taken[1])
