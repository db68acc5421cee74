"""Monitoring, wired together."""

from __future__ import annotations

from functools import partial

from minerva.adapters.metadata import MetadataStores
from minerva.layers.abstraction.monitoring.drifting import Drifting
from minerva.layers.abstraction.monitoring.feedback import Feedback
from minerva.layers.abstraction.monitoring.monitoring import Monitoring
from minerva.layers.abstraction.monitoring.performance import Performance
from minerva.layers.abstraction.monitoring.profiles import Profiles
from minerva.layers.abstraction.monitoring.recorder import Recorder
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.registry.store import ArtefactStore

SETTLE_S = 1.0
"""A process that is asked all the time never comes to rest."""


def open_monitoring(
    stores: MetadataStores, registry: Registry, artefacts: ArtefactStore
) -> Monitoring:
    """Wire the parts; nothing is read yet."""
    recorder = Recorder(stores.inferences.add)
    settle = partial(recorder.flush, SETTLE_S)
    return Monitoring(
        recorder=recorder,
        feedback=Feedback(stores.truths, settle, stores.clock.now),
        performance=Performance(
            registry, stores.inferences, stores.truths, settle, stores.clock.now
        ),
        drift=Drifting(
            registry, stores.inferences, Profiles(artefacts.fetch), settle, stores.clock.now
        ),
    )
