"""What the web interface works with: the use cases and the few settings that concern it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from minerva.layers.core.http.incoming import Gates
from minerva.layers.core.telemetry.statistics import Statistics
from minerva.layers.core.telemetry.traffic import Traffic

if TYPE_CHECKING:
    from minerva.layers.abstraction.jobs.jobs import Jobs
    from minerva.layers.abstraction.monitoring.monitoring import Monitoring
    from minerva.layers.abstraction.registry.registry import Registry
    from minerva.layers.abstraction.schedules.upcoming import Upcoming
    from minerva.layers.abstraction.services.revisions import Revisions
    from minerva.layers.abstraction.serving.hooked import Predicts
    from minerva.layers.abstraction.serving.live import LiveServices
    from minerva.layers.abstraction.tuning.proposals import Proposals
    from minerva.layers.abstraction.tuning.tunings import Tunings
    from minerva.layers.abstraction.uploads.uploads import Uploads
    from minerva.layers.abstraction.webhooks.webhooks import Webhooks
    from minerva.layers.core.security.keyring import Keyring


@dataclass(frozen=True, kw_only=True)
class House:
    """Everything that a view may use. One per web worker process."""

    live: LiveServices
    predictor: Predicts
    registry: Registry
    jobs: Jobs
    uploads: Uploads
    upcoming: Upcoming
    webhooks: Webhooks
    tunings: Tunings
    proposals: Proposals
    revisions: Revisions
    monitoring: Monitoring
    keyring: Keyring
    max_body_bytes: int
    max_records: int
    request_id_header: str = "X-Request-ID"
    default_service: str = ""
    """The service that protocols ask which name none; empty: they are told that there is none."""
    auth_required: bool = True
    """False where `auth` is none: every caller is the local principal."""
    local_only: bool = True
    """Whether only this machine can reach us, so that health and docs may say more."""
    stream_limit_s: float = 60
    """How long one event stream lasts; its reader comes back with the last event's id."""
    max_streams: int = 4
    """Event streams at once in this process: each holds a thread that predictions need."""
    gates: Gates = field(default_factory=lambda: Gates(4))
    """Uploads, and long answers to tables, at once in this process."""
    statistics: Statistics = field(default_factory=Statistics)
    """What this process answered."""
    traffic: Traffic = field(default_factory=Traffic)
    """What all web workers of this container have to do."""
    draining: threading.Event = field(default_factory=threading.Event)
    """Set when this process was told to stop: streams end, requests in flight are finished."""
