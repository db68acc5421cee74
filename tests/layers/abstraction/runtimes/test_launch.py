"""Starting a host, waiting for it, and ending it."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hosts import START_S, a_batch, a_host, a_place, a_spec, start
from waiting import wait_until

from minerva.errors import AlgorithmFailed, InvalidConfiguration, InvalidData, Unavailable
from minerva.layers.abstraction.runtimes.launch import environment, launch


@pytest.fixture
def place():
    """A folder with room for sockets."""
    with a_place() as folder:
        yield folder


def test_a_host_that_is_ready_listens_where_it_should(place):
    host = start(a_spec(place), place)
    try:
        told = host.ready(START_S)

        assert told.explains is False
        assert host.running
        assert stat.S_IMODE(Path(host.spec.socket).stat().st_mode) == 0o600
        assert stat.S_IMODE((place / "logs/host.log").stat().st_mode) == 0o600
    finally:
        host.kill()
    host.kill()
    assert not host.running
    assert not Path(host.spec.socket).exists()


@pytest.mark.parametrize(
    ("members", "error", "why"),
    [
        ({"algorithm": "mild"}, InvalidConfiguration, "no algorithm 'mild'"),
        ({"parameters": {"colour": 1}}, InvalidConfiguration, "do not fit"),
        ({"parameters": {"load": "raise"}}, AlgorithmFailed, r"its model \(ValueError\)"),
        ({"parameters": {"load": "exit"}}, AlgorithmFailed, "SystemExit"),
        ({"parameters": {"load": "invalid"}}, InvalidData, "Nothing to learn from"),
        ({"parameters": {"load": "segfault"}}, AlgorithmFailed, "ended by signal 11"),
        ({"parameters": {"load": "memory"}, "memory_mb": 2000}, AlgorithmFailed, "out of memory"),
        ({"schema": {"inputs": 5}}, InvalidConfiguration, "schema cannot be used"),
    ],
)
def test_a_host_that_cannot_start_says_why(place, members, error, why):
    host = start(a_spec(place, **members), place)

    with pytest.raises(error, match=why):
        host.ready(START_S)

    assert not host.running


def test_a_host_that_takes_too_long_is_ended(place):
    host = start(a_spec(place, parameters={"load": "endless"}), place)

    with pytest.raises(Unavailable, match=r"not ready within 0\.2 s"):
        host.ready(0.2)

    assert not host.running


def test_a_host_that_another_thread_has_reaped_is_not_running(place):
    host = start(a_spec(place), place)
    host.ready(START_S)
    os.kill(host.pid, signal.SIGKILL)
    os.waitpid(host.pid, 0)

    assert not host.running
    host.kill()


def test_an_interpreter_that_is_none_is_unavailable(place):
    with pytest.raises(Unavailable, match="cannot be started: No such file"):
        launch(place / "python", a_spec(place), place / "log")


def test_an_interpreter_without_minerva_is_a_failure(place):
    with pytest.raises(AlgorithmFailed, match="ended with exit code"):
        launch(Path("/bin/false"), a_spec(place), place / "log").ready(START_S)


PARENT = """
import sys
import time
from pathlib import Path
from hosts import a_spec, start

place = Path(sys.argv[1])
host = start(a_spec(place), place)
host.ready(60)
(place / "pid.part").write_text(str(host.pid))
(place / "pid.part").rename(place / "pid")
time.sleep(600)
"""


ASK_IT_TO_HOLD = """
from hosts import SCHEMA, a_batch
from minerva.layers.abstraction.runtimes.hosted import hosted_model

find = lambda: host.spec.socket
model = hosted_model(find, algorithm="wild", schema=SCHEMA, explains=False)
model.predict(a_batch("held"))
"""


def test_a_host_ends_with_its_killed_parent(place):
    path = os.pathsep.join([str(Path(__file__).parents[1] / "support"), *sys.path])
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(place)], env={**os.environ, "PYTHONPATH": path}
    )
    try:
        wait_until((place / "pid").exists, START_S)
        pid = int((place / "pid").read_text())
        assert Path(f"/proc/{pid}").exists()
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()

    wait_until(lambda: _gone(pid))


def test_a_host_whose_interpreter_is_held_ends_with_its_killed_parent(place):
    path = os.pathsep.join([str(Path(__file__).parents[1] / "support"), *sys.path])
    program = PARENT.replace("time.sleep(600)", ASK_IT_TO_HOLD)
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(place)], env={**os.environ, "PYTHONPATH": path}
    )
    try:
        wait_until((place / "s/holding").exists, START_S)
        pid = int((place / "pid").read_text())
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()

    wait_until(lambda: _gone(pid))


def _gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_what_a_plugin_started_ends_with_its_host():
    with a_host() as host:
        host.model().predict(a_batch("family"))
        child = int((host.scratch / "child").read_text())
        assert not _gone(child)

        host.process.process.send_signal(signal.SIGKILL)
        wait_until(lambda: not host.process.running)
        host.process.kill()

        wait_until(lambda: _gone(child))


def test_the_environment_holds_no_settings_of_ours_and_no_secrets(place):
    inherited = {
        "PATH": "/bin", "JAVA_HOME": "/java", "MINERVA_DATABASE_URL": "x", "MINERVA_PORT": "1",
        "LEGACY_DB_URL": "x", "aws_secret_access_key": "x", "DB_PASSWORD": "x", "OMP_NUM_THREADS": "64",
    }  # fmt: skip

    seen = environment(a_spec(place, threads=2), inherited)

    assert not {name for name in seen if seen[name] == "x"}
    assert "MINERVA_PORT" not in seen
    assert (seen["PATH"], seen["JAVA_HOME"], seen["OMP_NUM_THREADS"]) == ("/bin", "/java", "2")
    assert seen["TMPDIR"] == seen["HOME"] == str(place / "s")


def test_a_model_with_the_network_keeps_its_credentials_but_not_ours(place):
    seen = environment(a_spec(place, network=True), {"API_KEY": "k", "MINERVA_DATABASE_URL": "x"})

    assert seen["API_KEY"] == "k"
    assert "MINERVA_DATABASE_URL" not in seen
