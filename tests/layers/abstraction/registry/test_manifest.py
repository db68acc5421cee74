"""The content address of a version, and who vouches for it."""

import hashlib
import os

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from minerva.errors import Conflict
from minerva.layers.abstraction.registry.manifest import (
    LARGEST_MANIFEST,
    MANIFEST,
    SIGNATURE,
    canonical,
    digest,
    seal,
    verify,
)
from minerva.layers.abstraction.trust.signing import Signer

FACTS = {"service": "value", "algorithm": "linear", "parameters": {}, "schema": {"inputs": []}}


@pytest.fixture
def signer():
    """A workspace's signer."""
    return Signer(Ed25519PrivateKey.generate())


@pytest.fixture
def folder(tmp_path):
    """A folder with two files, one of them below."""
    (tmp_path / "sealed" / "model").mkdir(parents=True)
    (tmp_path / "sealed" / "model" / "weights.bin").write_bytes(b"\x00" * 3_000_000)
    (tmp_path / "sealed" / "goldens.json").write_text("{}")
    return tmp_path / "sealed"


def test_a_sealed_folder_is_what_it_promises(folder, signer):
    sealed, manifest = seal(folder, FACTS, signer)

    assert verify(folder, sealed, signer) == manifest
    assert manifest == {
        **FACTS,
        "files": {
            "goldens.json": hashlib.sha256(b"{}").hexdigest(),
            "model/weights.bin": hashlib.sha256(b"\x00" * 3_000_000).hexdigest(),
        },
        "signed_by": signer.id,
    }
    assert hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest() == sealed


def test_equal_content_has_an_equal_address_and_sealing_again_keeps_it(folder, signer):
    first, _ = seal(folder, {"a": 1, "b": 2}, signer)

    assert seal(folder, {"b": 2, "a": 1}, signer)[0] == first
    assert seal(folder, {"a": 1, "b": 3}, signer)[0] != first


def test_what_two_keys_sign_has_two_addresses(folder, signer):
    """Else the store would keep the first signature, and the second workspace could never serve it."""
    other = Signer(Ed25519PrivateKey.generate())

    assert seal(folder, FACTS, signer)[0] != seal(folder, FACTS, other)[0]


def test_json_has_one_text_whatever_the_order_of_its_members():
    assert canonical({"b": [1, {"d": 1, "c": "ü"}], "a": None}) == (
        '{"a":null,"b":[1,{"c":"ü","d":1}]}'.encode()
    )
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


def change_a_byte(folder):
    (folder / "model" / "weights.bin").write_bytes(b"\x00" * 2_999_999 + b"\x01")


def lose_a_file(folder):
    (folder / "goldens.json").unlink()


def add_a_file(folder):
    (folder / "model" / "evil.py").write_text("")


def swap_two_files(folder):
    (folder / "model" / "weights.bin").rename(folder / "aside")
    (folder / "goldens.json").rename(folder / "model" / "weights.bin")
    (folder / "aside").rename(folder / "goldens.json")


def change_the_manifest(folder):
    text = (folder / MANIFEST).read_bytes()
    (folder / MANIFEST).write_bytes(text.replace(b"value", b"other"))


def lose_the_manifest(folder):
    (folder / MANIFEST).unlink()


def link_the_same_bytes_from_elsewhere(folder):
    outside = folder.parent / "outside.json"
    (folder / "goldens.json").rename(outside)
    (folder / "goldens.json").symlink_to(outside)


def link_a_folder_from_elsewhere(folder):
    outside = folder.parent / "outside"
    (folder / "model").rename(outside)
    (folder / "model").symlink_to(outside, target_is_directory=True)


def add_a_link_to_a_folder(folder):
    (folder / "more").symlink_to("/etc", target_is_directory=True)


def link_the_manifest(folder):
    outside = folder.parent / "outside.json"
    (folder / MANIFEST).rename(outside)
    (folder / MANIFEST).symlink_to(outside)


def add_a_dangling_link(folder):
    (folder / "nowhere").symlink_to(folder / "gone")


def add_a_pipe(folder):
    os.mkfifo(folder / "pipe")


def put_a_manifest_below(folder):
    (folder / "model" / MANIFEST).write_text("{}")


@pytest.mark.parametrize(
    "tamper",
    [
        change_a_byte,
        lose_a_file,
        add_a_file,
        swap_two_files,
        change_the_manifest,
        lose_the_manifest,
        link_the_same_bytes_from_elsewhere,
        link_a_folder_from_elsewhere,
        add_a_link_to_a_folder,
        link_the_manifest,
        add_a_dangling_link,
        add_a_pipe,
        put_a_manifest_below,
    ],
)
def test_a_folder_that_was_tampered_with_is_refused(folder, signer, tamper):
    sealed, _ = seal(folder, FACTS, signer)

    tamper(folder)

    with pytest.raises(Conflict):
        verify(folder, sealed, signer)


