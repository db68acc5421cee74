"""Forgetting recorded predictions: by age and by number, as each service declares."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from minerva.errors import MinervaError
from minerva.layers.abstraction.monitoring.store import AT_A_TIME, InferenceStore, TruthStore
from minerva.layers.abstraction.registry.records import Configuration
from minerva.layers.abstraction.registry.store import RevisionStore
from minerva.layers.abstraction.services.parsing import parse

log = structlog.get_logger()

EVERY_S = 600.0


@dataclass
class Retention:
    """Looks every ten minutes; done by several clocks it forgets no more."""

    store: InferenceStore
    truths: TruthStore
    revision: RevisionStore
    now: Callable[[], datetime]
    clock: Callable[[], float]
    """Seconds that only grow."""
    _due: float = -math.inf

    def sweep(self) -> None:
        """Forget what is to be forgotten, if it is time to look."""
        if self.clock() < self._due:
            return
        self._due = self.clock() + EVERY_S
        for configuration in self.revision.declared()[1]:
            try:
                if self._prune(configuration) >= AT_A_TIME:
                    self._due = -math.inf  # there is more: the next tick goes on
            except MinervaError as error:  # of one service; the others' records age too
                service = configuration.service
                log.warning("inference.not_pruned", service=service, reason=error.message)

    def _prune(self, configuration: Configuration) -> int:
        """Return how many were forgotten."""
        monitoring = parse(configuration.declaration).monitoring
        tenant, service = configuration.tenant, configuration.service
        before = self.now() - timedelta(days=monitoring.keep_days)
        forgotten = self.store.prune(tenant, service, before, monitoring.keep_rows)
        forgotten += self.truths.forget_waiting(tenant, service, before)
        if forgotten:
            log.info("inference.pruned", tenant=tenant, service=service, rows=forgotten)
        return forgotten
