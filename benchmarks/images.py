"""What the container images weigh, and how long a container takes from its start to its first prediction.

Run: make images, then make bench ONLY=images, or python benchmarks/images.py
Needs a container engine; DOCKER names its client, TAG the images. A champion of the 7,043 subscribers is
trained outside and served by the application image, in a container with as few rights as can be.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sidecar import example, free_port, minerva, running, telecom, wait

from minerva.client import ONE_TRY, Client
from minerva.errors import MinervaError

DOCKER = os.environ.get("DOCKER", "docker")
TAG = os.environ.get("TAG", version("minerva-sidecar"))
BASE = "python:3.11-slim-bookworm"
TARGETS = ("core", "abstraction", "application", "worker", "legacy-stub")
STARTS = 5
REACHED = ("engine returns", "ready", "first prediction")
USER = 10001
HARDENED = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges")


def main() -> None:
    """Weigh the images, then start containers again and again."""
    if not _there(BASE) or not _there(f"minerva-worker:{TAG}"):
        print(f"Left out: {DOCKER} has no images minerva-*:{TAG}. `make images` builds them.")
        return
    base = _bytes(BASE)
    for target in TARGETS:
        added = _bytes(f"minerva-{target}:{TAG}") - base
        print(f"minerva-{target:<35} adds {added / 1e6:.0f} MB to {base / 1e6:.0f} MB")
    with tempfile.TemporaryDirectory() as name:
        workspace, state = Path(name) / "workspace", Path(name) / "state"
        record = _trained(workspace, state)
        taken = [_started(workspace, state, record) for _ in range(STARTS)]
    for what, seconds in zip(REACHED, zip(*taken, strict=True), strict=True):
        middle, worst = statistics.median(seconds), max(seconds)
        print(f"container's start to: {what:<22} {middle:.2f} s (worst {worst:.2f})")


def _there(image: str) -> bool:
    try:
        return (
            subprocess.run(
                [DOCKER, "image", "inspect", image], capture_output=True, check=False
            ).returncode
            == 0
        )
    except OSError:
        return False


def _bytes(image: str) -> int:
    return int(_docker("image", "inspect", "--format", "{{.Size}}", image))


def _docker(*arguments: str) -> str:
    return subprocess.run(
        [DOCKER, *arguments], check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def _trained(workspace: Path, state: Path) -> dict[str, Any]:
    """Train a champion; leave its state in a folder of its own, which belongs to the container's user."""
    workspace.mkdir()
    minerva(workspace, "init", str(workspace))
    telecom(workspace)
    with running(workspace) as sidecar, Client(sidecar.url, policy=ONE_TRY) as anyone:
        sidecar.wait_until_ready()
        with Client(sidecar.url, sidecar.key, policy=ONE_TRY) as client:
            sidecar.train(client, "churn")
        anyone.ready()
    shutil.move(workspace / ".minerva", state)
    for path in (state, *state.rglob("*")):
        os.chown(path, USER, USER, follow_symlinks=False)
    for path in (workspace.parent, workspace):
        path.chmod(0o755)
    return example(workspace, "churn")


def _started(workspace: Path, state: Path, record: dict[str, Any]) -> tuple[float, float, float]:
    """Start a container; return seconds to the engine's answer, to ready and to the first prediction."""
    port = free_port()
    key = (state / "admin.key").read_text().strip()
    mounts = (f"--volume={workspace}:/workspace:ro", f"--volume={state}:/var/lib/minerva")
    began = time.perf_counter()
    where = f"--publish=127.0.0.1:{port}:8080"
    started = _docker("run", "--detach", *HARDENED, *mounts, where, f"minerva-application:{TAG}")
    try:
        returned = time.perf_counter() - began
        with Client(f"http://127.0.0.1:{port}", key, policy=ONE_TRY) as client:
            wait(lambda: client.ready()["status"] == "ready", "the start")
            ready = time.perf_counter() - began
            wait(lambda: _answers(client, record), "a prediction")
            return returned, ready, time.perf_counter() - began
    finally:
        _docker("rm", "--force", "--volumes", started.strip())


def _answers(client: Client, record: dict[str, Any]) -> bool:
    with suppress(MinervaError):
        return bool(client.predict("churn", records=[record])["predictions"])
    return False


if __name__ == "__main__":
    main()
