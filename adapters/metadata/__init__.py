"""The metadata store: services, versions, aliases, jobs and keys in SQLite or PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minerva.adapters.metadata.tenancy import Database
    from minerva.layers.abstraction.jobs.store import JobLeases, JobStore
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

__all__ = ["MetadataStores", "open_metadata"]


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
    database: Database

    def close(self) -> None:
        """Close the connections; what is asked next opens new ones."""
        self.database.engine.dispose()


def open_metadata(url: str, timeout_s: float) -> MetadataStores:
    """Open and migrate a database, waiting at most `timeout_s` for a lock.

    Raises InvalidConfiguration for a URL, file or schema that cannot be used, Unavailable for a
    database that does not answer.
    """
    from minerva.adapters.metadata.aliases import SqlAliasStore
    from minerva.adapters.metadata.configurations import SqlConfigurationStore
    from minerva.adapters.metadata.jobs import SqlJobStore
    from minerva.adapters.metadata.keys import SqlKeyStore
    from minerva.adapters.metadata.leases import SqlJobLeases
    from minerva.adapters.metadata.proposals import SqlProposalStore
    from minerva.adapters.metadata.quarantines import SqlQuarantineStore
    from minerva.adapters.metadata.revision import SqlRevisionStore
    from minerva.adapters.metadata.schedules import SqlScheduleStore
    from minerva.adapters.metadata.subscriptions import SqlSubscriptionStore
    from minerva.adapters.metadata.trials import SqlTrialStore
    from minerva.adapters.metadata.uploads import SqlUploadStore
    from minerva.adapters.metadata.versions import SqlVersionStore

    database = _open_database(url, timeout_s)
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
        database=database,
    )


def _open_database(url: str, timeout_s: float) -> Database:
    from minerva.adapters.metadata.engine import open_engine
    from minerva.adapters.metadata.migrate import migrate
    from minerva.adapters.metadata.tenancy import Database

    engine = open_engine(url, timeout_s)
    try:
        migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return Database(engine)
