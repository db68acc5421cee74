"""`minerva settings`."""

import json

import pytest


@pytest.fixture
def shown(minerva):
    def read(**_):
        told = json.loads(minerva("settings", "--json").stdout)
        return {one["name"]: (one["value"], one["origin"]) for one in told["settings"]}

    return read


def test_tells_each_value_and_its_origin(shown, monkeypatch, tmp_path):
    (tmp_path / "minerva.toml").write_text('port = 9090\nlog_level = "debug"\n')
    monkeypatch.setenv("MINERVA_LOG_LEVEL", "error")

    settings = shown()

    assert settings["port"] == (9090, "minerva.toml")
    assert settings["log_level"] == ("error", "MINERVA_LOG_LEVEL")
    assert settings["host"] == ("127.0.0.1", "default")


def test_masks_passwords(minerva, monkeypatch):
    monkeypatch.setenv("MINERVA_DATABASE_URL", "postgresql://me:geheim@db/minerva")

    both = minerva("settings").stdout + minerva("settings", "--json").stdout

    assert "postgresql://me:***@db/minerva" in both
    assert "geheim" not in both


def test_explains_what_each_setting_is(minerva):
    shown = minerva("settings").stdout

    assert "TCP port that the sidecar listens on" in shown
    assert "(in the workspace)" in shown


def test_has_no_colour_in_a_pipe(minerva, monkeypatch):
    monkeypatch.setenv("MINERVA_PORT", "9090")

    assert "\x1b" not in minerva("settings").stdout
