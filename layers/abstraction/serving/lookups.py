"""Opened data sources for predictions by key, one per service and configuration."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.services.environment import expand
from minerva.layers.abstraction.serving.live_service import LiveService
from minerva.layers.abstraction.training.source import DataSource, OpenSource


@dataclass
class Lookups:
    """Keeps a service's source open until its configuration changes."""

    open_source: OpenSource
    environment: Mapping[str, str]
    _opened: dict[tuple[str, str], tuple[int, DataSource]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, live: LiveService) -> DataSource:
        """Return the source. Raises InvalidInput if the service declares no lookup."""
        name = live.declaration.service
        if live.declaration.data is None or live.declaration.data.lookup is None:
            raise InvalidInput(
                f"Service {name!r} cannot be asked by key.",
                faults=[Fault("/keys", "no `lookup` is declared under `data`: send records")],
            )
        with self._lock:
            revision, source = self._opened.get((live.tenant, name), (None, None))
            if source is None or revision != live.revision:
                source = self.open_source(expand(live.declaration.data, self.environment))
                self._opened[(live.tenant, name)] = (live.revision, source)
            return source
