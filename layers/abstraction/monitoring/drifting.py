"""What comes in and what is answered, beside what it was in training, window by window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from minerva.layers.abstraction.drift.comparison import (
    ALARMS_A_DAY,
    LEAST_ROWS,
    Compared,
    Verdict,
    compare,
)
from minerva.layers.abstraction.drift.profile import Profile
from minerva.layers.abstraction.monitoring.record import InferenceRecord
from minerva.layers.abstraction.monitoring.store import InferenceStore, Span
from minerva.layers.abstraction.monitoring.watched import seen_inputs, seen_outputs
from minerva.layers.abstraction.monitoring.windows import Windows, told
from minerva.layers.abstraction.registry.records import CHAMPION, Version
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.services.parsing import parse
from minerva.schema import Schema

MOST_ROWS = 2000
"""Of each window the newest so many rows are looked at, fewer where there are many windows."""
TOGETHER = 40_000
DAYS = 7.0
DAY = timedelta(days=1)

ProfileOf = Callable[[Version], Profile | None]
"""Gives how a version's training rows and answers were spread; None if it does not know."""


@dataclass(frozen=True)
class Drifting:
    """The use case behind `GET /v1/services/{service}/drift`."""

    registry: Registry
    records: InferenceStore
    profile_of: ProfileOf
    settle: Callable[[], object]
    """Has written what this process has just predicted."""
    now: Callable[[], datetime]

    def report(
        self, tenant: str, service: str, days: float = DAYS, window: str = "day"
    ) -> dict[str, Any]:
        """Compare each window with the champion's training. Raises NotFound, InvalidInput."""
        self.settle()
        windows = Windows.read(self.now(), days, window)
        threshold = parse(self.registry.configuration(tenant, service).declaration).monitoring.drift
        champion = self.registry.aliases(tenant, service).get(CHAMPION)
        version = None if champion is None else self.registry.version(tenant, service, champion)
        profile = None if version is None else self.profile_of(version)
        report = {
            "service": service,
            **told(windows.whole(tenant, service)),
            "window": window,
            "version": None if version is None else str(version.number),
            "threshold": threshold,
            "alarms_a_day": ALARMS_A_DAY,
            "least_rows": LEAST_ROWS,
            "trained_rows": None if profile is None else profile.rows,
            "problem": _problem(service, version, profile, threshold),
        }
        if version is None or profile is None:
            return {**report, "windows": []}
        alarms = ALARMS_A_DAY * min(1.0, windows.step / DAY)
        spans = windows.spans(tenant, service)
        most = max(2 * LEAST_ROWS, min(MOST_ROWS, TOGETHER // len(spans)))
        rows = [self.records.newest(span, most, version=version.number) for span in spans]
        found = [compared(version, profile, some, threshold, alarms) for some in rows]
        told_of = [
            _window(span, some, one, most)
            for span, some, one in zip(spans, rows, found, strict=True)
        ]
        return {**report, "windows": told_of}


Found = tuple[list[Compared], list[Compared]]
"""Inputs and outputs."""


def compared(
    version: Version,
    profile: Profile,
    records: Sequence[InferenceRecord],
    threshold: float,
    alarms: float,
) -> Found:
    """Return inputs and outputs beside a version's training; `alarms` is for all of them together."""
    schema = Schema.parse(version.manifest["schema"])
    inputs = list(seen_inputs(profile, schema, records))
    found = compare([*inputs, *seen_outputs(profile, schema, records)], threshold, alarms)
    return found[: len(inputs)], found[len(inputs) :]


def _window(
    span: Span, records: Sequence[InferenceRecord], found: Found, most: int
) -> dict[str, Any]:
    inputs, outputs = found
    return {
        **told(span),
        "rows": len(records),
        "limited": len(records) == most,
        "verdict": verdict(len(records), [*inputs, *outputs]),
        "inputs": [one.to_json() for one in inputs],
        "outputs": [one.to_json() for one in outputs],
    }


def verdict(rows: int, found: Sequence[Compared]) -> str:
    """Say in a few words what is to be thought of a window."""
    drifted = [one.name for one in found if one.verdict is Verdict.DRIFTED]
    if rows < LEAST_ROWS:
        return Verdict.TOO_FEW.value
    return f"drifted: {', '.join(drifted)}" if drifted else Verdict.STEADY.value


def _problem(
    service: str, version: Version | None, profile: Profile | None, threshold: float
) -> str | None:
    if version is None:
        return f"{service} has no version yet: train it."
    if profile is None:
        return (
            f"Version {version.number} does not know how its training rows were spread: it was imported, "
            "learnt from no data, or is older than profiles."
        )
    return None if threshold > 0 else "`monitoring: {drift: 0}` calls nothing a drift."
