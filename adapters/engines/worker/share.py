"""A worker's part in a training: the rows that it holds, and its line to the job's process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from distributed import Worker, get_worker

from minerva.adapters.engines.worker.block import Block
from minerva.cluster import Rows
from minerva.errors import Unavailable

TELL_EVERY_S = 0.5


@dataclass(frozen=True)
class Place:
    """One worker among those that work together."""

    rank: int
    workers: int
    process: int
    """Id of the process that holds the rows; another one at the same address has lost them."""
    topic: str
    """Where its progress is told."""


@dataclass
class WorkerShare:
    """Satisfies `minerva.cluster.Share`."""

    place: Place
    blocks: Sequence[Block]
    worker: Worker
    key: str
    told: float = field(default=0.0)

    @property
    def rank(self) -> int:
        """Number of this worker."""
        return self.place.rank

    @property
    def workers(self) -> int:
        """How many work together."""
        return self.place.workers

    @property
    def threads(self) -> int:
        """As many as the worker was started with."""
        return int(self.worker.state.nthreads)

    @property
    def host(self) -> str:
        """The host of the worker's own address."""
        return urlsplit(self.worker.address).hostname or "127.0.0.1"

    def rows(self) -> Iterator[Rows]:
        """Yield the rows of all blocks."""
        for block in self.blocks:
            yield from block.rows()

    def progress(self, fraction: float, message: str = "") -> None:
        """Tell the job's process, now and then; raise Unavailable when it does not wait any more."""
        task = self.worker.state.tasks.get(self.key)
        if task is None or task.state in {"cancelled", "resumed"}:
            raise Unavailable("The job that asked for this training has ended.")
        now = time.monotonic()
        if self.rank == 0 and now - self.told >= TELL_EVERY_S:
            self.told = now
            self.worker.log_event(self.place.topic, {"fraction": fraction, "message": message})


def perform(
    place: Place, blocks: Sequence[Block], work: Callable[..., Any], arguments: Sequence[Any]
) -> Any:
    """Return what `work` returns; the task of one worker."""
    worker = get_worker()
    if os.getpid() != place.process:
        raise Unavailable(f"Dask worker {worker.address} was started anew.", retry_after_s=10)
    share = WorkerShare(place, blocks, worker, str(worker.get_current_task()))
    try:
        return work(share, *arguments)
    except BaseException:
        for (
            block
        ) in blocks:  # the error's frames would keep them; a training that failed begins anew
            block.discard()
        raise
    finally:
        share.blocks = ()  # their files shall not wait until what `work` made is collected
