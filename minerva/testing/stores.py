"""Contracts of the metadata stores: subclass one, give it a fixture `stores`, and run pytest.

    class TestMyJobs(JobStoreContract):
        @pytest.fixture
        def stores(self, tmp_path):
            return MyStores(tmp_path)

`stores` starts empty in each test. It has the attributes `configurations`, `versions`, `aliases`,
`quarantines` and `revision` for the contracts of the registry and its aliases, `jobs` and `leases` for
that of jobs, `schedules` for that of schedules, `keys` and `revision` for that of keys,
`subscriptions`, `jobs` and `leases` for that of webhooks,
`trials`, `proposals`, `configurations` and `revision` for those of tuning,
`inferences` for that of recorded predictions, `truths` too for that of truths,
`uploads`, `jobs` and `leases` for that of uploads.
With `pytest.register_assert_rewrite("minerva.testing")` in a conftest, failures show values.
"""

from minerva.testing.alias_stores import AliasStoreContract
from minerva.testing.inference_stores import InferenceStoreContract
from minerva.testing.job_order import JobOrderContract
from minerva.testing.job_parts import JobPartsContract
from minerva.testing.job_stores import JobStoreContract
from minerva.testing.key_stores import KeyStoreContract
from minerva.testing.registry_stores import RegistryStoreContract
from minerva.testing.schedule_stores import ScheduleStoreContract
from minerva.testing.truth_stores import TruthStoreContract
from minerva.testing.tuning_stores import ProposalStoreContract, TrialStoreContract
from minerva.testing.upload_stores import UploadStoreContract
from minerva.testing.webhook_stores import WebhookStoreContract

__all__ = [
    "AliasStoreContract",
    "InferenceStoreContract",
    "JobOrderContract",
    "JobPartsContract",
    "JobStoreContract",
    "KeyStoreContract",
    "ProposalStoreContract",
    "RegistryStoreContract",
    "ScheduleStoreContract",
    "TrialStoreContract",
    "TruthStoreContract",
    "UploadStoreContract",
    "WebhookStoreContract",
]
