"""The guardian stops what it watches when its pipe ends without a farewell, and only then."""

import io
import os
import signal
import subprocess
import sys

import psutil
import pytest

from minerva.layers.core.processes.lifeline import Guardian, alive, guard, kill_group, main

OBEDIENT = "import signal; print('up', flush=True); signal.pause()"
STUBBORN = (
    "import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True); signal.pause()"
)


@pytest.fixture
def run():
    """Return a function that starts a group leader and waits until it is up."""
    running = []

    def started(code):
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, process_group=0
        )
        running.append(process)
        assert process.stdout.readline() == b"up\n"
        return process

    yield started
    for process in running:
        kill_group(process.pid)
        process.communicate()


def test_a_pipe_that_ends_stops_what_was_watched(run):
    process = run(OBEDIENT)

    guard([f"watch {process.pid}\n"], graceful_s=0.2)

    assert process.wait(60) == -signal.SIGTERM


def test_who_does_not_listen_is_killed(run):
    process = run(STUBBORN)

    guard([f"watch {process.pid}\n"], graceful_s=0.2)

    assert process.wait(60) == -signal.SIGKILL


def test_a_farewell_means_that_nothing_is_left_to_do(run):
    process = run(OBEDIENT)

    guard([f"watch {process.pid}\n", "farewell\n"], graceful_s=0.2)

    assert process.poll() is None


def test_a_forgotten_group_is_left_alone(run):
    process = run(OBEDIENT)

    guard([f"watch {process.pid}\n", "what?\n", f"forget {process.pid}\n"], graceful_s=0.2)

    assert process.poll() is None


def test_a_group_that_is_gone_harms_nobody(run):
    process = run(OBEDIENT)
    kill_group(process.pid)
    process.wait(60)

    guard([f"watch {process.pid}\n"], graceful_s=0.2)
    kill_group(process.pid)

    assert not alive(process.pid)


def test_the_guardian_process_ends_with_its_supervisors_farewell():
    before = set(psutil.Process().children())

    with Guardian(graceful_s=1) as guardian:
        (ours,) = set(psutil.Process().children()) - before
        guardian.watch(os.getpid())
        guardian.forget(os.getpid())
        assert ours.is_running()

    assert not ours.is_running()


def test_a_guardian_that_was_killed_does_not_stop_its_supervisor():
    before = set(psutil.Process().children())

    with Guardian(graceful_s=1) as guardian:
        (ours,) = set(psutil.Process().children()) - before
        ours.kill()
        ours.wait(60)
        for _ in range(3):
            guardian.forget(1)

    assert not ours.is_running()


def test_no_signal_finds_the_guardian_half_started():
    known = set(psutil.Process().children())

    with Guardian(0.1):
        (ours,) = set(psutil.Process().children()) - known
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            ours.send_signal(number)
        with pytest.raises(psutil.TimeoutExpired):
            ours.wait(0.5)


def test_the_program_guards_what_its_input_tells(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("farewell\n"))

    assert main(["0.1"]) is None
    assert sys.stdin.read() == ""
