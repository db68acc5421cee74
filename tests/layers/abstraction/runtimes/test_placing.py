"""A job's models have processes of their own: what callers ask is not kept waiting."""

import gc
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from kept import SCHEMA, Workspace, kill, lives, pid_of
from waiting import wait_until

from minerva.errors import AlgorithmFailed
from minerva.layers.abstraction.registry.records import Version
from minerva.layers.abstraction.runtimes.placing import Apart, Room, spec_of
from minerva.layers.abstraction.services.declaration import Batching
from minerva.layers.abstraction.serving.terms import Terms

MANIFEST = {"algorithm": "kept", "schema": SCHEMA, "parameters": {}, "network": True}
ROOM = Room(memory_mb=900, cpus=2, idle_s=60, threads=4, reads=("/srv/words",))


@pytest.fixture
def workspace():
    """A workspace on a short path; no scratch folder stays in it."""
    with tempfile.TemporaryDirectory() as folder:
        made = Workspace(Path(folder).resolve())
        yield made
        assert list((made.state / "run").glob("p-*")) == []


@pytest.fixture
def place(workspace):
    """A function that places the workspace's version."""
    asked = []

    def python(lock):
        asked.append(lock)
        return Path(sys.executable)

    apart = Apart(python, workspace.state, workspace.folder, workspace.state / "logs", ROOM)

    def placed(**manifest):
        model = apart(a_version(), workspace.folder / "version", MANIFEST | manifest, Terms())
        return model, asked[-1]

    return placed


def a_version() -> Version:
    """Return a version as the registry knows it."""
    return Version(
        tenant="default",
        service="churn",
        digest="ab" * 32,
        manifest=MANIFEST,
        metrics={},
        configuration_revision=1,
        job_id=None,
        created_at=datetime.now(UTC),
        number=1,
    )


def test_it_answers_from_a_child_that_ends_with_it(workspace, place):
    model, lock = place(requirements=["a==1", "b==2"])
    pid = pid_of(model)

    assert lock == "a==1\nb==2"
    assert psutil.Process(pid).ppid() == os.getpid()
    assert (workspace.state / "logs" / "churn.log").exists()

    del model
    gc.collect()
    assert not lives(pid)


def test_how_it_ended_is_told(place):
    model, _ = place()

    kill(pid_of(model))

    wait_until(lambda: told(model))


def told(model) -> bool:
    """Whether its end is told by now."""
    try:
        pid_of(model)
    except AlgorithmFailed as error:
        return "SIGKILL" in error.message
    except Exception:  # noqa: BLE001 - while it ends, its socket may still be there
        return False
    return False


@pytest.mark.parametrize(
    ("declared", "room_ms", "deadline_ms"), [(None, 0, 0), (None, 30_000, 30_000), (200, 0, 200)]
)
def test_a_spec_says_what_the_version_and_its_service_say(tmp_path, declared, room_ms, deadline_ms):
    room = Room(
        memory_mb=900, cpus=2, idle_s=60, threads=4, reads=("/srv/words",), deadline_ms=room_ms
    )
    (tmp_path / "plugin").mkdir()

    spec = spec_of(MANIFEST, tmp_path, tmp_path / "ws", Terms(deadline_ms=declared), room)(
        Path("/s"), "/s/h"
    )

    assert (spec.deadline_ms, spec.memory_mb, spec.cpus, spec.threads) == (deadline_ms, 900, 2, 2)
    assert (spec.network, spec.reads, spec.plugins) == (True, ("/srv/words",), str(tmp_path))


def test_the_processes_of_two_tenants_differ_where_calls_are_joined(tmp_path):
    room = Room(memory_mb=900, cpus=2, idle_s=60, threads=4)

    def spec(tenant, **terms):
        made = spec_of(MANIFEST, tmp_path, tmp_path / "ws", Terms(**terms), room, tenant)
        return made(Path("/s"), "/s/h")

    ours, theirs = (spec(name, batching=Batching(max_batch=9)) for name in ("ours", "theirs"))

    assert (ours.max_batch, ours.max_wait_ms) == (9, 5)
    assert ours != theirs
    assert spec("ours") == spec("theirs")
    assert spec("ours").max_batch == 0
