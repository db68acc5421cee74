"""The workspace's key: made once, kept from others, and what it vouches for."""

import os
import stat
import subprocess
import sys

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from minerva.errors import Conflict, InvalidConfiguration
from minerva.layers.abstraction.trust.signing import Signer

PEM = (Encoding.PEM, PrivateFormat.PKCS8)


@pytest.fixture
def key_file(tmp_path):
    """Where a workspace's key will be, in a folder that is not there yet."""
    return tmp_path / "state" / "signing.key"


def write(file, text, mode=0o600):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text)
    file.chmod(mode)
    return file


def test_a_key_is_made_where_there_is_none_and_only_its_owner_may_read_it(key_file):
    signer = Signer.open(key_file)

    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(key_file.parent.stat().st_mode) == 0o700
    assert key_file.read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert Signer.open(key_file).id == signer.id
    assert [file.name for file in key_file.parent.iterdir()] == ["signing.key"]


def test_what_the_key_signed_is_accepted_after_a_restart(key_file):
    signature = Signer.open(key_file).sign(b"message")

    Signer.open(key_file).check(b"message", signature)

    assert set(msgspec.json.decode(signature)) == {"key", "signature"}


def test_a_signature_fits_one_message_only(key_file):
    signer = Signer.open(key_file)

    with pytest.raises(Conflict, match=f"key {signer.id} did not sign this"):
        signer.check(b"messagf", signer.sign(b"message"))


def test_a_key_that_nobody_trusts_is_named(key_file, tmp_path):
    stranger = Signer.open(tmp_path / "other.key")

    with pytest.raises(Conflict, match=f"key {stranger.id} is unknown here"):
        Signer.open(key_file).check(b"message", stranger.sign(b"message"))


def test_a_key_whose_public_part_is_trusted_is_accepted(key_file, tmp_path):
    stranger = Signer.open(tmp_path / "other.key")
    write(tmp_path / "trusted" / "other.pem", stranger.public_key().encode(), 0o644)
    write(tmp_path / "trusted" / "notes.txt", b"not a key")

    signer = Signer.open(key_file, tmp_path / "trusted")

    signer.check(b"message", stranger.sign(b"message"))
    assert signer.id != stranger.id


def test_a_stranger_cannot_sign_in_the_name_of_a_trusted_key(key_file, tmp_path):
    signer, stranger = Signer.open(key_file), Signer.open(tmp_path / "other.key")
    forged = {**msgspec.json.decode(stranger.sign(b"message")), "key": signer.id}

    with pytest.raises(Conflict, match="did not sign this"):
        signer.check(b"message", msgspec.json.encode(forged))


def test_nothing_of_the_key_is_shown(key_file):
    signer = Signer.open(key_file)

    assert "Private" not in repr(signer)


MAKE = """
import sys
from pathlib import Path
from minerva.layers.abstraction.trust.signing import Signer
print("ready", flush=True)
sys.stdin.readline()
print(Signer.open(Path(sys.argv[1])).id)
"""


def test_processes_that_make_it_at_once_agree_on_one_key(key_file):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MAKE, str(key_file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(5)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()

    ids = {process.communicate(timeout=60)[0].strip() for process in processes}

    assert ids == {Signer.open(key_file).id}
    assert [file.name for file in key_file.parent.iterdir()] == ["signing.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_key_that_others_may_use_is_refused_with_what_to_do(key_file, mode):
    Signer.open(key_file)
    key_file.chmod(mode)

    with pytest.raises(InvalidConfiguration, match=f"chmod 600 {key_file}"):
        Signer.open(key_file)


def private(key, *, password=None):
    cipher = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(*PEM, cipher)


ED25519 = Ed25519PrivateKey.generate()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "is damaged"),
        (b"no key", "is damaged"),
        (private(ED25519)[:60], "is damaged"),
        (b"\x00" * 1_000_000, "too large"),
        (private(generate_private_key(SECP256R1())), "another kind than Ed25519"),
        (private(ED25519, password=b"secret"), "protected by a password"),
    ],
    ids=["empty", "text", "cut off", "large", "another kind", "password"],
)
def test_a_key_file_that_cannot_be_used_is_refused(key_file, text, said):
    write(key_file, text)

    with pytest.raises(InvalidConfiguration, match=said) as caught:
        Signer.open(key_file)
    assert str(key_file) in caught.value.message


def test_a_damaged_key_is_never_replaced(key_file):
    write(key_file, b"damaged")

    with pytest.raises(InvalidConfiguration):
        Signer.open(key_file)

    assert key_file.read_bytes() == b"damaged"


def test_a_folder_or_a_pipe_is_no_key(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)

    for name, said in (("", "Is a directory"), ("pipe", "is not a file")):
        with pytest.raises(InvalidConfiguration, match=said):
            Signer.open(tmp_path / name)


def test_a_key_that_cannot_be_made_says_where(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(InvalidConfiguration, match=r"cannot be made .*signing_key"):
        Signer.open(tmp_path / "file" / "signing.key")


def test_a_key_behind_a_link_is_read_as_secrets_are_mounted(key_file, tmp_path):
    real = Signer.open(key_file)
    (tmp_path / "link").symlink_to(key_file)

    assert Signer.open(tmp_path / "link").id == real.id


def public(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (private(ED25519), "is a private key"),
        (public(generate_private_key(SECP256R1())), "another kind than Ed25519"),
        (b"no key", "no public key in PEM"),
        (b"\x00" * 1_000_000, "too large"),
    ],
)
def test_a_trusted_key_that_cannot_be_used_is_refused(key_file, tmp_path, text, said):
    file = write(tmp_path / "trusted" / "wrong.pem", text)

    with pytest.raises(InvalidConfiguration, match=said) as caught:
        Signer.open(key_file, tmp_path / "trusted")
    assert str(file) in caught.value.message


def test_a_folder_of_trusted_keys_that_is_not_there_is_named(key_file, tmp_path):
    with pytest.raises(InvalidConfiguration, match="trusted_keys empty"):
        Signer.open(key_file, tmp_path / "nowhere")
