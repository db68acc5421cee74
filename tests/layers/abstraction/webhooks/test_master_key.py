"""All secrets follow from one file, which is nobody else's to read."""

import base64
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.webhooks.master_key import CALLBACKS, MasterKey


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path):
    file = tmp_path / "state" / "webhook.key"

    first, second = MasterKey.open(file), MasterKey.open(file)

    assert first == second
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_many_that_make_it_at_once_get_the_same(tmp_path):
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(MasterKey.open, [tmp_path / "webhook.key"] * 8))

    assert len({one.key for one in made}) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["webhook.key"]


def test_each_receiver_of_each_tenant_has_a_secret_of_its_own():
    key = MasterKey(bytes(32))
    receivers = [("acme", "a"), ("acme", "b"), ("other", "a"), ("acme", CALLBACKS), ("acmea", "")]

    secrets = {key.secret(*receiver) for receiver in receivers}

    assert len(secrets) == len(receivers)
    assert {len(secret) for secret in secrets} == {32}
    assert key.secret("acme", "a") == MasterKey(bytes(32)).secret("acme", "a")
    assert key.secret("acme", "a") != MasterKey(bytes([1] * 32)).secret("acme", "a")


def test_a_secret_is_told_in_the_form_that_receivers_need():
    key = MasterKey(bytes(32))

    text = key.secret_text("acme", "a")

    assert text.startswith("whsec_")
    assert base64.b64decode(text.removeprefix("whsec_")) == key.secret("acme", "a")


def test_the_key_is_not_shown():
    assert "AAAA" not in repr(MasterKey(b"A" * 32))


@pytest.mark.parametrize("content", [b"", b"short", b"not base64!", base64.b64encode(bytes(31))])
def test_a_damaged_file_is_refused(tmp_path, content):
    file = tmp_path / "webhook.key"
    file.write_bytes(content)
    file.chmod(0o600)

    with pytest.raises(InvalidConfiguration, match="damaged"):
        MasterKey.open(file)


def test_a_file_that_others_may_read_is_refused(tmp_path):
    file = tmp_path / "webhook.key"
    MasterKey.open(file)
    file.chmod(0o644)

    with pytest.raises(InvalidConfiguration, match=r"webhook key .* chmod 600"):
        MasterKey.open(file)
