"""What tests of the abstraction layer share: a workspace with tiny plugins, and its parts wired up."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))

from tiny import PLUGINS, declaration_of, silent, write_data

from minerva.adapters.metadata import open_metadata
from minerva.bootstrap import Container, open_job
from minerva.layers.abstraction.plugins.catalogue import Plugins
from minerva.layers.abstraction.registry.records import DEFAULT_TENANT, Configuration, Version
from minerva.settings import load


@pytest.fixture(scope="session")
def migrated(tmp_path_factory) -> Path:
    """A migrated SQLite database, to be copied."""
    file = tmp_path_factory.mktemp("sqlite") / "minerva.db"
    open_metadata(f"sqlite:///{file}", 20).close()
    return file


@pytest.fixture(scope="session")
def probed(tmp_path_factory) -> Path:
    """The notes that the plugins of the tests have survived being imported, to be copied."""
    folder = tmp_path_factory.mktemp("probed")
    (folder / "plugins").symlink_to(PLUGINS)
    Plugins(folder)()
    return folder / ".minerva" / "run"


@pytest.fixture
def workspace(tmp_path, migrated, probed) -> Path:
    """A user's folder with data and the plugins `mean`, `linear` and `misbehaving`."""
    folder = tmp_path / "workspace"
    shutil.copytree(PLUGINS, folder / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "services").mkdir()
    (folder / ".minerva").mkdir()
    shutil.copy(migrated, folder / ".minerva" / "minerva.db")
    shutil.copytree(probed, folder / ".minerva" / "run")
    (folder / ".minerva" / "run").chmod(0o700)
    write_data(folder)
    (folder / "minerva.toml").write_text("database_timeout_s = 20\n")
    return folder


@pytest.fixture
def container(workspace) -> Iterator[Container]:
    """The parts of a process on the workspace."""
    with open_job(load(workspace, {})) as opened:
        yield opened


@pytest.fixture
def declare(container) -> Callable[..., Configuration]:
    """Declare a service; see `tiny.a_declaration`."""

    def declared(*arguments: Any, **parts: Any) -> Configuration:
        return container.registry.declare(
            DEFAULT_TENANT, declaration_of(*arguments, **parts), "tests"
        )

    return declared


@pytest.fixture
def make(container, declare) -> Callable[..., Version]:
    """Declare a service and make a version of it in this process; return the version."""

    def made(*arguments: Any, **parts: Any) -> Version:
        configuration = declare(*arguments, **parts)
        result = container.versioning.make(
            configuration, job_id=None, author="tests", progress=silent
        )
        return container.registry.version(
            configuration.tenant, configuration.service, result["version"]
        )

    return made
