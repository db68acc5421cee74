"""Which versions may be given up, and giving them up: first the mark in the registry, then the files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import structlog

from minerva.layers.abstraction.jobs.job import Job, JobState
from minerva.layers.abstraction.jobs.store import JobStore
from minerva.layers.abstraction.registry.history import named_before
from minerva.layers.abstraction.registry.records import CHAMPION, Version
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.registry.store import ArtefactStore

log = structlog.get_logger()

KEEP = 5
"""How many of the newest versions are kept whatever they are."""
MOST_JOBS = 100_000


@dataclass(frozen=True)
class Choice:
    """Which of a service's versions are kept, why, and which are not; newest first."""

    kept: Mapping[int, str]
    """Version number → why."""
    freed: Sequence[Version]


@dataclass(frozen=True)
class Freeing:
    """One artefact that goes, or went."""

    version: Version
    bytes: int


@dataclass(frozen=True)
class Plan:
    """What pruning a service would do."""

    service: str
    kept: Mapping[int, str]
    freed: Sequence[Freeing]
    """Versions to be given up, and those given up before whose files an interrupted run left."""

    @property
    def bytes(self) -> int:
        """All that would be freed."""
        return sum(one.bytes for one in self.freed)


def choose(
    versions: Sequence[Version],
    *,
    keep: int,
    aliases: Mapping[str, int],
    before: int | None,
    jobs: Collection[Job],
) -> Choice:
    """Decide about a service's versions (newest first; pruned ones count for nothing).

    Kept are the newest `keep`, what an alias names, the champion to roll back to (`before`) and what
    an unfinished job names or has made. Where all that is nothing, the newest stays: a service never
    loses its only version.
    """
    present = [version for version in versions if version.pruned_at is None]
    named = {number: alias for alias, number in aliases.items()}
    if before is not None:
        named.setdefault(before, "the champion before, to roll back to")
    for version in present:
        if job := _naming(version, jobs):
            named.setdefault(version.number, f"job {job.id} is not finished")
    newest = max(keep, 0) if any(version.number in named for version in present) else max(keep, 1)
    for version in present[:newest]:
        named.setdefault(version.number, f"among the newest {newest}")
    return Choice(
        {version.number: named[version.number] for version in present if version.number in named},
        [version for version in present if version.number not in named],
    )


def _naming(version: Version, jobs: Collection[Job]) -> Job | None:
    return next(
        (
            job
            for job in jobs
            if job.id == version.job_id or job.payload.get("version") == version.number
        ),
        None,
    )


@dataclass(frozen=True)
class Retention:
    """Gives up versions of one tenant's services."""

    registry: Registry
    jobs: JobStore
    artefacts: ArtefactStore

    def plan(self, tenant: str, service: str, keep: int = KEEP) -> Plan:
        """Return what `prune` would do now. Raises NotFound."""
        versions = self.registry.versions(tenant, service)
        choice = self._choose(tenant, service, versions, keep)
        freed = [Freeing(one, self.artefacts.size(one.digest)) for one in choice.freed]
        left = [Freeing(one, size) for one, size in self._left(versions)]
        return Plan(service, choice.kept, [*freed, *left])

    def prune(self, tenant: str, service: str, keep: int = KEEP) -> Plan:
        """Give up what may be given up, and return what went. Raises NotFound, Unavailable.

        May be killed at any point: what is marked serves no more, and the next run deletes its files.
        Files of a digest that another version has, of whatever tenant, stay.
        """
        versions = self.registry.versions(tenant, service)
        choice = self._choose(tenant, service, versions, keep)
        numbers = [version.number for version in choice.freed]
        marked = self._mark(tenant, service, numbers) if numbers else ()
        deleted = list(self._delete(self.registry.versions(tenant, service)))
        gone = {one.version.number for one in deleted}
        shared = [Freeing(version, 0) for version in marked if version.number not in gone]
        return Plan(service, choice.kept, [*deleted, *shared])

    def _mark(self, tenant: str, service: str, numbers: Sequence[int]) -> Sequence[Version]:
        marked = self.registry.version_store.prune(tenant, service, numbers, self.registry.now())
        for version in marked:
            log.info("version.pruned", tenant=tenant, service=service, version=version.number)
        return marked

    def _choose(self, tenant: str, service: str, versions: Sequence[Version], keep: int) -> Choice:
        return choose(
            versions,
            keep=keep,
            aliases=self.registry.aliases(tenant, service),
            before=self._champion_before(tenant, service, versions),
            jobs=self._unfinished(tenant, service),
        )

    def _champion_before(
        self, tenant: str, service: str, versions: Sequence[Version]
    ) -> int | None:
        history = self.registry.alias_store.history(tenant, service, CHAMPION)
        quarantined = self.registry.quarantined(tenant, service)
        there = {one.number for one in versions if one.pruned_at is None}
        good = (one for one in named_before(history) if one in there and one not in quarantined)
        return next(good, None)

    def _unfinished(self, tenant: str, service: str) -> list[Job]:
        return [
            job
            for state in (JobState.QUEUED, JobState.RUNNING)
            for job in self.jobs.list(tenant, service=service, state=state, limit=MOST_JOBS)
        ]

    def _left(self, versions: Sequence[Version]) -> Iterator[tuple[Version, int]]:
        """Yield pruned versions whose files are still there and nobody's."""
        for version in versions:
            size = 0 if version.pruned_at is None else self.artefacts.size(version.digest)
            if size and version.digest not in self.registry.version_store.digests_in_use():
                yield version, size

    def _delete(self, versions: Sequence[Version]) -> Iterator[Freeing]:
        """Delete what nobody uses; asked anew for each, as a training may bring a version back."""
        for version, size in self._left(versions):
            self.artefacts.delete(version.digest)
            log.info("artefact.deleted", digest=version.digest[:12], bytes=size)
            yield Freeing(version, size)
