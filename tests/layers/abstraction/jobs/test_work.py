"""What a job's process does for each kind of job."""

from dataclasses import replace

import pytest
from tiny import silent

from minerva.errors import NotFound
from minerva.layers.abstraction.jobs.jobs import TRAIN
from minerva.layers.abstraction.jobs.work import kinds


@pytest.fixture
def submit(container):
    """Submit a training of the newest configuration."""

    def submitted():
        job, _ = container.jobs.submit_training(
            "default",
            "value",
            request_id="r",
            trace_id="t",
            idempotency_key=None,
            author="ann",
        )
        return job

    return submitted


def test_a_training_makes_a_version_of_the_configuration_that_it_names(container, declare, submit):
    declare(parameters={"shift": 1.0})
    job = submit()
    declare(parameters={"shift": 2.0})

    result = kinds(container.versioning)[TRAIN](job, silent)

    version = container.registry.version("default", "value", result["version"])
    assert version.manifest["parameters"] == {"shift": 1.0}
    assert (version.configuration_revision, version.job_id) == (1, job.id)


def test_a_configuration_that_does_not_exist_is_told(container, declare, submit):
    declare()
    job = replace(submit(), configuration_revision=7)

    with pytest.raises(NotFound, match="'value' has no configuration revision 7"):
        kinds(container.versioning)[TRAIN](job, silent)
