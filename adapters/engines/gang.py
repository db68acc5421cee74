"""The workers of a cluster as an algorithm sees them: all of them at once."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from distributed import Future

from minerva.adapters.engines.watch import Watch
from minerva.adapters.engines.worker.share import Place, perform
from minerva.algorithm import Progress


@dataclass(frozen=True, eq=False)
class Holder:
    """A worker and the blocks that it holds."""

    worker: str
    blocks: Sequence[Future]


@dataclass(frozen=True, eq=False)
class DaskCluster:
    """Satisfies `minerva.cluster.Cluster`."""

    watch: Watch
    holders: Sequence[Holder]
    rows: int
    counts: Mapping[float, int]
    progress: Progress

    @property
    def workers(self) -> int:
        """How many hold rows."""
        return len(self.holders)

    def first(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Run on one worker."""
        return self._run(self.holders[:1], work, arguments)[0]

    def together(self, work: Callable[..., Any], *arguments: Any) -> Sequence[Any]:
        """Run on all."""
        return self._run(self.holders, work, arguments)

    def _run(
        self, holders: Sequence[Holder], work: Callable[..., Any], arguments: Sequence[Any]
    ) -> list[Any]:
        client = self.watch.client
        name = secrets.token_hex(8)
        topic = f"minerva-{name}"
        with self.watch.guarded(), self._listening(topic):
            processes = client.run(os.getpid, workers=[holder.worker for holder in holders])
            futures = [
                client.submit(
                    perform,
                    Place(rank, self.workers, processes[holder.worker], topic),
                    list(holder.blocks),
                    work,
                    list(arguments),
                    key=f"minerva-training-{name}-{rank}",
                    workers=[holder.worker],
                    allow_other_workers=False,
                    pure=False,
                )
                for rank, holder in enumerate(holders)
            ]
            return self.watch.results(futures, "training")

    @contextmanager
    def _listening(self, topic: str) -> Iterator[None]:
        self.watch.client.subscribe_topic(topic, self._told)
        try:
            yield
        finally:
            with suppress(Exception):  # where the scheduler is gone, there is no subscription left
                self.watch.client.unsubscribe_topic(topic)

    def _told(self, event: tuple[float, Mapping[str, Any]]) -> None:
        _, said = event
        self.progress(said["fraction"], said["message"])
