"""How much there is to do: numbers of all tenants together, as autoscaling goes by them."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from minerva.adapters.metadata import open_metadata
from minerva.layers.abstraction.jobs.job import JobState, Queue
from minerva.layers.abstraction.jobs.store import Ending, Load
from minerva.testing.job_stores import NOW, a_job, a_lease


@pytest.fixture
def stores(metadata_url):
    """Stores on a database of each kind."""
    with closing(open_metadata(metadata_url, 20)) as opened:
        yield opened


def test_without_jobs_every_queue_has_nothing_to_do(stores):
    nothing = Load(waiting=0, running=0)
    assert stores.jobs.load(NOW) == {"train": nothing, "batch": nothing, "quick": nothing}


def test_what_waits_and_what_runs_is_counted_over_all_tenants(stores):
    stores.jobs.submit(a_job("j1", "acme"))
    stores.jobs.submit(a_job("j2", "other"))
    stores.jobs.submit(replace(a_job("j3"), queue=Queue.BATCH))
    stores.leases.claim("j1", a_lease(), NOW)

    load = stores.jobs.load(NOW)

    assert load["train"] == Load(waiting=1, running=1)
    assert load["batch"] == Load(waiting=1, running=0)


def test_what_has_time_and_what_has_ended_is_nothing_to_do(stores):
    later = NOW + timedelta(hours=1)
    stores.jobs.submit(replace(a_job("j1"), not_before=later))
    stores.jobs.submit(a_job("j2"))
    stores.leases.claim("j2", a_lease(), NOW)
    stores.leases.finish("j2", a_lease().token, Ending(JobState.SUCCEEDED), NOW)

    assert stores.jobs.load(NOW)["train"] == Load(waiting=0, running=0)
    assert stores.jobs.load(later)["train"] == Load(waiting=1, running=0)
