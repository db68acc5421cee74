"""Live metrics: how good each version's answers were, by the truths that have come."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from minerva.layers.abstraction.monitoring.quality import Judged
from minerva.layers.abstraction.monitoring.record import InferenceRecord
from minerva.layers.abstraction.monitoring.store import Answered, InferenceStore, Span, TruthStore
from minerva.layers.abstraction.monitoring.verdict import verdict
from minerva.layers.abstraction.monitoring.windows import Windows, place, told
from minerva.layers.abstraction.problems.solved import Solved
from minerva.layers.abstraction.registry.records import CHAMPION, Version
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.parsing import parse
from minerva.schema import Schema

MOST_ANSWERS = 50_000
MOST_TRUTHS = 50_000
"""So many of the newest are looked at, however many there are."""
MOST_LOOKED_AT = 2_000
"""Of answers that are judged without a truth, the newest so many of each version."""
DAYS = 30.0

Records = Sequence[InferenceRecord]


@dataclass(frozen=True)
class Performance:
    """The use case behind `GET /v1/services/{service}/performance`."""

    registry: Registry
    records: InferenceStore
    truths: TruthStore
    settle: Callable[[], object]
    """Has written what this process has just predicted."""
    now: Callable[[], datetime]

    def report(
        self, tenant: str, service: str, days: float = DAYS, window: str = "day"
    ) -> dict[str, Any]:
        """Return metrics by version and window. Raises NotFound, InvalidInput."""
        windows = Windows.read(self.now(), days, window)
        looked_at = self._newest(windows.whole(tenant, service))
        declaration = parse(self.registry.configuration(tenant, service).declaration)
        span, spans = windows.whole(tenant, service), windows.spans(tenant, service)
        answered = [one for one in looked_at if not one.degraded]
        by_number = {one.number: one for one in self.registry.versions(tenant, service)}
        seen = {one.version for one in answered}
        judged, untold = self._judged(span, [by_number[one] for one in by_number.keys() & seen])
        seen |= {one.version for one in judged}
        champion = self.registry.aliases(tenant, service).get(CHAMPION)
        versions = []
        for number in sorted(by_number.keys() & seen, reverse=True):
            solved = solved_by(by_number[number])
            beside = self._answers(span, number) if solved.live.inputs else untold
            of = _Of(by_number[number], solved, declaration, answered, judged, beside)
            versions.append(of.tell(spans, champion))
        roles = _roles(self.registry.aliases(tenant, service))
        return {
            "service": service,
            **told(span),
            "window": window,
            "answers": len(looked_at),
            "answers_limited": len(looked_at) == MOST_ANSWERS,
            "defaults": len(looked_at) - len(answered),
            "truths": len(judged),
            "truths_limited": len(judged) == MOST_TRUTHS,
            "truths_waiting": self.truths.count_waiting(tenant, service),
            "versions": [{**one, "roles": roles.get(int(one["version"]), [])} for one in versions],
        }

    def _judged(self, span: Span, versions: Sequence[Version]) -> tuple[Records, Records]:
        """Return what has a truth; and what was answered beside it, where a version is judged by that."""
        ways = [solved_by(one).live for one in versions]
        features = any(one.features for one in ways)
        judged = self.records.judged(span, MOST_TRUTHS, features=features)
        told = [one for one in judged if not one.degraded]
        if not any(one.taken for one in ways):
            return told, []
        requests = list(dict.fromkeys(one.request_id for one in told))
        untold = self.records.beside(span, requests, MOST_TRUTHS)
        return told, [one for one in untold if not one.degraded]

    def _answers(self, span: Span, number: int) -> Records:
        """Return the newest answers of a version that have no truth."""
        newest = self.records.newest(span, MOST_LOOKED_AT, version=number)
        return [one for one in newest if one.truth_at is None]

    def recent(self, tenant: str, service: str) -> Sequence[Answered]:
        """Return what is known of the newest answers of the last days, newest first, at most so many."""
        return self._newest(Windows.read(self.now(), DAYS, "day").whole(tenant, service))

    def _newest(self, span: Span) -> Sequence[Answered]:
        self.settle()
        return self.records.answered(span, MOST_ANSWERS)


class _Of:
    """One version's part of a report."""

    def __init__(
        self,
        version: Version,
        solved: Solved,
        declaration: ServiceDeclaration,
        answered: Sequence[Answered],
        judged: Records,
        untold: Records,
    ) -> None:
        self.version, self.solved = version, solved
        self.metric = main_metric(declaration, solved, version.metrics)
        number = version.number
        self.untold = [one for one in untold if one.version == number]
        self.answered = [one for one in answered if one.version == number]
        self.all_judged = judged
        self.judged = [one for one in judged if one.version == number]

    def tell(self, spans: Sequence[Span], champion: int | None) -> dict[str, Any]:
        """Return what the report says of it."""
        judged = Judged.of(self.solved, [*self.judged, *self.untold])
        metrics, simple = judged.metrics(), judged.simple()
        interval = judged.interval(self.metric) if self.metric in metrics else None
        held_out = {} if self.solved.live.apart else self.version.metrics
        return {
            "version": str(self.version.number),
            "answers": sum(not one.shadow for one in self.answered),
            "shadow_answers": sum(one.shadow for one in self.answered),
            "latency_ms": _quantiles([one.ms for one in self.answered], p50=50, p95=95),
            "truths": judged.told,
            "truth_delay_s": delays(self.judged),
            "metric": self.metric,
            "metrics": metrics,
            "interval": None if interval is None else list(interval),
            "held_out": {name: value for name, value in held_out.items() if name in metrics},
            "baseline": None
            if simple is None
            else {"answer": simple.answer, "metrics": simple.metrics},
            "verdict": verdict(judged, self.metric, metrics, interval, held_out),
            "same_rows": self._same_rows(champion),
            "windows": self._windows(spans),
        }

    def _windows(self, spans: Sequence[Span]) -> list[dict[str, Any]]:
        judged: dict[int, list[InferenceRecord]] = defaultdict(list)
        for one in (*self.judged, *self.untold):
            judged[place(one.at, spans)].append(one)
        counts = Counter(place(one.at, spans) for one in self.answered)
        found = []
        for at, span in enumerate(spans):
            if counts[at] or judged[at]:
                rows = Judged.of(self.solved, judged[at])
                facts = {"answers": counts[at], "truths": rows.told, "metrics": rows.metrics()}
                found.append({**told(span), **facts})
        return found

    def _same_rows(self, champion: int | None) -> dict[str, Any] | None:
        """Compare with the champion on the rows that both answered: what a shadow is for."""
        if champion is None or champion == self.version.number:
            return None
        known = [one for one in self.all_judged if one.version == champion]
        theirs = {(one.request_id, one.row): one for one in known}
        ours = {(one.request_id, one.row): one for one in self.judged}
        both = [place for place in ours if place in theirs]
        if not both:
            return None
        return {
            "rows": len(both),
            "metrics": Judged.of(self.solved, [ours[place] for place in both]).metrics(),
            "champion": Judged.of(self.solved, [theirs[place] for place in both]).metrics(),
        }


