"""Kind `train`: what its process does."""

from dataclasses import replace

import pytest
from tiny import silent

from minerva.errors import NotFound
from minerva.layers.abstraction.jobs.jobs import TRAIN, Asked
from minerva.layers.abstraction.jobs.kind import Attempt


@pytest.fixture
def submit(container):
    """Submit a training of the newest configuration."""

    def submitted():
        asked = Asked(tenant="default", service="value", author="ann")
        return container.jobs.submit(TRAIN, asked)[0]

    return submitted


def test_a_training_makes_a_version_of_the_configuration_that_it_names(
    container, declare, submit, tmp_path
):
    declare(parameters={"shift": 1.0})
    job = submit()
    declare(parameters={"shift": 2.0})

    result = container.kinds()[TRAIN].work(job, Attempt(silent, tmp_path))

    version = container.registry.version("default", "value", result["version"])
    assert version.manifest["parameters"] == {"shift": 1.0}
    assert (version.configuration_revision, version.job_id) == (1, job.id)


def test_a_configuration_that_does_not_exist_is_told(container, declare, submit, tmp_path):
    declare()
    job = replace(submit(), configuration_revision=7)

    with pytest.raises(NotFound, match="'value' has no configuration revision 7"):
        container.kinds()[TRAIN].work(job, Attempt(silent, tmp_path))
