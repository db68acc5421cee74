"""The profile as a file of a version, beside its goldens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import structlog

from minerva.algorithm import Model
from minerva.layers.abstraction.drift.answers import output_profiles
from minerva.layers.abstraction.drift.bins import Bins
from minerva.layers.abstraction.drift.profile import Profile, evenly, profile_of
from minerva.layers.abstraction.serving.answers import Answers
from minerva.schema import Batch, Schema

log = structlog.get_logger()

FILE = "profile.json"
MOST_ANSWERED = 10_000
"""So many held-out rows tell how answers are spread."""


def write_profile(
    folder: Path, rows: Batch, model: Model | None = None, held_out: Batch | None = None
) -> None:
    """Store how a version's training rows were spread, and its answers to rows that were held out.

    Nothing is stored if there is nothing to watch.
    """
    profile = profile_of(rows)
    if profile is None:
        return
    if model is not None and held_out is not None and len(held_out):
        judged = evenly(held_out, MOST_ANSWERED)
        outputs = output_profiles(Answers.of(judged, model.predict(judged)))
        profile = replace(profile, answered=len(judged), outputs=outputs)
    (folder / FILE).write_bytes(msgspec.json.encode(profile))


def read_profile(folder: Path) -> Profile | None:
    """Return the profile of a version; None if it has none. Raises ValueError for a broken one."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Profile)
    except FileNotFoundError:
        return None


def read_bins(folder: Path, schema: Schema) -> Bins | None:
    """Return the bins of a version; None if it has no profile and so is not watched.

    So is one whose profile cannot be read, which is logged: it serves all the same.
    """
    try:
        profile = read_profile(folder)
        return None if profile is None else Bins.of(profile, schema)
    except (OSError, ValueError) as error:  # msgspec's errors are ValueErrors
        log.warning("drift.not_watched", digest=folder.name[:12], reason=type(error).__name__)
        return None
