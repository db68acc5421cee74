"""What tests of engines share: a real cluster, a workspace, and services that train there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from clusters import Cluster

from minerva.bootstrap import open_job
from minerva.layers.abstraction.services.parsing import parse
from minerva.settings import load


@pytest.fixture(scope="module")
def cluster(free_port, tmp_path_factory):
    """A scheduler and two workers that the tests of a file do no harm to.

    Not for the session: idle, they take a seventh of a core until it ends.
    """
    started = Cluster(free_port(), tmp_path_factory.mktemp("dask"))
    try:
        yield started.start()
    finally:
        started.stop()


@pytest.fixture
def own_cluster(free_port, tmp_path):
    """A cluster that the test may hurt; not started yet."""
    folder = tmp_path / "dask"
    folder.mkdir()
    made = Cluster(free_port(), folder)
    yield made
    made.stop()


@pytest.fixture
def workspace(tmp_path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "minerva.toml").write_text("database_timeout_s = 20\n")
    return folder


@pytest.fixture
def train(workspace, tmp_path):
    """Train a declared service as a job's process does; return the version in its folder."""
    folders = (tmp_path / f"version-{number}" for number in range(100))

    with open_job(load(workspace, {})) as container:
        versioning = container.versioning

        def trained(declared, progress=lambda fraction, message="": None):
            declaration = parse(declared)
            versioning.check(declaration)
            folder = next(folders)
            folder.mkdir()
            source = versioning._source(declaration, versioning._declared(declaration))
            prepared = versioning.prepare(declaration)
            return versioning.trainer.train(declaration, prepared, source, folder, progress)

        yield trained
