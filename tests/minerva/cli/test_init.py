"""`minerva init`."""

import json
import tomllib

import pytest

from minerva.settings import Settings, load


def test_makes_a_workspace_and_says_what_next(minerva, tmp_path):
    result = minerva("init", "shop")

    assert result.exit_code == 0
    assert {path.name for path in (tmp_path / "shop").iterdir()} == {
        "minerva.toml", "services", "flows", "plugins", ".gitignore",
    }  # fmt: skip
    assert "cd shop" in result.stdout
    assert "minerva new service" in result.stdout


def test_the_settings_file_names_every_setting_at_its_default(minerva, tmp_path):
    minerva("init")
    text = (tmp_path / "minerva.toml").read_text()

    assert tomllib.loads(text) == {}
    taken_in = "\n".join(line.removeprefix("# ") for line in text.splitlines() if " = " in line)
    (tmp_path / "minerva.toml").write_text(taken_in)
    assert load(tmp_path, {}).settings == Settings()
    assert len(tomllib.loads(taken_in)) == len(Settings.__struct_fields__)


def test_keeps_what_is_there(minerva, tmp_path):
    (tmp_path / "minerva.toml").write_text("port = 9090\n")
    (tmp_path / ".gitignore").write_text("*.pyc\n")

    minerva("init")

    assert (tmp_path / "minerva.toml").read_text() == "port = 9090\n"
    assert (tmp_path / ".gitignore").read_text() == "*.pyc\n.minerva/\n"


def test_a_second_time_makes_nothing(minerva):
    minerva("init")

    result = minerva("init")

    assert result.exit_code == 0
    assert "is a workspace already" in result.stdout


def test_tells_machines_what_it_made(minerva, tmp_path):
    told = json.loads(minerva("init", "shop", "--json").stdout)

    assert told["workspace"] == str(tmp_path / "shop")
    assert "shop/minerva.toml" in told["made"]


@pytest.mark.parametrize("blocked", ["shop/services", "shop"])
def test_names_what_is_in_the_way(minerva, tmp_path, blocked):
    path = tmp_path / blocked
    path.parent.mkdir(exist_ok=True)
    path.write_text("a file")

    result = minerva("init", "shop/inner" if blocked == "shop" else "shop")

    assert result.exit_code == 2
    assert "Traceback" not in result.output
