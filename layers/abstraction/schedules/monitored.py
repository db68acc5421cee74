"""Services that are watched: told of when they drift or decay, and trained again if that is declared.

Like a watermark, each has a standing that one of many clocks moves at a time: so all of them tell of a
drift once and start one training. What is judged are the records of all processes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec
import structlog

from minerva.errors import MinervaError
from minerva.events import Drift
from minerva.layers.abstraction.callbacks.tell import Tell, nobody
from minerva.layers.abstraction.jobs.jobs import Asked, Jobs
from minerva.layers.abstraction.monitoring.judging import EVERY, Decay, Judgement
from minerva.layers.abstraction.schedules.alone import alone, named
from minerva.layers.abstraction.schedules.aside import Begin
from minerva.layers.abstraction.schedules.schedule import TRAIN, Monitored
from minerva.layers.abstraction.schedules.store import ScheduleStore, Standing
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.webhooks.happening import Happening, of_decay, of_service_drift

AUTHOR = "monitoring"

log = structlog.get_logger()

Judge = Callable[[str, str, ServiceDeclaration], Judgement | None]
"""Judges a tenant's service now; None: nothing serves. Raises Unavailable."""


class Known(msgspec.Struct, frozen=True):
    """What was found the last time, kept as the standing's value."""

    version: int = 0
    drifted: tuple[str, ...] = ()
    decayed: str = ""
    """The metric, empty while it holds."""


@dataclass(frozen=True)
class Monitoring:
    """Judges services, tells of what is new, and starts trainings."""

    store: ScheduleStore
    jobs: Jobs
    judge: Judge
    happened: Callable[[Happening], None]
    """Tells whoever subscribed; never raises."""
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    aside: Begin
    tell: Tell = nobody

    def begin(self, monitored: Monitored, standing: Standing, now: datetime) -> None:
        """Judge aside, unless it was done a moment ago or is being done."""
        if not timedelta(0) <= now - standing.since < EVERY:
            self.aside(standing.key, lambda: self._look(monitored, standing, now))

    def _look(self, monitored: Monitored, seen: Standing, now: datetime) -> None:
        with alone(monitored.declared):
            standing = replace(seen, since=now, moves=seen.moves + 1)
            if not self.store.move(standing):
                return
            tenant, service, _ = standing.key
            try:
                found = self.judge(tenant, service, monitored.declaration)
                moved = standing if found is None else self._follow(monitored, standing, found)
            except MinervaError as error:
                log.warning(
                    "monitoring.not_judged", reason=error.message, **named(monitored.declared)
                )
                moved = replace(standing, error=error.message)
            if moved != standing:
                self.store.move(replace(moved, moves=standing.moves + 1))

    def _follow(self, monitored: Monitored, standing: Standing, found: Judgement) -> Standing:
        """Tell what is new, and train; return the standing after it."""
        before = _known(standing)
        after = Known(
            version=found.version.number,
            drifted=tuple(one.name for one in found.drifted),
            decayed="" if found.decay is None else found.decay.metric,
        )
        if before.version != after.version:  # another champion has another training
            before = Known(version=after.version)
        self._tell(found, before, after)
        moved = replace(standing, value=msgspec.json.encode(after).decode(), error=None)
        reason = _reason(monitored.declaration, found)
        if reason and self._may_train(monitored.declaration, standing, found):
            job_id = self._train(standing, found, reason)
            moved = replace(moved, job_id=job_id, fired_at=self.now())
        return moved

    def _tell(self, found: Judgement, before: Known, after: Known) -> None:
        now, version = self.now(), found.version
        facts = {"tenant": version.tenant, "service": version.service, "version": version.number}
        if set(after.drifted) - set(before.drifted):
            log.warning("service.drifted", **facts, fields=list(after.drifted), rows=found.rows)
            self.happened(of_service_drift(version, found.drifted, found.rows, now))
        if found.decay is not None and not before.decayed:
            _log_decay(found.decay, facts)
            self.happened(of_decay(version, found.decay, now))
            self._tell_plugins(found, found.decay)
        if (before.drifted or before.decayed) and not (after.drifted or after.decayed):
            log.info("service.recovered", **facts)

    def _tell_plugins(self, found: Judgement, decay: Decay) -> None:
        """Of a field that drifts, each web worker tells them."""
        version = found.version
        drift = Drift(
            tenant=version.tenant,
            service=version.service,
            version=version.number,
            name=decay.metric,
            measure=decay.metric,
            value=decay.value,
            threshold=decay.held_out,
        )
        self.tell("minerva_drift", drift=drift)

    def _may_train(
        self, declaration: ServiceDeclaration, standing: Standing, found: Judgement
    ) -> bool:
        """Tell whether the last training is long enough ago, whoever started it."""
        retrain = declaration.training.retrain
        if retrain is None:
            return False
        versions = self.jobs.registry.versions(found.version.tenant, found.version.service)
        moments = [version.created_at for version in versions]
        moments += [] if standing.fired_at is None else [standing.fired_at]
        return self.now() - max(moments) >= retrain.pause

    def _train(self, standing: Standing, found: Judgement, reason: str) -> str:
        """Return the job; whoever submits for this standing gets the same one."""
        version = found.version
        last = "first" if standing.fired_at is None else standing.fired_at.isoformat()
        about = f"{version.service}:{standing.revision}:{version.number}:{last}"
        asked = Asked(
            tenant=version.tenant,
            service=version.service,
            author=AUTHOR,
            request_id=self.new_id(),
            idempotency_key=f"retrain:{about}",
        )
        job, fresh = self.jobs.submit(TRAIN, asked, {})
        if fresh:
            log.info(
                "training.retrained",
                tenant=version.tenant,
                service=version.service,
                version=version.number,
                job_id=job.id,
                reason=reason,
            )
        return job.id


def _known(standing: Standing) -> Known:
    try:
        return msgspec.json.decode(standing.value or "{}", type=Known)
    except msgspec.DecodeError:  # of another release
        return Known()


def _reason(declaration: ServiceDeclaration, found: Judgement) -> str:
    """Say why a service is to be trained again; empty: it is not."""
    retrain = declaration.training.retrain
    if retrain is None:
        return ""
    reasons = []
    if "drift" in retrain.on and found.drifted:
        reasons.append(f"drift of {', '.join(one.name for one in found.drifted)}")
    if "decay" in retrain.on and found.decay is not None:
        one = found.decay
        reasons.append(f"{one.metric} {one.value:.4f} in use, {one.held_out:.4f} in {one.beside}")
    return "; ".join(reasons)


def _log_decay(decay: Decay, facts: dict[str, object]) -> None:
    log.warning(
        "service.decayed",
        **facts,
        metric=decay.metric,
        value=round(decay.value, 6),
        held_out=round(decay.held_out, 6),
        beside=decay.beside,
        truths=decay.truths,
    )
