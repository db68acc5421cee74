"""Waiting for tasks without waiting for ever: for workers that ended and a scheduler that went away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from distributed import Client, Future, wait

from minerva.adapters.engines.address import SchedulerAddress
from minerva.adapters.engines.failures import away, lost, short_of_memory, told, translated, worst
from minerva.errors import MinervaError

POLL_S = 0.5
PAUSED_S = 60
GRACE_POLLS = 10
"""After a failure the other workers of a gang get so long to tell the better reason."""


@dataclass(frozen=True, eq=False)
class Watch:
    """Watches the workers that a training began with."""

    client: Client
    address: SchedulerAddress
    workers: Sequence[str]
    paused: dict[str, float] = field(default_factory=dict)
    """Worker that dask gives nothing to do → since when."""

    def results(
        self, futures: Sequence[Future], doing: str, done: Callable[[int], object] | None = None
    ) -> list[Any]:
        """Return all results in order; `done` is told how many there are.

        Raises what a task raised, or Unavailable. Nothing goes on after that.
        """
        try:
            self._wait(futures, done)
            self._raise_failed(futures, doing)
            return list(self.client.gather(list(futures)))
        except BaseException:
            with suppress(
                Exception
            ):  # nobody to tell; the error that led here is the one that counts
                self.client.cancel(list(futures), force=True)
            raise

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Let whatever dask raises be Unavailable once the scheduler is gone: it raises many things."""
        try:
            with translated(self.address):
                yield
        except (MinervaError, MemoryError):
            raise
        except Exception as error:
            if self.client.status != "running":
                raise away(self.address) from error
            raise

    def _wait(self, futures: Sequence[Future], done: Callable[[int], object] | None) -> None:
        pending, grace = list(futures), GRACE_POLLS
        while pending:
            try:
                with self.client.as_current():
                    wait(pending, timeout=POLL_S, return_when="FIRST_COMPLETED")
            except TimeoutError:
                self._check()
            failed = any(future.status in {"error", "cancelled", "lost"} for future in futures)
            pending = [future for future in pending if not future.done()]
            if failed:
                grace -= 1
                if grace < 0:
                    return
            if done is not None:
                done(len(futures) - len(pending))

    def _check(self) -> None:
        """Raise Unavailable if the scheduler or a worker is gone: its tasks would wait for ever."""
        if self.client.status != "running":
            raise away(self.address)
        present = self.client.scheduler_info()["workers"]
        for worker in self.workers:
            if worker not in present:
                raise lost(worker)
            self._check_paused(worker, present[worker])

    def _check_paused(self, worker: str, told: Mapping[str, Any]) -> None:
        """Raise Unavailable if dask holds a worker back for its memory, and nothing there will free it."""
        at_work = told["metrics"].get("task_counts", {}).get("executing", 0)
        if told["status"] != "paused" or at_work:
            self.paused.pop(worker, None)
        elif time.monotonic() - self.paused.setdefault(worker, time.monotonic()) > PAUSED_S:
            raise short_of_memory(worker)

    def _raise_failed(self, futures: Sequence[Future], doing: str) -> None:
        failed = [future for future in futures if future.status == "error"]
        if failed:
            error = worst([future.exception() for future in failed])
            raise told(error, doing) from error
        if any(future.status != "finished" for future in futures):
            self._check()
            raise away(self.address)
