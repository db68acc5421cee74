"""The process tree starts, restarts what crashes, stops on request and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from waiting import wait_until

from minerva.layers.core.processes.supervisor import Program, Supervisor

TREE = """
import sys
from pathlib import Path
from minerva.layers.core.processes.supervisor import Program, Supervisor
from minerva.layers.core.telemetry.logging import configure

folder = Path(sys.argv[1])
configure(folder, "up")

def program(name, code):
    return Program(name, [sys.executable, "-c", code, str(folder)], {"NAME": name})

def say(line):
    print(line, flush=True)

PROGRAMS
sys.exit(Supervisor(programs, say, graceful_s=float(sys.argv[2]), first_delay_s=0.05).run())
"""

# Writes its pid and its child's, and ends on SIGTERM, leaving the child to whoever cares.
OBEDIENT = """
import os, signal, subprocess, sys, pathlib
folder, name = pathlib.Path(sys.argv[1]), os.environ["NAME"]
deaf = "import signal; signal.signal(15, signal.SIG_IGN); signal.pause()"
child = subprocess.Popen([sys.executable, "-c", deaf])
def leave(*_):
    (folder / f"{name}.left").write_text("")
    os._exit(0)
signal.signal(signal.SIGTERM, leave)
(folder / f"{name}.tmp").write_text(f"{os.getpid()} {child.pid}")
os.replace(folder / f"{name}.tmp", folder / f"{name}.pids")
while True:
    signal.pause()
