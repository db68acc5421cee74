"""The sidecar at a Unix socket beside TCP: for its owner, or a group; its own, and gone with it."""

import grp
import json
import os
import socket
import stat
import subprocess

import psutil
import pytest

from minerva.client import Client
from minerva.errors import InvalidConfiguration
from minerva.layers.core.processes.ports import (
    ensure_addresses_free,
    ensure_socket_free,
    group_number,
)
from minerva.settings import load


@pytest.fixture
def path(tmp_path):
    return tmp_path / "s"


def url(path):
    return "http+unix://" + str(path).replace("/", "%2F")


def ask(path):
    with Client(url(path)) as client:
        return client.ready()


def test_every_worker_answers_at_the_socket_and_at_the_port(start, path):
    server = start(MINERVA_SOCKET=str(path))

    assert server.get("/livez") == (200, {"status": "alive"})
    assert ask(path)["status"] == "ready"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for pid in server.workers():
        listening = {one.laddr for one in psutil.Process(pid).net_connections("unix")}
        assert str(path) in listening

    server.process.terminate()
    assert server.process.wait(60) == 0
    assert not path.exists()


def test_without_keys_whoever_may_use_the_socket_asks_at_the_socket(start, path, predict_body):
    start(MINERVA_SOCKET=str(path))
    asked = ["curl", "-sS", "--unix-socket", str(path), "-d", predict_body.decode()]
    where = ["-H", "Content-Type: application/json", "http://sidecar/v1/services/churn/predict"]

    answered = subprocess.run([*asked, *where], capture_output=True, check=True)

    assert json.loads(answered.stdout)["predictions"][0]["churn"] == "No"


@pytest.mark.parametrize(
    "named",
    [lambda: grp.getgrgid(os.getegid()).gr_name, lambda: str(os.getegid())],
    ids=["name", "number"],
)
def test_a_group_of_its_own_may_use_the_socket(start, path, named):
    start(MINERVA_SOCKET=str(path), MINERVA_SOCKET_GROUP=named())

    found = path.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_gid) == (0o660, os.getegid())


def test_a_group_may_be_a_number_that_has_no_name_here():
    """In a pod a group is one of the cluster's; the image knows nothing of it."""
    numbers = {one.gr_gid for one in grp.getgrall()}
    unnamed = next(number for number in range(20_000, 30_000) if number not in numbers)

    assert group_number(str(unnamed)) == unnamed


def test_a_socket_that_a_killed_server_left_is_replaced(start, path):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))

    assert ensure_socket_free(path) is None
    start(MINERVA_SOCKET=str(path))
    assert ask(path)["status"] == "ready"


def test_a_socket_in_use_is_refused(path):
    with socket.socket(socket.AF_UNIX) as taken:
        taken.bind(str(path))
        taken.listen(0)
        for _ in range(3):  # also when it has more callers than it takes
            with pytest.raises(InvalidConfiguration, match="is in use"):
                ensure_socket_free(path)


def test_a_file_is_not_taken_for_a_socket(path):
    path.write_text("mine")

    with pytest.raises(InvalidConfiguration, match="is there and no socket"):
        ensure_socket_free(path)

    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "says"), [("a/b", "is no folder that this user may write to"), ("a" * 104, "too long")]
)
def test_a_path_that_cannot_be_listened_on_is_told(tmp_path, name, says):
    with pytest.raises(InvalidConfiguration, match=says):
        ensure_socket_free(tmp_path / name)


def test_a_group_that_is_not_there_is_told(tmp_path, path, free_port):
    environment = {"MINERVA_SOCKET": str(path), "MINERVA_SOCKET_GROUP": "no-such-group"}
    loaded = load(tmp_path, {**environment, "MINERVA_PORT": str(free_port())})

    with pytest.raises(InvalidConfiguration, match="no group no-such-group"):
        ensure_addresses_free(loaded)
