"""`minerva versions key`, on a workspace without a sidecar."""

import json

import pytest

from minerva.errors import Conflict
from minerva.layers.abstraction.trust.signing import Signer


def test_prints_a_key_that_another_workspace_may_trust(minerva, tmp_path):
    minerva("init", tmp_path / "shop")
    printed = minerva("--workspace", tmp_path / "shop", "versions", "key")
    shop = Signer.open(tmp_path / "shop" / ".minerva" / "signing.key")
    (tmp_path / "trusted").mkdir()
    (tmp_path / "trusted" / "shop.pem").write_text(printed.stdout)

    assert printed.exit_code == 0, printed.output
    assert shop.id in printed.stderr
    Signer.open(tmp_path / "own.key", tmp_path / "trusted").check(b"x", shop.sign(b"x"))
    with pytest.raises(Conflict):
        Signer.open(tmp_path / "own.key").check(b"x", shop.sign(b"x"))


def test_tells_machines_its_id_too(minerva):
    minerva("init")

    told = json.loads(minerva("versions", "key", "--json").stdout)

    assert len(told["id"]) == 16
    assert told["public_key"].startswith("-----BEGIN PUBLIC KEY-----")


def test_the_key_is_where_the_settings_say(minerva, tmp_path):
    minerva("init")
    with (tmp_path / "minerva.toml").open("a") as file:
        file.write('\nsigning_key = "secrets/mine.key"\n')

    told = json.loads(minerva("versions", "key", "--json").stdout)

    assert told["id"] == Signer.open(tmp_path / "secrets" / "mine.key").id
    assert not (tmp_path / ".minerva" / "signing.key").exists()


def test_a_key_that_others_may_read_is_refused_with_what_to_do(minerva, tmp_path):
    minerva("init")
    minerva("versions", "key")
    (tmp_path / ".minerva" / "signing.key").chmod(0o644)

    result = minerva("versions", "key")

    assert result.exit_code == 2
    assert "chmod 600" in result.stderr
