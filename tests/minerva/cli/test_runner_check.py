"""`minerva test --command` shows what a runner keeps and breaks."""

import json
import shlex
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from minerva.cli.program import program

EXAMPLE = Path(__file__).parents[3] / "examples" / "runners" / "python" / "runner.py"


@pytest.fixture
def run(monkeypatch, tmp_path):
    """A function that runs `minerva …` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(program, words)


def test_a_good_runner_is_fine(run):
    done = run("test", "--command", shlex.join([sys.executable, "-S", str(EXAMPLE)]))

    assert done.exit_code == 0, done.output
    assert "✓ It ends after bye." in done.output
    assert "14 kept, 0 broken." in done.output


def test_a_bad_runner_fails_and_is_told_how_to_mend_it(run):
    done = run("test", "--command", "cat")

    assert done.exit_code == 1
    assert "✗ It starts and answers hello." in done.output
    assert "Mend it: " in done.output


def test_machines_get_json(run):
    done = run("--json", "test", "--command", "cat")

    told = json.loads(done.stdout)
    assert done.exit_code == 1
    assert (told["command"], told["passed"]) == (["cat"], False)
    assert told["checks"][0]["problem"]


@pytest.mark.parametrize("command", ["", "'", "no-such-program"])
def test_a_command_that_cannot_be_run_is_misuse(run, command):
    assert run("test", "--command", command).exit_code == 2


def test_a_plugin_beside_the_command_is_misuse(run):
    done = run("test", "constant", "--command", "cat")

    assert done.exit_code == 2
    assert "name no plugin" in done.output
