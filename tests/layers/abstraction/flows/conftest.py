"""What tests of flows share: a workspace whose flows are made of small steps, and a process that serves it."""

import shutil
import sys
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

import pytest
from flow_house import PLUGIN, House

from minerva.bootstrap import open_web
from minerva.settings import load


@pytest.fixture(scope="session")
def begun(tmp_path_factory) -> Path:
    """A workspace whose plugin has survived being imported, to be copied."""
    folder = tmp_path_factory.mktemp("begun") / "workspace"
    for name in ("plugins", "services", "flows"):
        (folder / name).mkdir(parents=True)
    (folder / "minerva.toml").write_text("")
    shutil.copy(PLUGIN, folder / "plugins")
    with open_web(load(folder, {})) as container:
        container.workspace_services.apply()
    return folder


@pytest.fixture
def workspace(tmp_path, begun) -> Path:
    """A workspace with small steps and no service."""
    return Path(shutil.copytree(begun, tmp_path / "workspace"))


@pytest.fixture
def house(workspace):
    """A process that serves the workspace."""
    with ExitStack() as opened:
        yield House(opened.enter_context(open_web(load(workspace, {}))), workspace)


class Seen:
    """What the steps of the flow that serves have noted: a version has a copy of its own of their module."""

    def __init__(self, house):
        self._house = house
        for module in [*sys.modules.values()]:
            noted = getattr(module, "SEEN", None)
            if isinstance(noted, dict):
                noted.update(calls=0, inside=set(), most=0, rows=[])

    def __getitem__(self, name):
        kinds = [getattr(node.making, "kind", None) for node in self._house.model().graph.nodes]
        (module,) = {
            type(kind).__module__
            for kind in kinds
            if hasattr(import_module(type(kind).__module__), "SEEN")
        }
        return import_module(module).SEEN[name]


@pytest.fixture
def seen(house):
    """What the steps have noted since the test began."""
    return Seen(house)
