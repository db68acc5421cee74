"""The profile as a file of a version, beside its goldens."""

from __future__ import annotations

from pathlib import Path

import msgspec
import structlog

from minerva.layers.abstraction.drift.bins import Bins
from minerva.layers.abstraction.drift.profile import Profile, profile_of
from minerva.schema import Batch, Schema

log = structlog.get_logger()

FILE = "profile.json"


def write_profile(folder: Path, rows: Batch) -> None:
    """Store the profile of a version's training rows, if there is anything to watch."""
    profile = profile_of(rows)
    if profile is not None:
        (folder / FILE).write_bytes(msgspec.json.encode(profile))


def read_bins(folder: Path, schema: Schema) -> Bins | None:
    """Return the bins of a version; None if it has no profile and so is not watched.

    So is one whose profile cannot be read, which is logged: it serves all the same.
    """
    try:
        return Bins.of(msgspec.json.decode((folder / FILE).read_bytes(), type=Profile), schema)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
        log.warning("drift.not_watched", digest=folder.name[:12], reason=type(error).__name__)
        return None
