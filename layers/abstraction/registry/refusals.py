"""Why an alias may not name a version; said alike before a promotion and while it is written."""

from __future__ import annotations

from minerva.errors import Conflict
from minerva.layers.abstraction.registry.records import Quarantine, Version


def refuse_unfit(version: Version, quarantine: Quarantine | None) -> None:
    """Raise Conflict, saying what to do, for a version that is pruned or in quarantine."""
    service, number = version.service, version.number
    if version.pruned_at is not None:
        raise Conflict(
            f"Version {number} of {service} was pruned on {version.pruned_at:%Y-%m-%d}: "
            f"its files are gone. Train a new version, or choose another: minerva versions {service}"
        )
    if quarantine is not None:
        raise Conflict(
            f"Version {number} of {service} is in quarantine: {quarantine.reason.rstrip('.')}. "
            f"If it may serve again, release it: minerva versions release {service} {number}"
        )
