"""Which sidecar is asked, and with which key."""

import pytest

from minerva.cli.session import Session, own_url
from minerva.errors import InvalidConfiguration
from minerva.settings import load


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({}, "http://127.0.0.1:8080"),
        ({"MINERVA_HOST": "0.0.0.0", "MINERVA_PORT": "90"}, "http://127.0.0.1:90"),
        ({"MINERVA_HOST": "::"}, "http://[::1]:8080"),
        ({"MINERVA_HOST": "sidecar.internal"}, "http://sidecar.internal:8080"),
        ({"MINERVA_SOCKET": "/run/m.sock"}, "http://127.0.0.1:8080"),
        ({"MINERVA_SOCKET": "/run/m.sock", "MINERVA_PORT": "0"}, "http+unix://%2Frun%2Fm.sock"),
    ],
)
def test_finds_the_workspaces_own_sidecar(tmp_path, environment, url):
    assert own_url(load(tmp_path, environment)) == url


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / ".minerva").mkdir()
    (tmp_path / ".minerva" / "admin.key").write_text("mk_own_key\n")
    return tmp_path


def sent_key(session):
    """The key that the client would send."""
    return session.client()._line.headers.get("Authorization", "").removeprefix("Bearer ")


def test_shows_the_workspaces_key_to_its_own_sidecar(workspace):
    assert sent_key(Session(workspace)) == "mk_own_key"


def test_never_sends_the_workspaces_key_elsewhere(workspace):
    assert sent_key(Session(workspace, url_option="http://elsewhere:8080")) == ""


def test_takes_the_key_from_the_environment(workspace, monkeypatch):
    monkeypatch.setenv("MINERVA_API_KEY", "mk_from_environment")

    assert sent_key(Session(workspace)) == "mk_from_environment"


def test_a_key_file_that_was_named_wins(workspace, monkeypatch, tmp_path):
    monkeypatch.setenv("MINERVA_API_KEY", "mk_from_environment")
    (tmp_path / "other.key").write_text("mk_other\n")

    assert sent_key(Session(workspace, key_file_option=tmp_path / "other.key")) == "mk_other"


@pytest.mark.parametrize("content", [b"", b"two words", "ключ".encode(), b"a\nb"])
def test_refuses_a_file_that_holds_no_key(workspace, content):
    (workspace / "bad.key").write_bytes(content)

    with pytest.raises(InvalidConfiguration, match=r"bad\.key"):
        Session(workspace, key_file_option=workspace / "bad.key").client()