def test_the_file_that_is_wrong_is_named(folder, signer):
    sealed, _ = seal(folder, FACTS, signer)
    change_a_byte(folder)

    with pytest.raises(Conflict, match=r"'model/weights\.bin' of artefact") as caught:
        verify(folder, sealed, signer)
    assert sealed[:12] in caught.value.message


def test_a_folder_with_a_link_cannot_be_sealed(folder, signer):
    add_a_link_to_a_folder(folder)

    with pytest.raises(Conflict, match="'more' in an artefact's folder is a link"):
        seal(folder, FACTS, signer)


def test_a_manifest_that_nobody_could_read_again_is_not_written(folder, signer):
    with pytest.raises(Conflict, match="too many files or facts"):
        seal(folder, {**FACTS, "notes": "x" * LARGEST_MANIFEST}, signer)

    assert not (folder / MANIFEST).exists()


def test_a_manifest_that_outgrew_its_bounds_is_refused(folder, signer):
    sealed, _ = seal(folder, FACTS, signer)
    with (folder / MANIFEST).open("r+b") as file:
        file.truncate(10**12)  # sparse: reading it all would need a terabyte

    with pytest.raises(Conflict, match="was changed"):
        verify(folder, sealed, signer)


def lose_it(signature):
    signature.unlink()


def empty_it(signature):
    signature.write_bytes(b"")


def truncate_it(signature):
    signature.write_bytes(signature.read_bytes()[:-20])


def make_it_huge(signature):
    with signature.open("r+b") as file:
        file.truncate(10**12)


def make_it_noise(signature):
    signature.write_bytes(b"\xff\x00{")


def make_it_a_list(signature):
    signature.write_bytes(b"[]")


def nest_it(signature):
    signature.write_bytes(b"[" * 1000)


def forge_the_signature(signature):
    forged = {**msgspec.json.decode(signature.read_bytes()), "signature": "A" * 86 + "=="}
    signature.write_bytes(msgspec.json.encode(forged))


def cut_the_signature(signature):
    forged = {**msgspec.json.decode(signature.read_bytes()), "signature": "AAAA"}
    signature.write_bytes(msgspec.json.encode(forged))


def write_no_base64(signature):
    forged = {**msgspec.json.decode(signature.read_bytes()), "signature": "ü*"}
    signature.write_bytes(msgspec.json.encode(forged))


def sign_another_message(signature):
    key = Signer(Ed25519PrivateKey.generate())
    signature.write_bytes(key.sign((signature.parent / MANIFEST).read_bytes()))


def link_it(signature):
    signature.rename(signature.parent.parent / "outside.sig")
    signature.symlink_to(signature.parent.parent / "outside.sig")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lose_it, "it has no signature"),
        (empty_it, "it has no signature"),
        (link_it, "it has no signature"),
        (truncate_it, "is damaged"),
        (make_it_noise, "is damaged"),
        (make_it_a_list, "is damaged"),
        (nest_it, "is damaged"),
        (make_it_huge, "too large"),
        (forge_the_signature, "did not sign this"),
        (cut_the_signature, "did not sign this"),
        (write_no_base64, "did not sign this"),
        (sign_another_message, "is unknown here"),
    ],
)
def test_an_artefact_that_nobody_trusted_signed_is_refused(folder, signer, damage, said):
    sealed, _ = seal(folder, FACTS, signer)

    damage(folder / SIGNATURE)

    with pytest.raises(Conflict, match=said) as caught:
        verify(folder, sealed, signer)
    assert sealed[:12] in caught.value.message


def test_the_signature_of_another_manifest_is_refused(folder, signer):
    seal(folder, FACTS, signer)
    other = (folder / SIGNATURE).read_bytes()
    sealed, _ = seal(folder, {**FACTS, "service": "other"}, signer)
    (folder / SIGNATURE).write_bytes(other)

    with pytest.raises(Conflict, match="did not sign this"):
        verify(folder, sealed, signer)


def test_a_version_of_a_workspace_that_is_trusted_is_accepted(folder, signer):
    theirs = Signer(Ed25519PrivateKey.generate())
    sealed, manifest = seal(folder, FACTS, theirs)
    ours = Signer(signer.key, {theirs.id: theirs.key.public_key()})

    assert verify(folder, sealed, ours) == manifest


GOOD = {**FACTS, "files": {}, "signed_by": "0" * 16}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        *(canonical({n: v for n, v in GOOD.items() if n != name}) for name in GOOD),
        *(canonical({**GOOD, name: 7}) for name in GOOD),
        canonical({**GOOD, "files": {"model/x": 7}}),
        canonical({**GOOD, "files": ["model/x"]}),
        canonical({**GOOD, "schema": []}),
        canonical({**GOOD, "parameters": None}),
    ],
)
def test_a_manifest_that_lies_under_a_good_signature_is_refused(tmp_path, signer, text):
    (tmp_path / MANIFEST).write_bytes(text)
    (tmp_path / SIGNATURE).write_bytes(signer.sign(text))

    with pytest.raises(Conflict, match="is signed, but no manifest"):
        verify(tmp_path, hashlib.sha256(text).hexdigest(), signer)
