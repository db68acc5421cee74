"""Minerva's own processes, started as the chart has Kubernetes start them: commands, variables, keys, probes.

No container and no cluster: what is a mounted volume there is a folder here, and a Secret's URL is that of a real
PostgreSQL.
"""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from helm_chart import ROOT, documents, one, render
from pods import containers, pods
from waiting import wait_until

PATIENCE_S = 300
MINERVA = [sys.executable, "-P", "-m", "minerva.cli"]


class Cluster:
    """The pods of a rendering, run one container at a time."""

    def __init__(self, folder: Path, mode: str, database: str, *more: str) -> None:
        self.folder = folder
        self.rendered = documents(render(mode, *more))
        self.secrets = {"url": database}
        self._started: list[subprocess.Popen[str]] = []
        for mounted, data in (
            ("etc/minerva/keys", ("signing.key", "webhook.key")),
            ("etc/minerva/admin", ("admin.key",)),
        ):
            (folder / mounted).mkdir(parents=True)
            for name in data:
                self._key(folder / mounted / name)
        for empty in ("workspace/services", "var/lib/artefacts", "run/minerva"):
            (folder / empty).mkdir(parents=True)
        services = one(self.rendered, "ConfigMap", "shop-minerva-services")["data"]
        for name, text in services.items():
            (folder / "workspace/services" / name).write_text(text)

    def _key(self, file: Path) -> None:
        made = one(self.rendered, "Secret", "shop-minerva-keys")["data"][file.name]
        file.write_bytes(base64.b64decode(made))
        file.chmod(0o600)

    def container(self, made_by: str, name: str) -> tuple[list[str], dict[str, str]]:
        """Return arguments and environment of a container, its paths below our folder."""
        (pod,) = [pod for maker, pod in pods(self.rendered) if maker.endswith(f" {made_by}")]
        (found,) = [each for each in containers(pod) if each["name"] == name]
        state = f"{self.folder}/var/lib/{made_by}"
        told = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        for entry in found["env"]:
            value = entry.get("value")
            if value is None:
                broker = "QUEUE" in entry["name"]
                value = f"filesystem://{self.folder}/queue" if broker else self.secrets["url"]
            elif value == "/var/lib/minerva":
                value = state
            elif value.startswith("/"):
                value = f"{self.folder}{value}"
            told[entry["name"]] = value
        return found["args"], told

    def run(self, made_by: str, name: str, *arguments: str, **more: str) -> tuple[int, str]:
        """Run a container's program to its end, or another one in its place."""
        args, told = self.container(made_by, name)
        done = subprocess.run(
            [*MINERVA, *(arguments or args)], env={**told, **more}, cwd=self.folder,
            capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def start(self, made_by: str, name: str, **more: str) -> subprocess.Popen[str]:
        """Start a container's program; it is stopped at the end."""
        args, told = self.container(made_by, name)
        log = (self.folder / f"{made_by}.log").open("w")
        process = subprocess.Popen(
            [*MINERVA, *args],
            env={**told, **more},
            cwd=self.folder,
            stdout=log,
            stderr=log,
            text=True,
        )
        log.close()
        self._started.append(process)
        return process

    def stop(self) -> None:
        """Stop all as the kubelet does."""
        for process in self._started:
            process.terminate()
        for process in self._started:
            process.wait(PATIENCE_S)


Install = Callable[..., Cluster]


@pytest.fixture
def install(tmp_path, postgresql) -> Iterator[Install]:
    """Render a mode with a database of its own."""
    with ExitStack() as opened:

        def installed(mode: str, *more: str) -> Cluster:
            cluster = Cluster(tmp_path / "n", mode, postgresql.database(), *more)
            opened.callback(cluster.stop)
            return cluster

        yield installed


def test_an_installation_migrates_serves_and_is_well(install, free_port):
    cluster = install("bundled")
    port = {"MINERVA_PORT": str(free_port())}

    code, told = cluster.run("shop-minerva", "minerva", **port)
    assert (code, len(told.strip().splitlines())) == (1, 1), (
        told
    )  # no migration yet: it says so, and ends
    assert "migrate" in told

    code, told = cluster.run("shop-minerva", "migrate")
    assert code == 0, told
    assert "is known now" in told

    cluster.start("shop-minerva", "minerva", **port)
    cluster.start("shop-minerva-worker", "worker")
    cluster.start("shop-minerva-beat", "beat")
    for made_by, name, probe in (
        ("shop-minerva", "minerva", ("health", "--ready")),
        ("shop-minerva-worker", "worker", ("health", "worker")),
        ("shop-minerva-beat", "beat", ("health", "beat")),
    ):
        wait_until(lambda: cluster.run(made_by, name, *probe, **port)[0] == 0, PATIENCE_S)  # noqa: B023 - asked at once

    args, told = cluster.container("shop-minerva-test", "test")
    key_file = f"{cluster.folder}{args[-1]}"
    url = f"http://127.0.0.1:{port['MINERVA_PORT']}"
    done = subprocess.run(
        [*MINERVA, *args[:3], url, args[4], key_file], env=told, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [each["service"] for each in json.loads(done.stdout)["services"]] == ["price"]

    load(cluster.folder, url, key_file)


def load(folder: Path, url: str, key_file: str) -> None:
    """Run the caller of test-cluster.sh: it trains, and asks until it is told to stop."""
    told = {"URL": url, "KEY_FILE": key_file, "FOLDER": str(folder)}
    script = ROOT / "helm/test-cluster-load.py"
    with subprocess.Popen(
        [sys.executable, script], env=told, stdout=subprocess.PIPE, text=True
    ) as asking:
        wait_until(lambda: (folder / "ready").exists() or asking.poll() is not None, PATIENCE_S)
        subprocess.run([sys.executable, script, "stop"], env=told, check=True)
        counted = json.loads(asking.communicate(timeout=PATIENCE_S)[0])
    assert (asking.returncode, counted["failed"]) == (0, 0)
    assert counted["answered"] > 0


def test_a_sidecar_answers_at_its_socket_and_nowhere_else(install):
    group = ("--set", f"sidecar.group={os.getegid() or 1}")
    services = ("--set-json", 'services={"price": ' + json.dumps(price()) + "}")
    cluster = install("sidecar-strict", *group, *services)
    assert cluster.run("shop-minerva-app", "migrate")[0] == 0

    cluster.start("shop-minerva-app", "minerva")
    ready = ("health", "--ready")
    wait_until(lambda: cluster.run("shop-minerva-app", "minerva", *ready)[0] == 0, PATIENCE_S)

    socket = cluster.folder / "run/minerva/minerva.sock"
    assert (socket.stat().st_mode & 0o777, socket.stat().st_gid) == (0o660, os.getegid() or 1)
    body = json.dumps({"records": [{"size": 1.0}]})
    asked = [
        "curl",
        "-sS",
        "--unix-socket",
        socket,
        "-H",
        "Content-Type: application/json",
        "-d",
        body,
    ]
    answer = subprocess.run(
        [*asked, "http://sidecar/v1/services/price/predict"], capture_output=True, check=True
    )
    assert json.loads(answer.stdout)["predictions"] == [{"price": 3.0}]  # auth is none in this mode


def price() -> str:
    """The service file of the bundled mode."""
    return one(documents(render("bundled")), "ConfigMap", "shop-minerva-services")["data"][
        "price.yaml"
    ]


def test_a_damaged_key_is_told_before_anything_is_installed(install):
    cluster = install("bundled")
    (cluster.folder / "etc/minerva/keys/signing.key").write_text("-----BEGIN")

    code, told = cluster.run("shop-minerva", "migrate")

    assert code == 2
    assert "signing.key is damaged" in told.strip().splitlines()[-1]


def test_a_database_that_is_not_there_is_told_in_a_line_without_its_password(install, free_port):
    cluster = install("bundled", "--set", "migrate.waitSeconds=1")
    cluster.secrets["url"] = f"postgresql+psycopg://minerva:hidden@127.0.0.1:{free_port()}/minerva"

    code, told = cluster.run("shop-minerva", "migrate")

    assert code == 1
    assert "127.0.0.1" in told
    assert "hidden" not in told
