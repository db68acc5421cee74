"""A service that is tuned: the better, the nearer its parameter `shift` is to 0."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from minerva.layers.abstraction.jobs.jobs import Asked
from minerva.layers.abstraction.jobs.runner import Pace
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.tuning.measuring import Measuring
from minerva.layers.abstraction.tuning.space import space_of
from minerva.layers.abstraction.tuning.trying import Study, Trying

ANN = Asked(tenant="default", service="value", author="ann")
STEPPING = Path(__file__).with_name("stepping.py")


@pytest.fixture
def workspace(workspace):
    """With the plugin `stepping`, which tells its losses."""
    (workspace / "plugins" / "stepping.py").write_text(STEPPING.read_text())
    return workspace


@pytest.fixture
def stepping():
    """Returns a declaration as its YAML would read; `parts` replace or add members."""

    def declared(tuning=None, **parameters):
        return {
            "service": "value",
            "algorithm": "stepping",
            "parameters": {"shift": 5.0, **parameters},
            "schema": {"key": "id", "inputs": {"x": {"type": "integer"}}, "output": {"y": {"type": "number"}}},
            "data": {"source": "csv", "path": "data.csv"},
            "tuning": {"space": {"shift": {"low": -10, "high": 10}}, **(tuning or {})},
        }  # fmt: skip

    return declared


@pytest.fixture
def trying(container, stepping):
    """Returns what runs trials of one study in this process."""

    def made(job_id="part", trials=12, until=None, tuning=None, **parameters):
        declaration = parse(stepping(tuning, **parameters))
        algorithm = container.catalogue().find(declaration.algorithm)
        study = Study(
            tenant="default",
            id="study",
            space=space_of(algorithm, declaration),
            trials=trials,
            pruning=declaration.tuning.pruning,
            until=until,
        )
        measuring = Measuring.read(container.versioning, declaration)
        return Trying(container.stores.trials, study, job_id, measuring, lambda: datetime.now(UTC))

    return made


class InThread:
    """A kind of job as it is, but in the worker's thread: what is slow about a process is tested elsewhere."""

    apart = False

    def __init__(self, kind):
        self._kind = kind

    def __getattr__(self, name):
        return getattr(self._kind, name)


@pytest.fixture
def runner(container):
    """A worker without pauses between attempts."""
    kinds = {name: InThread(kind) for name, kind in container.kinds().items()}
    return replace(container.runner, kinds=lambda: kinds, pace=Pace(lease_s=20, first_pause_s=0))


@pytest.fixture
def work_off(container, runner):
    """Returns what runs all jobs there are, one after another."""

    def worked():
        while container.queue.sent:
            runner.run(container.queue.sent.popleft())

    return worked


@pytest.fixture
def tune(container, stepping, work_off):
    """Returns what declares a service, tunes it to the end and returns the job."""

    def tuned(tuning=None, payload=None, **parameters):
        declaration = parse(stepping(tuning, **parameters))
        container.registry.declare("default", declaration, "file")
        job, _ = container.jobs.submit("tune", ANN, payload or {})
        work_off()
        return container.jobs.get("default", job.id)

    return tuned