"""
STUBBORN = OBEDIENT.replace("signal.signal(signal.SIGTERM, leave)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)")  # fmt: skip
CRASHING = "import sys; sys.exit(3)"


class Tree:
    """A supervisor in a process of its own."""

    def __init__(self, folder: Path, programs: str, graceful_s: float):
        self.folder = folder
        script = TREE.replace("PROGRAMS", textwrap.dedent(programs))
        (folder / "tree.py").write_text(script)
        self.process = subprocess.Popen(
            [sys.executable, str(folder / "tree.py"), str(folder), str(graceful_s)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "OBEDIENT": OBEDIENT, "STUBBORN": STUBBORN, "CRASHING": CRASHING},
        )

    def pids(self, name: str) -> list[int]:
        """Return leader and child of a program once it runs, else nothing."""
        with suppress(FileNotFoundError):
            return [int(pid) for pid in (self.folder / f"{name}.pids").read_text().split()]
        return []

    def everyone(self) -> list[psutil.Process]:
        """Return every process below the supervisor."""
        return psutil.Process(self.process.pid).children(recursive=True)


def gone(processes) -> bool:
    """Tell whether none of the processes is left (a zombie is not)."""

    def left(process):
        with suppress(psutil.NoSuchProcess):
            return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        return False

    return not any(left(process) for process in processes)


@pytest.fixture
def start(tmp_path):
    """Return a function that starts a tree; whatever is left of it at the end is killed."""
    trees, seen = [], []

    def started(programs: str, graceful_s: float = 10) -> Tree:
        tree = Tree(tmp_path, "import os\n" + textwrap.dedent(programs), graceful_s)
        trees.append(tree)
        return tree

    yield started
    for tree in trees:
        with suppress(psutil.NoSuchProcess):
            seen.extend(tree.everyone())
        tree.process.kill()
    for written in tmp_path.glob("*.pids"):  # what a failed test left has no parent any more
        for pid in map(int, written.read_text().split()):
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                if "signal.pause()" in " ".join(
                    process.cmdline()
                ):  # not a stranger with its number
                    seen.append(process)
    for process in seen:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    for tree in trees:
        tree.process.communicate()


TWO = """
programs = [program("serve", os.environ["OBEDIENT"]), program("worker", os.environ["OBEDIENT"])]
"""
ONE = 'programs = [program("serve", os.environ["OBEDIENT"])]'


def both_run(tree):
    return tree.pids("serve") and tree.pids("worker")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_requested_stop_ends_everything_and_exits_with_0(start, number):
    tree = start(TWO)
    wait_until(lambda: both_run(tree), what="start")
    everyone = tree.everyone()
    assert len(everyone) == 5

    tree.process.send_signal(number)
    output, _ = tree.process.communicate(timeout=60)

    assert tree.process.returncode == 0
    assert (tree.folder / "serve.left").exists()
    assert (tree.folder / "worker.left").exists()
    wait_until(lambda: gone(everyone), what="the end of every process")
    lines = output.splitlines()
    assert lines[0].startswith("serve started (pid ")
    assert "serve ended" in lines
    assert "worker ended" in lines
    assert len(lines) == 6
    assert "Traceback" not in output


def test_programs_are_out_of_reach_of_the_terminals_interrupt(start):
    tree = start(ONE)
    leader, child = wait_until(lambda: tree.pids("serve"), what="start")

    assert os.getpgid(leader) == leader
    assert os.getpgid(child) == leader
    assert os.getpgid(tree.process.pid) != leader


def test_a_program_that_does_not_listen_is_killed_with_its_group(start):
    tree = start('programs = [program("serve", os.environ["STUBBORN"])]', graceful_s=0.3)
    wait_until(lambda: tree.pids("serve"), what="start")
    everyone = tree.everyone()

    tree.process.terminate()
    output, _ = tree.process.communicate(timeout=60)

    assert tree.process.returncode == 0
    assert "serve was ended by SIGKILL" in output
    wait_until(lambda: gone(everyone), what="the end of every process")


def test_a_second_request_does_not_wait_any_longer(start):
    tree = start('programs = [program("serve", os.environ["STUBBORN"])]', graceful_s=600)
    wait_until(lambda: tree.pids("serve"), what="start")

    tree.process.terminate()
    said = iter(tree.process.stdout.readline, "")
    assert any("serve stops" in line for line in said)
    tree.process.terminate()
    output, _ = tree.process.communicate(timeout=60)

    assert "SIGTERM again: killing what is left" in output


def test_a_crashed_program_is_started_again_after_its_group_was_cleared(start):
    tree = start(ONE)
    leader, child = wait_until(lambda: tree.pids("serve"), what="start")
    orphan = psutil.Process(child)

    os.kill(leader, signal.SIGKILL)

    wait_until(lambda: (tree.pids("serve") or [leader])[0] != leader, what="the second start")
    wait_until(lambda: gone([orphan]), what="the end of its child")
    tree.process.terminate()
    output, _ = tree.process.communicate(timeout=60)
    assert "serve was ended by SIGKILL; starting it again in 0.05 s" in output
    assert tree.process.returncode == 0


def test_a_program_that_keeps_dying_is_given_up_and_takes_the_tree_along(start):
    tree = start(
        """
        programs = [program("serve", os.environ["OBEDIENT"]), program("worker", os.environ["CRASHING"])]
        """
    )

    output, _ = tree.process.communicate(timeout=60)

    assert tree.process.returncode == 1
    assert output.count("worker failed with exit code 3; starting it again") == 4
    assert "worker failed with exit code 3, the 5th time within 30 seconds: giving up" in output
    assert "serve stops" in output


@pytest.mark.parametrize("victims", ["supervisor", "supervisor and guardian"])
def test_a_killed_supervisor_leaves_nothing_behind(start, victims):
    tree = start(ONE, graceful_s=0.5)
    wait_until(lambda: tree.pids("serve"), what="start")
    everyone = tree.everyone()
    guardian = next(p for p in everyone if "lifeline" in " ".join(p.cmdline()))

    if "guardian" in victims:
        leader = psutil.Process(tree.pids("serve")[0])
        guardian.kill()
        tree.process.kill()
        wait_until(lambda: gone([leader, guardian]), what="the end of the program")
        assert (tree.folder / "serve.left").exists()
        psutil.Process(tree.pids("serve")[1]).kill()  # its own child was its own affair
    else:
        tree.process.kill()
        wait_until(lambda: gone(everyone), what="the end of every process")


def test_a_guardian_outlives_what_is_meant_for_the_tree(start):
    tree = start(ONE, graceful_s=0.5)
    wait_until(lambda: tree.pids("serve"), what="start")
    everyone = tree.everyone()
    guardian = next(p for p in everyone if "lifeline" in " ".join(p.cmdline()))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        guardian.send_signal(number)

    tree.process.kill()

    wait_until(lambda: gone(everyone), what="the end of every process")


def test_readiness_is_told_once(tmp_path):
    said, asked = [], []

    def ready():
        asked.append(1)
        return len(asked) > 2

    def say(line):
        said.append(line)
        if line == "serve is ready":
            os.kill(os.getpid(), signal.SIGTERM)

    code = "import signal; signal.signal(15, lambda *_: exit(0)); signal.pause()"
    before = signal.getsignal(signal.SIGTERM)

    status = Supervisor([Program("serve", [sys.executable, "-c", code], ready=ready)], say).run()

    assert status == 0
    assert said.count("serve is ready") == 1
    assert len(asked) == 3
    assert signal.getsignal(signal.SIGTERM) is before
