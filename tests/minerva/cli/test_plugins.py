"""`minerva plugins`: what was found, and why something cannot be used."""

import json

import pytest

GOOD = """
from minerva import Algorithm, hookimpl
print("hello from the plugin")

class Mine(Algorithm):
    name = "mine"
    def train(self, data, context): ...
    def load(self, folder, context): ...

@hookimpl
def minerva_algorithms():
    return [Mine()]

@hookimpl
def minerva_drift(drift): ...
"""


@pytest.fixture
def workspace(minerva, tmp_path, free_port, monkeypatch):
    minerva("init")
    monkeypatch.setenv("MINERVA_PORT", str(free_port()))
    (tmp_path / "plugins" / "mine.py").write_text(GOOD)
    return tmp_path


def test_plugins_are_listed_with_what_they_bring(minerva, workspace):
    result = minerva("plugins")

    (mine,) = [line for line in result.stdout.splitlines() if "plugins/mine.py" in line]
    assert mine.split()[1] == "workspace"
    assert mine.split()[3:] == ["mine", "drift", "ok"]
    assert any(line.startswith("constant  ") for line in result.stdout.splitlines())
    assert result.exit_code == 0


def test_a_broken_one_is_listed_with_reason_and_hint(minerva, workspace):
    (workspace / "plugins" / "broken.py").write_text("import no_such_library")

    result = minerva("plugins")

    (broken,) = [line for line in result.stdout.splitlines() if "plugins/broken.py" in line]
    assert broken.split()[-1] == "broken"
    assert "✗ plugins/broken.py: ModuleNotFoundError: No module named" in result.stderr
    assert "`requirements`" in result.stderr
    assert result.exit_code == 0


def test_one_that_brings_nothing_is_told_why(minerva, workspace):
    (workspace / "plugins" / "idle.py").write_text("")

    assert (
        "plugins/idle.py: mark what it brings with @minerva.hookimpl" in minerva("plugins").stderr
    )


def test_machines_are_told_everything(minerva, workspace):
    (workspace / "plugins" / "broken.py").write_text("1 / 0")

    told = json.loads(minerva("plugins", "--json").stdout)

    plugins = {one["plugin"]: one for one in told["plugins"]}
    assert plugins["plugins/mine.py"]["algorithms"] == ["mine"]
    assert len(plugins["plugins/mine.py"]["digest"]) == 64
    assert plugins["plugins/broken.py"]["state"] == "broken"
    assert plugins["constant"]["distribution"] == "minerva-sidecar"
    assert told["problems"] == ["plugins/broken.py: ZeroDivisionError: division by zero"]


@pytest.mark.parametrize("name", ["plugins/mine.py", "mine.py", "mine"])
def test_one_is_shown_by_any_of_its_names(minerva, workspace, name):
    shown = minerva("plugins", "show", name).stdout

    assert "plugins/mine.py" in shown
    assert "minerva_drift" in shown


def test_one_is_shown_to_machines(minerva, workspace):
    told = json.loads(minerva("plugins", "show", "mine", "--json").stdout)

    assert told["plugin"]["hooks"] == ["minerva_drift"]


def test_one_that_does_not_exist_is_answered_with_where_to_look(minerva, workspace):
    result = minerva("plugins", "show", "other")

    assert result.exit_code != 0
    assert "There is no plugin 'other': `minerva plugins` lists what there is." in result.stderr


def test_what_a_plugin_prints_is_no_part_of_the_answer(minerva, workspace):
    result = minerva("algorithms", "mine", "--json")

    assert json.loads(result.stdout)["algorithms"][0]["plugin"] == "plugins/mine.py"
    assert "hello from the plugin" in result.stderr
