"""`minerva keys`, and the first admin key."""

import json
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from minerva.bootstrap import open_control
from minerva.cli.first_key import ensure_first_key
from minerva.errors import InvalidConfiguration, NotAuthenticated
from minerva.layers.core.security.keys import parse
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


@pytest.fixture
def first_key(container):
    """Where the first key is kept, and what sees that it is there and known."""
    path = container.loaded.admin_key
    return path, lambda: ensure_first_key(path, container.stores.keys)


def test_the_first_key_is_an_admins_and_for_its_owner_only(container, first_key):
    path, ensure = first_key

    assert ensure() == "made"

    assert caller(container, path.read_text().strip()).scopes == {"admin"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_first_key_is_made_once(container, first_key):
    _, ensure = first_key

    assert [ensure(), ensure()] == ["made", "known"]
    assert len(container.stores.keys.list("default")) == 1


def test_of_several_that_make_the_first_key_at_once_all_have_the_same(container, first_key):
    path, ensure = first_key
    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(lambda _: ensure(), range(8)))

    (only,) = container.stores.keys.list("default")
    assert only.id in path.read_text()
    assert sum(one in {"made", "registered"} for one in told) == 1


def test_a_first_key_that_was_taken_away_is_not_made_again(first_key):
    path, ensure = first_key
    ensure()
    path.unlink()

    assert ensure() == "absent"
    assert not path.exists()


def test_other_keys_do_not_stand_in_for_the_first(minerva, first_key):
    minerva("keys", "create", "app", "--scope", "predict")

    assert first_key[1]() == "made"


def test_a_key_that_was_put_there_is_registered_and_left_as_it_is(minerva, container, first_key):
    path, ensure = first_key
    path.write_text(minerva("keys", "mint").stdout)
    path.chmod(0o440)

    def as_it_is():
        """All of it, but when it was last read."""
        found = path.stat()
        return found.st_ino, found.st_mode, found.st_mtime_ns, found.st_ctime_ns, path.read_bytes()

    before = as_it_is()

    assert [ensure(), ensure()] == ["registered", "known"]

    assert caller(container, path.read_text().strip()).scopes == {"admin"}
    assert as_it_is() == before


def test_a_minted_key_is_printed_alone_and_nothing_is_made(minerva, tmp_path, monkeypatch):
    monkeypatch.setenv("MINERVA_DATABASE_URL", "postgresql://nobody@nowhere.invalid/none")

    result = minerva("keys", "mint")

    assert parse(result.stdout.strip()) is not None
    assert (result.stdout.count("\n"), result.stderr) == (1, "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "why"), [("rubbish", "is no key"), ("mk_12", "is no key"), ("\n", "is empty")]
)
def test_a_malformed_first_key_is_named_and_left_as_it_is(container, first_key, content, why):
    path, ensure = first_key
    path.write_text(content)

    with pytest.raises(InvalidConfiguration, match=f"{path} {why}"):
        ensure()

    assert path.read_text() == content
    assert container.stores.keys.list("default") == []


def test_a_first_key_with_anothers_id_is_refused(first_key):
    path, ensure = first_key
    ensure()
    path.write_text(path.read_text().strip()[:-64] + "0" * 64)

    with pytest.raises(InvalidConfiguration, match="has the id of another key"):
        ensure()


def test_a_key_that_cannot_be_written_is_not_kept_either(container, first_key):
    path, ensure = first_key
    path.mkdir()

    with pytest.raises(InvalidConfiguration, match=re.escape(str(path))):
        ensure()

    assert container.stores.keys.list("default") == []
