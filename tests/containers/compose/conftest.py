"""compose.yaml in a real engine: images built here, passwords made up, everything removed afterwards."""

import json
import secrets
import subprocess
import urllib.request

import pytest
from engine import DOCKER, ROOT, Project, images
from waiting import wait_until

COMPOSE = ROOT / "docker" / "compose.yaml"
PASSWORDS = ("POSTGRES", "MINERVA", "LEGACY", "READER", "REDIS")
CUSTOMERS = 7043


@pytest.fixture(scope="session")
def engine():
    """An engine that answers."""
    found = subprocess.run([DOCKER, "info"], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        pytest.fail(
            f'No container engine answers: eval "$(.ci/engine)"\n{found.stderr}', pytrace=False
        )


@pytest.fixture(scope="session")
def setting(engine, free_port):
    """A function that returns the variables of a new installation."""

    def draw(sidecars=1):
        first = free_port()
        while not 1024 < first < 64000:
            first = free_port()
        ports = f"{first}-{first + sidecars - 1}" if sidecars > 1 else str(first)
        made = {f"{name}_PASSWORD": secrets.token_hex(16) for name in PASSWORDS}
        return {**images(), **made, "MINERVA_PORT": ports, "LEGACY_PORT": str(free_port())}

    return draw


@pytest.fixture
def project():
    """A function (files, environment) that makes a project, removed afterwards."""
    made = []

    def make(files, environment):
        made.append(Project(files, environment))
        return made[-1]

    yield make
    for one in made:
        one.remove()


class Shop:
    """The whole of compose.yaml with two sidecars, as its user sees it."""

    def __init__(self, project):
        self.project = project

    def up(self):
        """Start what is not running, and wait until all of it is well."""
        self.project.up("--scale", "sidecar=2")

    def legacy(self, path, headers=None):
        """What the legacy product answers, as JSON."""
        port = self.project.environment["LEGACY_PORT"]
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers or {})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def scored(self):
        """Whether a model was trained on the newest data, and everybody is scored by it."""
        try:
            now = self.legacy("/status.json")
        except (OSError, ValueError):
            return False
        training = now["orchestration"]
        assert training is None or training["outcome"] in {None, "succeeded"}, training
        return bool(training and training["scored_at"]) and now["main"]["scored"] == CUSTOMERS

    def minerva(self, *arguments):
        """What a command says in the sidecar's container, as JSON."""
        return json.loads(self.project.run_in("sidecar", "minerva", *arguments, "--json"))

    def champion(self):
        """The version of churn that serves."""
        versions = self.minerva("versions", "churn")["versions"]
        return next((one["version"] for one in versions if "champion" in one["aliases"]), None)

    def events(self, request_id):
        """Every line that the shared log has on a request, and on the jobs behind it."""
        said = self.project.run_in(
            "sidecar", "minerva", "logs", "--request-id", request_id, "--json"
        )
        return [json.loads(line) for line in said.splitlines()]


@pytest.fixture(scope="session")
def shop(setting):
    """All of compose.yaml, with everybody scored."""
    project = Project([COMPOSE], setting(sidecars=2))
    shop = Shop(project)
    try:
        shop.up()
        wait_until(shop.scored, 600, project.last_words)
        yield shop
    finally:
        project.remove()
