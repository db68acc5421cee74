"""A container engine and projects of Compose in it, by their own programs, as an operator has them."""

import json
import os
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

from waiting import wait_until

ROOT = Path(__file__).parents[2]
DOCKER = os.environ.get("DOCKER", "docker")
ENVIRONMENT = {**os.environ, "DOCKER_BUILDKIT": "1"}
PULLED = ("postgres", "redis")
"""Images that a registry would give; built from Debian's packages."""
BUILT = ("core", "abstraction", "application", "worker", "legacy-stub")
TAG = f"tested-{crc32(str(ROOT).encode()):08x}"
"""Not the product's version: nobody shall run what tests have built. Each checkout has its own."""


def docker(*arguments: str, check: bool = True, given: str | None = None) -> str:
    """Run the engine's client and return what it says, on standard error, too."""
    done = subprocess.run(
        [DOCKER, *arguments], env=ENVIRONMENT, input=given, text=True, check=False, timeout=900,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert not check or done.returncode == 0, f"docker {' '.join(arguments)}\n{done.stdout}"
    return done.stdout


@cache
def compose_program() -> tuple[str, ...]:
    """Compose 2 where it is, else docker-compose 1.29."""
    plugin = subprocess.run([DOCKER, "compose", "version"], capture_output=True, check=False)
    return (DOCKER, "compose") if plugin.returncode == 0 else ("docker-compose",)


@cache
def built() -> dict[str, str]:
    """Build all targets of our recipe, and return the image of each.

    The engine keeps what it has built: where nothing has changed, this takes a second for each.
    """
    done = subprocess.run(
        ["make", "--silent", "images", f"TAG={TAG}", f"DOCKER={DOCKER}"],
        cwd=ROOT, text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return {name: f"minerva-{name}:{TAG}" for name in BUILT}


@cache
def images() -> dict[str, str]:
    """Build all images that compose.yaml starts, and return the variables that name them."""
    made = dict(built())
    for name in PULLED:
        made[name] = f"minerva-{name}:{TAG}"
        context = str(ROOT / "docker" / "local")
        docker("build", "--target", name, "--tag", made[name], context)
    return {
        "MINERVA_IMAGE": made["application"],
        "MINERVA_WORKER_IMAGE": made["worker"],
        "LEGACY_IMAGE": made["legacy-stub"],
        "POSTGRES_IMAGE": made["postgres"],
        "REDIS_IMAGE": made["redis"],
    }


class Project:
    """The services of a few Compose files, under a name of their own; nothing of it stays."""

    def __init__(self, files: Sequence[Path], environment: Mapping[str, str]) -> None:
        self.name = f"minerva-test-{uuid.uuid4().hex[:8]}"
        self.environment = dict(environment)
        self._files = [part for file in files for part in ("--file", str(file))]

    def compose(self, *arguments: str) -> tuple[int, str]:
        """Run Compose and return its exit code and what it said."""
        done = subprocess.run(
            [*compose_program(), "--project-name", self.name, *self._files, *arguments],
            env={**ENVIRONMENT, **self.environment}, text=True, check=False, timeout=600,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return done.returncode, done.stdout

    def must(self, *arguments: str) -> str:
        """Run Compose, which must not fail; with the last words of all containers if it does."""
        code, said = self.compose(*arguments)
        assert code == 0, f"compose {' '.join(arguments)}\n{said}\n{self.last_words()}"
        return said

    def up(self, *arguments: str) -> None:
        """Start what is not running, and wait until all of it is healthy."""
        self.must("up", "--detach", *arguments)
        self.wait_healthy()

    def wait_healthy(self) -> None:
        """Wait until each container that goes on running says that it is well."""
        wait_until(lambda: set(self.health().values()) == {"healthy"}, 300, self.last_words)

    def health(self) -> dict[str, str]:
        """Return container → what its own probe says of it, or its state where it does not run."""
        found = {}
        for one in self._inspected(docker("ps", "--all", "--quiet", *self._filter).split()):
            state, policy = one["State"], one["HostConfig"]["RestartPolicy"]["Name"]
            if policy == "no" and state["Status"] == "exited" and not state["ExitCode"]:
                continue  # it has done what it had to do
            health = state.get("Health", {}).get("Status")
            found[one["Name"][1:]] = health if state["Running"] and health else state["Status"]
        return found

    def containers(self, service: str) -> list[str]:
        """Return the ids of a service's containers, those that have ended, too."""
        of_service = ("--filter", f"label=com.docker.compose.service={service}")
        return docker("ps", "--all", "--quiet", *self._filter, *of_service).split()

    def inspected(self, service: str) -> dict[str, Any]:
        """Return what the engine knows of a service's first container."""
        return self._inspected(self.containers(service)[:1])[0]

    def run_in(self, service: str, *command: str, check: bool = True) -> str:
        """Run a program in a service's last container."""
        return docker("exec", self.containers(service)[-1], *command, check=check)

    def port(self, container: str, inner: int) -> int:
        """Return the loopback port that leads to a container's."""
        bound = self._inspected([container])[0]["NetworkSettings"]["Ports"][f"{inner}/tcp"]
        assert [one["HostIp"] for one in bound] == ["127.0.0.1"]
        return int(bound[0]["HostPort"])

    def crash(self, container: str) -> None:
        """Kill a container's first process as a failing machine would, and no operator.

        What `docker kill` ends, the engine does not start again.
        """
        process = self._inspected([container])[0]["State"]["Pid"]
        assert process > 1, f"{container} does not run"
        program = f"import os; os.kill({process}, 9)"
        docker(
            "run", "--rm", "--pid=host", "--user=0:0", "--network=none", "--entrypoint=python",
            images()["LEGACY_IMAGE"], "-c", program,
        )  # fmt: skip

    def last_words(self) -> str:
        """Return the states of all containers, and the last lines of each."""
        return f"{self.health()}\n{self.compose('logs', '--no-color', '--tail=15')[1]}"

    def remove(self) -> None:
        """Remove containers, networks and volumes."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "1")
        left = docker("ps", "--all", "--quiet", *self._filter).split()
        if left:
            docker("rm", "--force", "--volumes", *left)
        for kind in ("volume", "network"):
            for one in docker(kind, "ls", "--quiet", *self._filter).split():
                docker(kind, "rm", one)

    @property
    def _filter(self) -> tuple[str, str]:
        return "--filter", f"label=com.docker.compose.project={self.name}"

    @staticmethod
    def _inspected(names: Sequence[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(docker("inspect", *names)) if names else []
        return found
