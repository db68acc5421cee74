"""`minerva keys`, and the first admin key."""

import json
import stat
from datetime import datetime

import pytest

from minerva.bootstrap import open_control
from minerva.cli.first_key import ensure_first_key
from minerva.errors import InvalidConfiguration, NotAuthenticated
from minerva.settings import load


@pytest.fixture
def workspace(minerva, tmp_path):
    minerva("init")
    return tmp_path


@pytest.fixture
def container(workspace):
    with open_control(load(workspace, {})) as container:
        yield container


def caller(container, key):
    return container.keyring.authenticate(f"Bearer {key}", None)


def test_prints_a_new_key_alone_on_stdout(minerva, container):
    result = minerva("keys", "create", "app", "--scope", "predict", "--scope", "train")

    principal = caller(container, result.stdout.strip())
    assert principal.scopes == {"predict", "train"}
    assert principal.tenant == "default"
    assert "only time that it is shown" in result.stderr


def test_a_key_may_be_another_tenants(minerva, container):
    told = json.loads(
        minerva("keys", "create", "app", "--scope", "predict", "--tenant", "acme", "--json").stdout
    )

    assert caller(container, told["key"]).tenant == "acme"
    assert minerva("keys").stdout.startswith("There are no keys")
    assert told["id"] in minerva("keys", "list", "--tenant", "acme").stdout


def test_lists_keys_without_their_secrets(minerva, workspace):
    key = minerva("keys", "create", "app", "--scope", "predict").stdout.strip()

    shown = minerva("keys").stdout + minerva("keys", "--json").stdout

    assert "app" in shown
    assert key.rpartition("_")[2] not in shown


@pytest.mark.parametrize("whole", [True, False])
def test_a_revoked_key_lets_nobody_in(minerva, container, whole):
    key = minerva("keys", "create", "app", "--scope", "predict").stdout.strip()

    result = minerva("keys", "revoke", key if whole else key.split("_")[1])

    assert "is revoked" in result.stdout
    with pytest.raises(NotAuthenticated, match="revoked"):
        caller(container, key)


def test_revoking_tells_machines_when(minerva, workspace):
    key_id = json.loads(minerva("keys", "create", "a", "--scope", "admin", "--json").stdout)["id"]

    told = json.loads(minerva("keys", "revoke", key_id, "--json").stdout)

    assert datetime.fromisoformat(told["revoked_at"]).tzinfo is not None


def test_an_unknown_key_cannot_be_revoked(minerva, workspace):
    result = minerva("keys", "revoke", "nope")

    assert result.exit_code == 1
    assert "minerva keys lists them" in result.stderr


@pytest.mark.parametrize("arguments", [(), ("--scope", "everything")])
def test_a_key_needs_a_known_scope(minerva, workspace, arguments):
    assert minerva("keys", "create", "app", *arguments).exit_code == 2


def test_what_is_logged_stays_out_of_the_answer(minerva, workspace, monkeypatch):
    monkeypatch.setenv("MINERVA_LOG_FOLDER", "-")

    result = minerva("keys", "create", "app", "--scope", "predict")

    assert result.stdout.startswith("mk_")
    assert result.stdout.count("\n") == 1


def test_the_first_key_is_an_admins_and_for_its_owner_only(container):
    path, fresh = ensure_first_key(container)

    assert fresh
    assert caller(container, path.read_text().strip()).scopes == {"admin"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_first_key_is_made_once(container):
    ensure_first_key(container)

    assert not ensure_first_key(container)[1]
    assert len(container.stores.keys.list("default")) == 1


def test_a_first_key_that_was_taken_away_is_not_made_again(container):
    path, _ = ensure_first_key(container)
    path.unlink()

    assert not ensure_first_key(container)[1]
    assert not path.exists()


def test_other_keys_do_not_stand_in_for_the_first(minerva, container):
    minerva("keys", "create", "app", "--scope", "predict")

    assert ensure_first_key(container)[1]


@pytest.mark.parametrize("content", ["mk_" + "0" * 12 + "_" + "0" * 64, "rubbish"])
def test_a_key_of_a_database_that_is_gone_is_replaced(container, content):
    path = container.loaded.state / "admin.key"
    path.write_text(content)

    ensure_first_key(container)

    assert caller(container, path.read_text().strip()).scopes == {"admin"}


def test_a_key_that_cannot_be_written_is_not_kept_either(container):
    (container.loaded.state / "admin.key").mkdir()
    (container.loaded.state / "admin.key" / "x").touch()

    with pytest.raises((InvalidConfiguration, IsADirectoryError)):
        ensure_first_key(container)

    assert container.stores.keys.list("default") == []
