"""Profiles of versions, fetched when somebody asks and kept for the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from minerva.errors import NotFound
from minerva.layers.abstraction.drift.profile import Profile
from minerva.layers.abstraction.drift.stored import read_profile
from minerva.layers.abstraction.registry.records import Version

log = structlog.get_logger()

MOST = 64


@dataclass
class Profiles:
    """Satisfies `drifting.ProfileOf`."""

    fetch: Callable[[str], Path]
    """Gives the folder of a version's files. Raises NotFound, Unavailable."""
    _kept: dict[str, Profile | None] = field(default_factory=dict)

    def __call__(self, version: Version) -> Profile | None:
        """Return a version's profile; None if it has none, or one that cannot be read."""
        if version.digest not in self._kept:
            while len(self._kept) >= MOST:
                self._kept.pop(next(iter(self._kept)), None)
            self._kept[version.digest] = self._read(version)
        return self._kept[version.digest]

    def _read(self, version: Version) -> Profile | None:
        try:
            return read_profile(self.fetch(version.digest))
        except (NotFound, OSError, ValueError) as error:  # pruned, or broken
            log.warning(
                "drift.not_watched", digest=version.digest[:12], reason=type(error).__name__
            )
            return None
