"""Each container is killed in turn, and sidecars are restarted one by one, while callers ask and jobs run."""

import json
import uuid
from contextlib import contextmanager
from pathlib import Path

import pytest
from engine import docker, images
from waiting import wait_until

CALLERS = 4
LOAD = Path(__file__).with_name("load.py").read_text()


@contextmanager
def load(shop):
    """Callers in a container beside the sidecars; holds afterwards what became of their requests."""
    customer = shop.legacy("/api/customers/C-00001")
    record = {"customer_id": customer["customer_id"], **customer["features"]}
    project, name = shop.project, f"{shop.project.name}-load-{uuid.uuid4().hex[:6]}"
    docker(
        "run", "--detach", "--name", name, "--network", f"{project.name}_inside",
        "--no-healthcheck", "--volume", f"{project.name}_keys:/run/minerva:ro", "--entrypoint", "python",
        images()["MINERVA_IMAGE"], "-c", LOAD, json.dumps(record), str(CALLERS),
    )  # fmt: skip
    told = {}
    try:
        yield told
    finally:
        docker("stop", "--time", "60", name, check=False)
        said = docker("logs", name, check=False)
        docker("rm", "--force", name)
    told.update(json.loads(said.splitlines()[-1]))


def succeeded(shop, job):
    """Whether a job is known to have succeeded; who could tell may be away."""
    said = shop.project.run_in("sidecar", "minerva", "jobs", "show", job, "--json", check=False)
    try:
        return json.loads(said)["job"]["state"] == "succeeded"
    except ValueError:
        return False


@pytest.mark.parametrize("service", ["sidecar", "worker", "beat", "legacy", "redis", "postgres"])
def test_a_container_that_is_killed_takes_nothing_with_it_but_what_it_held(shop, service):
    before = shop.project.containers(service)
    with load(shop) as told:
        job = shop.minerva("jobs", "start", "profile", "churn", "--no-wait")["job"]["id"]
        shop.project.crash(before[0])
        wait_until(lambda: succeeded(shop, job), 400, shop.project.last_words)
        shop.project.wait_healthy()

    assert shop.project.containers(service) == before
    assert told["answered"] > CALLERS
    held = CALLERS if service == "sidecar" else 0
    assert len(told["failed"]) <= held, told["failed"]


def test_a_rolling_restart_of_the_sidecars_fails_no_request(shop):
    with load(shop) as told:
        for container in shop.project.containers("sidecar"):
            docker("restart", "--time", "40", container)
            shop.project.wait_healthy()

    assert told["failed"] == []
    assert told["answered"] > CALLERS
