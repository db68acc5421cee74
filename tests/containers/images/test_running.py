"""A container runs with as few rights as can be, starts at once and ends when it is told to."""

import time

import pytest
from waiting import wait_until

PORT = "--publish=127.0.0.1::8080"


def test_the_container_serves_without_any_right(images, run):
    sidecar = run(images["application"])
    sidecar.wait_ready()

    told = sidecar.exec(
        "python", "-c",
        "import os; print(os.getuid(), os.getgid(), *open('/proc/1/comm').read().split(), sep=' ')",
    )  # fmt: skip
    assert told.split() == ["10001", "10001", "tini"]
    capabilities = sidecar.exec("python", "-c", "print(open('/proc/1/status').read())")
    assert "CapEff:\t0000000000000000" in capabilities
    assert "NoNewPrivs:\t1" in capabilities


@pytest.mark.parametrize("path", ["/workspace/x", "/opt/minerva/x", "/etc/x", "/usr/bin/x"])
def test_nothing_but_state_logs_and_tmp_can_be_written(images, run, path):
    sidecar = run(images["core"])
    done = sidecar.exec("python", "-c", f"open({path!r}, 'w')", check=False)
    assert "Read-only file system" in done
    for allowed in ("/var/lib/minerva/x", "/tmp/x"):
        sidecar.exec("python", "-c", f"open({allowed!r}, 'w')")


def test_user_and_group_have_names_beside_those_of_the_base_image(images, docker):
    program = "import grp, os, pwd; print(pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name, pwd.getpwnam('root').pw_uid)"
    said = docker("run", "--rm", "--entrypoint=python", images["core"], "-c", program)
    assert said.split() == ["minerva", "minerva", "0"]


def test_the_workspace_belongs_to_another_user_than_serves_it(images, docker):
    program = "import os; print({os.stat(os.path.join(r, f)).st_uid for r, d, fs in os.walk('/workspace') for f in [*d, *fs]})"
    assert (
        docker("run", "--rm", "--entrypoint=python", images["application"], "-c", program)
        == "{0}\n"
    )


@pytest.mark.parametrize(
    ("target", "command"), [("core", "serve"), ("worker", "worker"), ("worker", "beat")]
)
def test_a_container_ends_at_once_when_it_is_told_to(images, run, target, command):
    container = run(images[target], command)
    wait_until(
        lambda: container.well(command),
        what=container.logs,
    )

    began = time.monotonic()
    code = container.stop()

    assert code == 0, container.logs()
    assert time.monotonic() - began < 15  # the engine would kill it after 20
    assert container.state()["OOMKilled"] is False


def test_the_engine_sees_health(images, run, inspected):
    sidecar = run(images["application"], options=("--health-interval=1s",))
    wait_until(
        lambda: inspected(sidecar.name)["State"]["Health"]["Status"] == "healthy", what=sidecar.logs
    )


def test_orphans_of_a_job_do_not_pile_up(images, run):
    """Process 1 reaps what its own children leave behind."""
    container = run(images["worker"], "worker")
    wait_until(
        lambda: container.well("worker"),
        what=container.logs,
    )
    orphan = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', ''], start_new_session=True)"
    for _ in range(5):
        container.exec("python", "-c", orphan)
    count = "import glob; print(sum('\\nState:\\tZ' in open(f).read() for f in glob.glob('/proc/[0-9]*/status')))"
    wait_until(lambda: container.exec("python", "-c", count).strip() == "0")


def test_what_a_program_of_the_image_prints_is_a_help(images, docker):
    assert "serve" in docker("run", "--rm", images["core"], "--help")
    assert docker("run", "--rm", images["core"], "--version").startswith("minerva")
