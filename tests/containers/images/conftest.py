"""Images of the repository's own state, built once for all tests; needs an engine with BuildKit."""

import json
import subprocess
import uuid

import engine
import pytest
from waiting import wait_until

HARDENED = (
    "--read-only", "--tmpfs=/tmp:rw,noexec,nosuid,size=64m", "--cap-drop=ALL",
    "--security-opt=no-new-privileges", "--memory=512m", "--pids-limit=128",
)  # fmt: skip


@pytest.fixture(scope="session")
def docker():
    """A function (*arguments) that runs the engine's client and returns what it says."""
    return engine.docker


@pytest.fixture(scope="session")
def images():
    """Target → its image, built from the repository as it is."""
    return engine.built()


@pytest.fixture(scope="session", name="inspected")
def inspecting():
    """A function (name) that says what the engine knows of an image or container."""
    return inspected


def inspected(name):
    """What the engine knows of an image or container."""
    return json.loads(engine.docker("inspect", name))[0]


class Started:
    """A container that runs."""

    def __init__(self, name):
        self.name = name

    def exec(self, *command, check=True):
        return engine.docker("exec", self.name, *command, check=check)

    def well(self, *of):
        """Whether its own probe says so."""
        command = [engine.DOCKER, "exec", self.name, "minerva", "health", *of]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def state(self):
        return inspected(self.name)["State"]

    def logs(self):
        return engine.docker("logs", self.name)

    def stop(self):
        engine.docker("stop", "--time=20", self.name)
        return self.state()["ExitCode"]

    def wait_ready(self):
        wait_until(lambda: self.well("--ready"), what=self.logs)


@pytest.fixture
def run():
    """A function (image, *arguments, options=()) that starts a container, hardened; removed afterwards."""
    names = []

    def start(image, *arguments, options=()):
        names.append(f"minerva-test-{uuid.uuid4().hex[:12]}")
        engine.docker(
            "run", "--detach", f"--name={names[-1]}", *HARDENED, *options, image, *arguments
        )
        return Started(names[-1])

    yield start
    for name in names:
        engine.docker("rm", "--force", "--volumes", name, check=False)
