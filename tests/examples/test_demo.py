"""`make demo`, as a new user runs it: real processes, a free pair of ports, a folder of its own."""

import os
import re
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from waiting import wait_until

ROOT = Path(__file__).parents[2]
WITHIN_S = 600


@dataclass(frozen=True)
class Demo:
    """The demo with one folder for its state and one pair of ports."""

    state: Path
    sidecar_port: int
    legacy_port: int

    def environment(self, **more: str) -> dict[str, str]:
        """A new user's environment: nothing of Minerva is set but the ports."""
        foreign = ("MINERVA_", "LEGACY_", "ONCE")
        kept = {name: text for name, text in os.environ.items() if not name.startswith(foreign)}
        ports = {"MINERVA_PORT": str(self.sidecar_port), "LEGACY_PORT": str(self.legacy_port)}
        return {**kept, **ports, "PYTHONPATH": str(ROOT / "examples" / "telco"), **more}

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run it to the end of the summary, as `make demo ONCE=1` does."""
        return subprocess.run(
            [sys.executable, "-m", "demo", "--state", str(self.state)],
            env=self.environment(ONCE="1", COLUMNS="200"),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )

    def start(self) -> subprocess.Popen[str]:
        """Start it to stay up, as `make demo` does."""
        return subprocess.Popen(
            [sys.executable, "-u", "-m", "demo", "--state", str(self.state)],
            env=self.environment(),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def processes(self, word: str = "") -> list[int]:
        """Ids of living processes that were started for this state, by anyone."""
        mark = f"MINERVA_WORKSPACE={self.state}/"
        return [pid for pid, words in _processes() if mark in words and word in words]

    def wait_until_alone(self) -> None:
        """Wait until no process is left. What was killed in the end, a busy kernel still puts away."""
        wait_until(lambda: self.processes() == [], what=self.processes)

    @property
    def key_file(self) -> Path:
        """Appears when the sidecar is about to start its processes."""
        return self.state / "workspace" / ".minerva" / "admin.key"


def _processes() -> Iterator[tuple[int, str]]:
    """Every process that we may look at: its id, and its command with its environment."""
    if not Path("/proc/self/environ").exists():
        listed = subprocess.run(
            ["ps", "-axEww", "-o", "pid=,command="], capture_output=True, text=True, check=True
        )
        for line in listed.stdout.splitlines():
            pid, _, words = line.strip().partition(" ")
            yield int(pid), words
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes() + b"\0" + (folder / "environ").read_bytes()
        except OSError:  # ended meanwhile, or somebody else's
            continue
        yield int(folder.name), words.replace(b"\0", b" ").decode(errors="replace")


def iter_until(lines: Iterable[str], word: str) -> Iterator[str]:
    """The lines up to the one that holds `word`."""
    for line in lines:
        yield line
        if word in line:
            return


@pytest.fixture
def demo(tmp_path, free_port) -> Iterator[Demo]:
    """A demo that has never run."""
    made = Demo(tmp_path / "state", free_port(), free_port())
    yield made
    for pid in made.processes():
        with suppress(ProcessLookupError):  # it ended meanwhile
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def used(tmp_path_factory, free_port) -> tuple[Demo, subprocess.CompletedProcess[str]]:
    """A demo that has run once, and what it printed. `make test` runs a file in one process."""
    demo = Demo(tmp_path_factory.mktemp("demo") / "state", free_port(), free_port())
    return demo, demo.run()


def test_the_first_run_ends_well_and_leaves_no_process(used):
    demo, done = used
    assert (done.returncode, done.stderr) == (0, "")
    demo.wait_until_alone()


def test_the_model_is_as_good_as_promised(used):
    _, done = used
    assert float(re.search(r"ROC AUC on 1,761 held-out rows\D+(\d\.\d+)", done.stdout)[1]) >= 0.83
    assert float(re.search(r"Log loss\D+(\d\.\d+)", done.stdout)[1]) < 0.45


def test_everybody_is_scored_and_the_riskiest_are_named(used):
    demo, done = used
    assert re.search(r"Rows scored over REST\D+7,043", done.stdout)
    with closing(sqlite3.connect(demo.state / "legacy.db")) as connection:
        query = "SELECT count(*) FROM churn_scores WHERE probability IS NOT NULL AND NOT degraded"
        assert connection.execute(query).fetchone() == (7043,)
    risks = [float(risk) for risk in re.findall(r"C-\d{5} .* (\d+\.\d)%", done.stdout)]
    assert len(risks) == 5
    assert risks == sorted(risks, reverse=True)
    assert risks[-1] > 80


def test_the_table_tells_how_fast_it_is(used):
    _, done = used
    p50 = float(re.search(r"p50\D+([\d.]+) ms", done.stdout)[1])
    p99 = float(re.search(r"p99\D+([\d.]+) ms", done.stdout)[1])
    assert 0 < p50 <= p99


def test_the_printed_command_shows_the_whole_path_of_a_prediction(used):
    demo, done = used
    command = shlex.split(re.search(r"whole path:\s+(.+)", done.stdout)[1])
    assert command[1:3] == ["logs", "--request-id"]
    shown = subprocess.run(
        command, cwd=ROOT, env=demo.environment(), capture_output=True, text=True, check=True
    ).stdout
    for event in ("prediction.asked", "prediction.answered", "job.succeeded", "page.served"):
        assert event in shown
    for component in ("legacy", "web", "worker"):
        assert re.search(rf"\b{component}\b", shown)


def test_a_second_run_reuses_the_model_and_stays_up_until_ctrl_c(used):
    demo, _ = used
    with demo.start() as process:
        text = "".join(iter_until(process.stdout, "Ctrl-C"))
        assert "serves already" in text
        assert "version 1" in text
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert "Nothing is left running" in process.stdout.read()
    assert process.returncode == 0
    demo.wait_until_alone()


def test_a_run_without_the_sidecars_state_trains_anew(used):
    demo, _ = used
    shutil.rmtree(demo.state / "workspace" / ".minerva")
    done = demo.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert "had the sidecar train version 1" in done.stdout


@pytest.mark.parametrize("setting", ["MINERVA_PORT", "LEGACY_PORT"])
def test_a_taken_port_is_named_with_its_setting(demo, setting):
    port = int(demo.environment()[setting])
    with socket.create_server(("127.0.0.1", port)):
        done = demo.run()
    assert done.returncode == 2
    assert f"Port {port} is taken" in done.stderr
    assert setting in done.stderr
    assert not demo.state.exists()


def test_a_port_that_is_no_number_is_misuse(demo):
    done = subprocess.run(
        [sys.executable, "-m", "demo"],
        env=demo.environment(LEGACY_PORT="eighty"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        2,
        "LEGACY_PORT must be a port number from 1 to 65535, not 'eighty'.\n",
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_the_middle_it_leaves_no_process(demo, number):
    process = demo.start()
    wait_until(demo.key_file.exists, WITHIN_S, what="the sidecar's start")
    process.send_signal(number)
    said = process.communicate(timeout=WITHIN_S)[0]
    assert process.returncode == 130
    assert "Stopped before the end" in said
    demo.wait_until_alone()


@pytest.mark.parametrize("part", ["sidecar", "legacy"])
def test_a_part_that_is_killed_ends_the_demo_with_a_reason(demo, part):
    process = demo.start()
    wait_until(demo.key_file.exists, WITHIN_S, what="the sidecar's start")
    word = {"sidecar": "minerva up", "legacy": "legacy_stub serve"}[part]
    wait_until(lambda: demo.processes(word), WITHIN_S, what=f"the start of {part}")
    os.kill(demo.processes(word)[0], signal.SIGKILL)
    said = process.communicate(timeout=WITHIN_S)[0]
    assert process.returncode == 1
    assert f"The {part} ended by itself with code -9" in said
    demo.wait_until_alone()


def test_killed_itself_it_takes_its_parts_along(demo):
    process = demo.start()
    wait_until(demo.key_file.exists, WITHIN_S, what="the sidecar's start")
    process.kill()
    process.communicate(timeout=WITHIN_S)
    demo.wait_until_alone()
