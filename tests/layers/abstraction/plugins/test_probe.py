"""A plugin that ends the process which imports it is reported, and ends ours never."""

import subprocess
import sys

import pytest
from structlog.testing import capture_logs

from minerva.layers.abstraction.plugins.catalogue import Plugins
from minerva.layers.abstraction.plugins.probe import Probe
from minerva.layers.abstraction.plugins.source import read

GOOD = """
from minerva import hookimpl

@hookimpl
def minerva_algorithms():
    return []
"""


@pytest.fixture
def plugins(tmp_path):
    """Where plugins are dropped."""
    (tmp_path / "plugins").mkdir()
    return tmp_path / "plugins"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import ctypes; ctypes.string_at(0)", "Importing it crashes the process (SIGSEGV)."),
        ("import os; os._exit(0)", "Importing it ends the process (exit code 0)."),
        ("import os; os._exit(7)", "Importing it ends the process (exit code 7)."),
        ("import os, signal; os.kill(os.getpid(), 9)", "Importing it crashes the process (SIGKILL)."),
        (f"{GOOD}    import os; os._exit(3)".replace("    return []\n", ""), "exit code 3"),
    ],
)  # fmt: skip
def test_one_that_ends_the_process_is_reported_and_the_others_are_used(plugins, source, said):
    (plugins / "bad.py").write_text(source)
    (plugins / "good.py").write_text(GOOD)

    with capture_logs() as events:
        catalogue = Plugins(plugins.parent)()

    (problem,) = catalogue.problems
    assert problem.where == "plugins/bad.py"
    assert said in problem.message
    assert "plugins/good.py" in [event.get("plugin") for event in events]


def test_it_ends_without_looking_for_garbage_in_what_goes_anyway(plugins):
    (plugins / "good.py").write_text(GOOD)
    code = (
        "import gc, pathlib, sys\n"
        "from minerva.layers.abstraction.plugins.probe import main\n"
        "main(pathlib.Path(sys.argv[1]))\n"
        "sys.exit(gc.get_freeze_count() == 0)"
    )

    subprocess.run([sys.executable, "-c", code, str(plugins / "good.py")], check=True)


def test_one_that_hangs_is_given_up(plugins, tmp_path):
    (plugins / "slow.py").write_text("import time; time.sleep(600)")

    said = Probe(tmp_path / "noted", within_s=1)(read(plugins / "slow.py"))

    assert said == "it was not imported within 1 s"


def test_one_that_prints_survives(plugins, tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    (plugins / "talks.py").write_text("print('hello')")

    assert Probe(tmp_path / "noted", within_s=60)(read(plugins / "talks.py")) is None


def test_one_that_raises_survives_and_is_tried_once_for_each_content(plugins, tmp_path):
    file = plugins / "odd.py"
    tries = tmp_path / "tries"
    file.write_text(f"open({str(tries)!r}, 'a').write('x'); raise ValueError")
    probe = Probe(tmp_path / "noted", within_s=60)

    assert [probe(read(file)) for _ in range(3)] == [None] * 3
    assert tries.read_text() == "x"


def test_a_folder_that_cannot_be_written_costs_only_time(plugins, tmp_path):
    (plugins / "good.py").write_text(GOOD)
    (tmp_path / "file").write_text("")

    assert Probe(tmp_path / "file" / "noted", within_s=60)(read(plugins / "good.py")) is None


def test_the_folders_that_it_makes_are_closed_to_others(plugins, tmp_path):
    """The run folder is one of them: where others may enter it, no model's process is started."""
    (plugins / "good.py").write_text(GOOD)

    Probe(tmp_path / "state" / "run" / "plugins", within_s=60)(read(plugins / "good.py"))

    made = [tmp_path / "state", tmp_path / "state/run", tmp_path / "state/run/plugins"]
    assert [folder.stat().st_mode & 0o777 for folder in made] == [0o700] * 3
