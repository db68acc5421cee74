"""What is wrong ends an installation early, with one line that names the value."""

import time

import pytest
import yaml
from engine import Project, docker

from .conftest import COMPOSE

QUICK_S = 90


WRONG = {
    "a host that is not there": ("wrong:5432/minerva", "wrong:5432"),
    "a database that is not there": ("postgres:5432/absent", "absent"),
    "a password that is not its": ("postgres:5432/minerva", "password authentication failed"),
}


def last_line(project, service):
    """The last words of a container that has ended with an error."""
    state = project.inspected(service)["State"]
    assert state["Status"] == "exited"
    assert state["ExitCode"] != 0
    return project.must("logs", "--no-color", "--tail", "1", service).strip().splitlines()[-1]


def test_a_missing_password_is_named_before_anything_starts(project, setting):
    environment = setting()
    del environment["READER_PASSWORD"]
    installation: Project = project([COMPOSE], environment | {"READER_PASSWORD": ""})

    code, said = installation.compose("up", "--detach")

    assert code != 0
    assert "set READER_PASSWORD in docker/.env" in said.splitlines()[-1]
    assert installation.health() == {}


def test_an_image_that_cannot_be_had_is_named(project, setting):
    name = "registry.invalid/minerva-application:9.9"
    installation: Project = project([COMPOSE], setting() | {"MINERVA_IMAGE": name})

    begun = time.monotonic()
    code, said = installation.compose("up", "--detach")

    assert code != 0
    assert "registry.invalid" in said.splitlines()[-1]
    assert time.monotonic() - begun < QUICK_S
    assert "sidecar" not in str(installation.health())


@pytest.mark.parametrize("wrong", WRONG)
def test_a_database_that_cannot_be_used_is_named_and_nothing_else_starts(
    wrong, project, setting, tmp_path
):
    place, named = WRONG[wrong]
    url = f"postgresql+psycopg://minerva:secret-word@{place}"
    override = {"services": {"migrate": {"environment": {"MINERVA_DATABASE_URL": url}}}}
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump(override))
    installation = project([COMPOSE, tmp_path / "wrong.yaml"], setting())

    code, _ = installation.compose("up", "--detach")

    said = last_line(installation, "migrate")
    assert code != 0
    assert named in said
    assert "MINERVA_DATABASE_URL" in said
    assert "secret-word" not in said
    started = [
        docker("inspect", "--format={{.State.Running}}", one)
        for one in installation.containers("worker")
    ]
    assert not any("true" in one for one in started)


def test_a_volume_that_is_full_is_named(project, setting, tmp_path):
    full = {"type": "tmpfs", "device": "tmpfs", "o": "size=4k,uid=10001,gid=10001,mode=0750"}
    (tmp_path / "full.yaml").write_text(
        yaml.safe_dump({"volumes": {"state": {"driver_opts": full}}})
    )
    installation = project([COMPOSE, tmp_path / "full.yaml"], setting())

    code, _ = installation.compose("up", "--detach")

    assert code != 0
    said = last_line(installation, "migrate")
    assert "/var/lib/minerva" in said
    assert "No space left on device" in said
