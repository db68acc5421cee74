"""Whether a service does as it did when its champion was trained: the judgement that alarms follow from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from minerva.layers.abstraction.drift.comparison import ALARMS_A_DAY, Compared, Verdict
from minerva.layers.abstraction.monitoring.drifting import ProfileOf, compared
from minerva.layers.abstraction.monitoring.performance import main_metric, solved_by
from minerva.layers.abstraction.monitoring.quality import Judged, worse
from minerva.layers.abstraction.monitoring.store import InferenceStore, Span
from minerva.layers.abstraction.problems.solved import Solved
from minerva.layers.abstraction.registry.records import CHAMPION, Version
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.services.declaration import ServiceDeclaration

EVERY = timedelta(minutes=5)
ALARMS = ALARMS_A_DAY * (EVERY / timedelta(days=1))
"""Chance that one judgement of undisturbed data raises an alarm."""
ROWS = 500
MOST_TRUTHS = 5000
MOST_ANSWERS = 1000
"""Where no truth is needed, the newest so many are looked at: no more are compared with each other."""
SURE = 0.999
"""A metric has decayed if the whole interval that holds it so surely is worse: it is looked at often."""


Beside = Literal["training", "earlier use"]


@dataclass(frozen=True)
class Decay:
    """A metric that is worse than it was."""

    metric: str
    value: float
    held_out: float
    """What it was: on rows held out in training, or earlier in use."""
    truths: int
    """So many rows tell, with a truth where there is one."""
    beside: Beside = "training"


@dataclass(frozen=True)
class Judgement:
    """What is to be thought of a champion now."""

    version: Version
    rows: int
    drifted: tuple[Compared, ...]
    decay: Decay | None


Found = TypeVar("Found")
Name = tuple[str, str]
"""Tenant and service."""


@dataclass
class Judging:
    """Looks at the newest records of one service, of all processes that answered.

    What was found stays as it is while nothing new has come: judging costs a part of a second.
    """

    registry: Registry
    records: InferenceStore
    profile_of: ProfileOf
    now: Callable[[], datetime]
    _drifts: dict[Name, tuple[object, tuple[int, tuple[Compared, ...]]]] = field(
        default_factory=dict
    )
    _decays: dict[Name, tuple[object, Decay | None]] = field(default_factory=dict)

    def __call__(
        self, tenant: str, service: str, declaration: ServiceDeclaration
    ) -> Judgement | None:
        """Return what is found; None if nothing serves. Raises Unavailable."""
        number = self.registry.aliases(tenant, service).get(CHAMPION)
        if number is None:
            return None
        version = self.registry.version(tenant, service, number)
        now = self.now()
        back = timedelta(days=declaration.monitoring.keep_days)
        span = Span(tenant, service, now - back, now + EVERY)
        newest = [one.at for one in self.records.answered(span, 1)]
        rows, drifted = _once(
            self._drifts,
            (tenant, service),
            (number, declaration.monitoring, newest),
            lambda: self._drifted(version, span, declaration),
        )
        told = [one.truth_at for one in self.records.judged(span, 1)]
        unlabelled = newest if solved_by(version).live.inputs else None
        decay = _once(
            self._decays,
            (tenant, service),
            (number, declaration.monitoring, declaration.training.gate, told, unlabelled),
            lambda: self._decay(version, span, declaration),
        )
        return Judgement(version, rows, drifted, decay)

    def _drifted(
        self, version: Version, span: Span, declaration: ServiceDeclaration
    ) -> tuple[int, tuple[Compared, ...]]:
        threshold = declaration.monitoring.drift
        profile = self.profile_of(version) if threshold else None
        if profile is None:
            return 0, ()
        records = self.records.newest(span, ROWS, version=version.number)
        inputs, outputs = compared(version, profile, records, threshold, ALARMS)
        found = (one for one in (*inputs, *outputs) if one.verdict is Verdict.DRIFTED)
        return len(records), tuple(found)

    def _decay(self, version: Version, span: Span, declaration: ServiceDeclaration) -> Decay | None:
        part = declaration.monitoring.decay
        if not part:
            return None
        solved = solved_by(version)
        metric = main_metric(declaration, solved, version.metrics)
        if metric not in version.metrics:
            return None
        if not solved.live.apart:
            held_out = version.metrics[metric]
            judged = self._judged(version, solved, span)
            return _decayed(judged, metric, held_out, (held_out,), part)
        middle = span.since + (self.now() - span.since) / 2
        before = self._judged(version, solved, replace(span, until=middle))
        ends = before.interval(metric, SURE)
        if ends is None:
            return None
        judged = self._judged(version, solved, replace(span, since=middle))
        found = _decayed(judged, metric, before.metrics()[metric], ends, part)
        return None if found is None else replace(found, beside="earlier use")

    def _judged(self, version: Version, solved: Solved, span: Span) -> Judged:
        """Return the newest rows of a version that tell how good it is."""
        live = solved.live
        if live.inputs:
            newest = self.records.newest(span, MOST_ANSWERS, version=version.number)
            return Judged.of(solved, newest)
        told = self.records.judged(span, MOST_TRUTHS, features=live.features)
        if live.taken:
            requests = list(dict.fromkeys(one.request_id for one in told))
            told = [*told, *self.records.beside(span, requests, MOST_TRUTHS)]
        own = (one for one in told if one.version == version.number)
        return Judged.of(solved, [one for one in own if not one.shadow and not one.degraded])


def _decayed(
    judged: Judged, metric: str, before: float, ends: Sequence[float], part: float
) -> Decay | None:
    """Return the decay if all of the metric's interval is worse than these ends of what it was."""
    interval = judged.interval(metric, SURE)
    if interval is None:
        return None
    if not all(worse(metric, end, than, part) for end in interval for than in ends):
        return None
    rows = judged.told or len(judged)
    return Decay(metric, judged.metrics()[metric], before, rows)


def _once(
    known: dict[Name, tuple[object, Found]],
    name: Name,
    about: object,
    find: Callable[[], Found],
) -> Found:
    """Return what was found about the same the last time, or find it."""
    before = known.get(name)
    if before is None or before[0] != about:
        before = known[name] = (about, find())
    return before[1]