def solved_by(version: Version) -> Solved:
    """Return what a version solves."""
    return Solved.of(Schema.parse(version.manifest["schema"]), version.manifest)


def main_metric(
    declaration: ServiceDeclaration, solved: Solved, held_out: Mapping[str, float]
) -> str:
    """Return the metric that tells: the gate's, else the first that was measured in training."""
    gate, names = declaration.training.gate, solved.kind.metrics(solved.schema.target()[1])
    if gate is not None and gate.metric in names:
        return gate.metric
    return next((name for name in names if name in held_out), names[0])


def delays(judged: Sequence[InferenceRecord]) -> dict[str, float] | None:
    """Return how long truths took to come, in seconds: median and 90th percentile."""
    taken = [
        max(0.0, (one.truth_at - one.at).total_seconds())
        for one in judged
        if one.truth_at is not None
    ]
    return _quantiles(taken, median=50, p90=90)


def _quantiles(values: Sequence[float], **named: float) -> dict[str, float] | None:
    if not values:
        return None
    found = np.percentile(np.array(values), list(named.values())).round(3).tolist()
    return dict(zip(named, found, strict=True))


def _roles(aliases: Mapping[str, int]) -> dict[int, list[str]]:
    roles: dict[int, list[str]] = defaultdict(list)
    for alias, number in sorted(aliases.items()):
        roles[number].append(alias)
    return roles
