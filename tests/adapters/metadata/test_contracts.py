"""The metadata stores keep the contracts that every such store must keep."""

from minerva.testing.stores import (
    AliasStoreContract,
    InferenceStoreContract,
    JobOrderContract,
    JobPartsContract,
    JobStoreContract,
    KeyStoreContract,
    ProposalStoreContract,
    RegistryStoreContract,
    ScheduleStoreContract,
    TrialStoreContract,
    TruthStoreContract,
    UploadStoreContract,
    WebhookStoreContract,
)


class TestRegistry(RegistryStoreContract):
    """On SQLite and PostgreSQL: see the fixture `stores`."""


class TestAliases(AliasStoreContract):
    """On SQLite and PostgreSQL: see the fixture `stores`."""


class TestJobs(JobStoreContract):
    """On SQLite and PostgreSQL: see the fixture `stores`."""


class TestJobOrder(JobOrderContract):
    """On SQLite and PostgreSQL: see the fixture `stores`."""


class TestJobParts(JobPartsContract):
    """On SQLite and PostgreSQL: see the fixture `stores`."""


class TestKeys(KeyStoreContract):
    """On SQLite and PostgreSQL: see the fixture `stores`."""


class TestSchedules(ScheduleStoreContract):
    """On SQLite and PostgreSQL: see the fixture `stores`."""


class TestWebhooks(WebhookStoreContract):
    """On SQLite and PostgreSQL: see the fixture `stores`."""


class TestTrials(TrialStoreContract):
    """On SQLite and PostgreSQL: see the fixture `stores`."""


class TestProposals(ProposalStoreContract):
    """On SQLite and PostgreSQL: see the fixture `stores`."""


class TestUploads(UploadStoreContract):
    """On SQLite and PostgreSQL: see the fixture `stores`."""


class TestInferences(InferenceStoreContract):
    """On SQLite and PostgreSQL: see the fixture `stores`."""


class TestTruths(TruthStoreContract):
    """On SQLite and PostgreSQL: see the fixture `stores`."""
