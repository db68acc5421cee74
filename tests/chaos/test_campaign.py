"""The campaign of faults itself, in its shortest form: real processes are killed, and nothing is lost."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def campaign(*arguments) -> subprocess.CompletedProcess:
    """Run the program and return what it came to."""
    return subprocess.run(
        [sys.executable, "-m", "chaos", "--seed", "1", *arguments],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
    )


@pytest.mark.parametrize("fault", ["worker_killed", "messages_repeated", "flow_container_killed"])
def test_nothing_is_lost_or_done_twice(fault):
    done = campaign("--rounds", "1", fault)

    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = [line for line in done.stdout.splitlines() if line.startswith(f"| {fault} ")]
    _, _, jobs, ended, lost, twice, left, _ = [cell.strip() for cell in row.strip("|").split("|")]
    assert int(jobs) == int(ended) > 0
    assert (lost, twice, left) == ("0", "0", "0")


def test_a_fault_that_does_not_exist_is_misuse():
    done = campaign("meteorite")

    assert done.returncode == 2
    assert "worker_killed" in done.stderr
