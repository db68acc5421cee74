"""What the core's tests share: a workspace with real parts behind it, keys, and a client."""

import json
import shutil
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from minerva.bootstrap import Container, open_web
from minerva.layers.core.http.app import create_app
from minerva.layers.core.http.house import House
from minerva.layers.core.security.keys import mint
from minerva.layers.core.security.principal import SCOPES
from minerva.settings import load
from minerva.wsgi import house_of

STEADY = Path(__file__).parents[2] / "plugins" / "steady.py"

CHURN = """
service: churn
description: Will this subscriber leave this month?
algorithm: steady
parameters: {chance: %s}
schema:
  key: customer_id
  inputs:
    tenure: {type: integer, minimum: 0, maximum: 1000, unit: month}
    contract: {type: category, values: [Month-to-month, One year, Two year]}
    monthly_charges: {type: number, minimum: 0, unit: USD, nullable: true}
    since: {type: timestamp, nullable: true}
    email: {type: text, pii: true, use: false, nullable: true}
  output:
    churn: {type: category, values: ["No", "Yes"]}
"""

RECORD = {"customer_id": "A-1", "tenure": 3, "contract": "One year", "monthly_charges": 20.5}


def write_workspace(folder: Path) -> Path:
    """Make a workspace with the plugin above and one service."""
    for name in ("plugins", "services"):
        (folder / name).mkdir(parents=True)
    (folder / "minerva.toml").write_text("")
    shutil.copy(STEADY, folder / "plugins")
    (folder / "services" / "churn.yaml").write_text(CHURN % 0.25)
    return folder


@dataclass
class Sidecar:
    """Real parts over an embedded workspace, and what tests do with them."""

    container: Container
    house: House
    workspace: Path

    def client(self, **changes: Any) -> FlaskClient:
        """Return a client of an application whose house is changed so."""
        return create_app(replace(self.house, **changes)).test_client()

    def key(self, *scopes: str, tenant: str = "default") -> str:
        """Make a key; without scopes, it has all."""
        text, stored = mint(tenant, "test", scopes or SCOPES, datetime.now(UTC))
        self.container.stores.keys.add(stored)
        return text

    def headers(self, *scopes: str) -> dict[str, str]:
        """Return the headers of a caller with a new key."""
        return {"Authorization": f"Bearer {self.key(*scopes)}"}

    def declare(self, chance: float) -> None:
        """Change the service file, which makes a new version and promotes it."""
        (self.workspace / "services" / "churn.yaml").write_text(CHURN % chance)
        self.refresh()

    def refresh(self) -> None:
        """Look at files and registry, as the watcher does."""
        self.container.workspace_services.apply()
        self.container.live.refresh()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory) -> Path:
    """A workspace whose service has its first version, to be copied."""
    folder = write_workspace(tmp_path_factory.mktemp("prepared") / "workspace")
    with open_web(load(folder, {})) as container:
        container.workspace_services.apply()
    return folder


@pytest.fixture
def workspace(tmp_path, prepared) -> Path:
    """A workspace of one service that needs no training and has one version.

    With the note that its plugin has survived being imported: to try that again takes a process.
    """
    return Path(shutil.copytree(prepared, tmp_path / "workspace"))


@pytest.fixture
def sidecar(workspace):
    """Real parts: SQLite, artefact folder, embedded queue."""
    with ExitStack() as opened:
        loaded = load(workspace, {"MINERVA_MAX_RECORDS": "5", "MINERVA_MAX_BODY_BYTES": "20000"})
        container = opened.enter_context(open_web(loaded))
        house = replace(house_of(container, loaded), stream_limit_s=2, max_streams=1)
        made = Sidecar(container, house, workspace)
        made.refresh()
        yield made


@pytest.fixture
def client(sidecar) -> FlaskClient:
    """A client of the application that needs keys."""
    return sidecar.client()


@pytest.fixture
def record() -> dict[str, Any]:
    """A record that the service accepts."""
    return dict(RECORD)


@pytest.fixture
def predict_body(record) -> bytes:
    """A body with one record."""
    return json.dumps({"records": [record]}).encode()
