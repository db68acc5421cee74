"""The metadata store: services, versions, aliases, jobs and keys in SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minerva.adapters.metadata.clock import DatabaseClock
    from minerva.adapters.metadata.tenancy import Database
    from minerva.layers.abstraction.jobs.store import JobLeases, JobStore
    from minerva.layers.abstraction.monitoring.store import InferenceStore, TruthStore
    from minerva.layers.abstraction.registry.store import (
        AliasStore,
        ConfigurationStore,
        QuarantineStore,
        RevisionStore,
        VersionStore,
    )
    from minerva.layers.abstraction.schedules.store import ScheduleStore
    from minerva.layers.abstraction.tuning.store import ProposalStore, TrialStore
    from minerva.layers.abstraction.uploads.store import UploadStore
    from minerva.layers.abstraction.webhooks.subscription import SubscriptionStore
    from minerva.layers.core.security.keystore import KeyStore

__all__ = ["MetadataStores", "Moved", "migrate_metadata", "open_metadata"]


@dataclass(frozen=True)
class MetadataStores:
    """Every store of one database; make one per process."""

    configurations: ConfigurationStore
    versions: VersionStore
    aliases: AliasStore
    quarantines: QuarantineStore
    revision: RevisionStore
    jobs: JobStore
    leases: JobLeases
    schedules: ScheduleStore
    keys: KeyStore
    uploads: UploadStore
    subscriptions: SubscriptionStore
    trials: TrialStore
    proposals: ProposalStore
    inferences: InferenceStore
    truths: TruthStore
    database: Database
    clock: DatabaseClock

    def close(self) -> None:
        """Close the connections; what is asked next opens new ones."""
        self.database.engine.dispose()


def _machine_time() -> datetime:
    return datetime.now(UTC)


def open_metadata(
    url: str,
    timeout_s: float,
    *,
    migrates: bool = True,
    release: str = "",
    own_clock: Callable[[], datetime] = _machine_time,
) -> MetadataStores:
    """Open and migrate a database, waiting at most `timeout_s` for a lock.

    `own_clock` is this machine's, which a database without a clock of its own goes by. `release`
    names the installation, whose own the database is from then on; empty: nobody asks.

    Raises InvalidConfiguration for a URL, file or schema that cannot be used, Unavailable for a
    database that does not answer, or that is to be migrated if it is not done here.
    """
    database = _open_database(url, timeout_s, release, migrates=migrates)
    return _stores_of(database, own_clock)


def _stores_of(database: Database, own_clock: Callable[[], datetime]) -> MetadataStores:
    from minerva.adapters.metadata.aliases import SqlAliasStore
    from minerva.adapters.metadata.clock import DatabaseClock
    from minerva.adapters.metadata.configurations import SqlConfigurationStore
    from minerva.adapters.metadata.inferences import SqlInferenceStore
    from minerva.adapters.metadata.jobs import SqlJobStore
    from minerva.adapters.metadata.keys import SqlKeyStore
    from minerva.adapters.metadata.leases import SqlJobLeases
    from minerva.adapters.metadata.proposals import SqlProposalStore
    from minerva.adapters.metadata.quarantines import SqlQuarantineStore
    from minerva.adapters.metadata.revision import SqlRevisionStore
    from minerva.adapters.metadata.schedules import SqlScheduleStore
    from minerva.adapters.metadata.subscriptions import SqlSubscriptionStore
    from minerva.adapters.metadata.trials import SqlTrialStore
    from minerva.adapters.metadata.truths import SqlTruthStore
    from minerva.adapters.metadata.uploads import SqlUploadStore
    from minerva.adapters.metadata.versions import SqlVersionStore

    return MetadataStores(
        configurations=SqlConfigurationStore(database),
        versions=SqlVersionStore(database),
        aliases=SqlAliasStore(database),
        quarantines=SqlQuarantineStore(database),
        revision=SqlRevisionStore(database),
        jobs=SqlJobStore(database),
        leases=SqlJobLeases(database),
        schedules=SqlScheduleStore(database),
        keys=SqlKeyStore(database),
        uploads=SqlUploadStore(database),
        subscriptions=SqlSubscriptionStore(database),
        trials=SqlTrialStore(database),
        proposals=SqlProposalStore(database),
        inferences=SqlInferenceStore(database),
        truths=SqlTruthStore(database),
        database=database,
        clock=DatabaseClock(database.engine, own_clock),
    )


@dataclass(frozen=True)
class Moved:
    """Which database was brought from which revision to which; None: it had no tables of ours."""

    database: str
    before: str | None
    after: str


def migrate_metadata(url: str, timeout_s: float, release: str = "") -> Moved:
    """Migrate a database, and close it again. Raises as `open_metadata`."""
    from minerva.adapters.metadata.engine import name_of, open_engine
    from minerva.adapters.metadata.installation import refuse_other
    from minerva.adapters.metadata.migrate import migrate
    from minerva.adapters.metadata.migrations import HEAD

    engine = open_engine(url, timeout_s)
    try:
        if release:
            refuse_other(engine, release)
        return Moved(name_of(engine), migrate(engine), HEAD)
    finally:
        engine.dispose()


def _open_database(url: str, timeout_s: float, release: str, *, migrates: bool) -> Database:
    from minerva.adapters.metadata.engine import open_engine
    from minerva.adapters.metadata.installation import claim, refuse_other
    from minerva.adapters.metadata.migrate import ensure_migrated, migrate
    from minerva.adapters.metadata.tenancy import Database

    engine = open_engine(url, timeout_s)
    try:
        ours = refuse_other(engine, release) if release else True  # before anything is changed
        if migrates:
            migrate(engine)
        else:
            ensure_migrated(engine)
        if not ours:
            claim(engine, release)
    except BaseException:
        engine.dispose()
        raise
    return Database(engine)
