"""The engine: plan, decode and split on the workers, then lend them to the algorithm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

from distributed import Client, Future, Lock

from minerva.adapters.engines.address import SchedulerAddress
from minerva.adapters.engines.assembling import assemble, held_below, profiled_from
from minerva.adapters.engines.connection import connected
from minerva.adapters.engines.gang import DaskCluster, Holder
from minerva.adapters.engines.watch import Watch
from minerva.adapters.engines.worker.block import Summary
from minerva.adapters.engines.worker.decoding import Decoding, decode
from minerva.adapters.engines.worker.piece import Piece
from minerva.adapters.engines.worker.planning import list_data, plan_file, plan_query
from minerva.algorithm import Progress
from minerva.layers.abstraction.services.declaration import DataDeclaration, ServiceDeclaration
from minerva.layers.abstraction.training.engine import Spread
from minerva.schema import Schema

LOCK = "minerva-training"
"""One training at a time: two would share the workers' memory, and could wait for each other's."""
LOCK_POLL_S = 2


@dataclass(frozen=True)
class DaskEngine:
    """Satisfies `training.engine.Engine`."""

    address: SchedulerAddress
    workspace: Path
    database_timeout_s: float

    @contextmanager
    def spread(
        self,
        data: DataDeclaration,
        declaration: ServiceDeclaration,
        reading: Progress,
        training: Progress,
    ) -> Iterator[Spread]:
        """Connect, read, and give everything back at the end."""
        with connected(self.address) as client, _alone(client, reading):
            watch = Watch(client, self.address, sorted(client.scheduler_info()["workers"]))
            with watch.guarded():
                pieces = self._plan(watch, data, _columns(declaration.schema))
                reading(0.1, f"reading {len(pieces)} pieces on {len(watch.workers)} workers")
                holders, summaries = _decode(watch, pieces, declaration, data.decimal, reading)
            known = assemble(summaries, declaration.schema)
            yield Spread(
                cluster=DaskCluster(watch, holders, known.trained, known.counts, training),
                rows=known.rows,
                fingerprint=known.fingerprint,
                held_out=known.held_out,
                profiled=known.profiled,
                facts={"name": "dask", "workers": len(holders)},
            )

    def _plan(
        self, watch: Watch, data: DataDeclaration, columns: tuple[str, ...]
    ) -> Sequence[Piece]:
        """Return the pieces of all data, in an order that only the data decides."""

        def ask(work: Any, *arguments: Any) -> Future:
            return watch.client.submit(work, *arguments, pure=False)

        if data.source == "sql":
            workspace, timeout_s = str(self.workspace), self.database_timeout_s
            planned = [ask(plan_query, data, workspace, timeout_s, columns)]
        else:
            listed = watch.results([ask(list_data, data, str(self.workspace))], "finding the data")
            planned = [ask(plan_file, data, url, columns) for url in listed[0]]
        return list(chain.from_iterable(watch.results(planned, "planning")))


@contextmanager
def _alone(client: Client, progress: Progress) -> Iterator[None]:
    """Wait for other trainings on the cluster. A killed job's turn ends half a minute after it."""
    with client.as_current():
        lock = Lock(LOCK)
        while not lock.acquire(timeout=LOCK_POLL_S):
            progress(0.0, "waiting for another training on the cluster")
    try:
        yield
    finally:
        with suppress(Exception):  # where the scheduler is gone, so is the lock
            lock.release()


def _columns(schema: Schema) -> tuple[str, ...]:
    used = (name for name, field in schema.inputs.items() if field.use)
    return (*used, *schema.output)


def _decode(
    watch: Watch,
    pieces: Sequence[Piece],
    declaration: ServiceDeclaration,
    decimal: str,
    progress: Progress,
) -> tuple[list[Holder], list[Summary]]:
    """Return who holds which blocks, and what is known about them."""
    rows = sum(piece.rows for piece in pieces)
    decoding = Decoding(
        schema=declaration.schema.to_json(),
        decimal=decimal,
        seed=declaration.training.seed,
        held_below=held_below(declaration.training.holdout, rows),
        profiled_from=profiled_from(rows),
    )

    def done(count: int) -> None:
        progress(0.1 + 0.9 * count / len(pieces), f"read {count} of {len(pieces)} pieces")

    submit = watch.client.submit
    placed = _placed(pieces, watch.workers)
    read = [
        submit(decode, piece, decoding, workers=[at], pure=False)
        for piece, at in zip(pieces, placed, strict=True)
    ]
    blocks = [
        submit(itemgetter(0), one, workers=[at], pure=False)
        for one, at in zip(read, placed, strict=True)
    ]
    told = [
        submit(itemgetter(1), one, workers=[at], pure=False)
        for one, at in zip(read, placed, strict=True)
    ]
    summaries = watch.results(told, "reading the data", done)
    holders = [
        Holder(worker, [block for block, at in zip(blocks, placed, strict=True) if at == worker])
        for worker in watch.workers
        if worker in placed
    ]
    return holders, summaries


def _placed(pieces: Sequence[Piece], workers: Sequence[str]) -> list[str]:
    """Return the worker of each piece: equal pieces on as many workers give equal parts of a training."""
    load = dict.fromkeys(range(len(workers)), 0)
    placed = {}
    for index in sorted(range(len(pieces)), key=lambda index: (-pieces[index].rows, index)):
        least = min(load, key=lambda worker: (load[worker], worker))
        load[least] += pieces[index].rows
        placed[index] = workers[least]
    return [placed[index] for index in range(len(pieces))]
