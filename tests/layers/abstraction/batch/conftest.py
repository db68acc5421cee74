"""What tests of batch prediction share: a service that doubles, a folder for data, ways to run a job."""

from dataclasses import replace
from pathlib import Path

import pytest

from minerva.layers.abstraction.jobs.jobs import Asked
from minerva.layers.abstraction.jobs.kind import Attempt, Parts

ANN = Asked(tenant="default", service="value", author="ann", request_id="r-1")


@pytest.fixture
def data(workspace) -> Path:
    """The folder that callers may name."""
    folder = workspace / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def service(make, data):
    """A service `value` whose version 1 doubles x."""
    return make("value", "linear")


@pytest.fixture
def submit(container, service):
    """Submit a batch and return the job."""

    def submitted(**payload):
        return container.jobs.submit("batch", ANN, payload)[0]

    return submitted


@pytest.fixture
def work(container, tmp_path):
    """Do a job in this process, parts included, as workers would; return its result."""

    def worked(job):
        kinds = container.kinds()
        attempt = Attempt(lambda fraction, message="": None, tmp_path)
        result = kinds[job.kind].work(job, attempt)
        if isinstance(result, Parts):
            for part in result.parts:
                payload = dict(part.payload)
                child = replace(job, kind=part.kind, payload=payload, parent=job.id)
                kinds[part.kind].work(child, attempt)
            scored_by = {**kinds}["batch"]
            scoring = replace(scored_by.scoring, store=_NoParts())
            result = replace(scored_by, scoring=scoring).work(job, attempt)
        kinds["batch"].clean(replace(job, state="succeeded"))
        return result

    return worked


class _NoParts:
    """A store in which all parts have succeeded."""

    def parts(self, tenant, job_id):
        """One that is done is enough to go on."""
        from types import SimpleNamespace

        return [SimpleNamespace(state="succeeded")]
