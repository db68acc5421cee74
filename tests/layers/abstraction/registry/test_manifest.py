"""The content address of a version."""

import hashlib
import os

import pytest

from minerva.errors import Conflict
from minerva.layers.abstraction.registry.manifest import MANIFEST, canonical, digest, seal, verify


@pytest.fixture
def folder(tmp_path):
    """A folder with two files, one of them below."""
    (tmp_path / "sealed" / "model").mkdir(parents=True)
    (tmp_path / "sealed" / "model" / "weights.bin").write_bytes(b"\x00" * 3_000_000)
    (tmp_path / "sealed" / "goldens.json").write_text("{}")
    return tmp_path / "sealed"


def test_a_sealed_folder_is_what_it_promises(folder):
    sealed, manifest = seal(folder, {"service": "value"})

    assert verify(folder, sealed) == manifest
    assert manifest == {
        "service": "value",
        "files": {
            "goldens.json": hashlib.sha256(b"{}").hexdigest(),
            "model/weights.bin": hashlib.sha256(b"\x00" * 3_000_000).hexdigest(),
        },
    }
    assert hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest() == sealed


def test_equal_content_has_an_equal_address_and_sealing_again_keeps_it(folder):
    first, _ = seal(folder, {"a": 1, "b": 2})

    assert seal(folder, {"b": 2, "a": 1})[0] == first
    assert seal(folder, {"a": 1, "b": 3})[0] != first


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
def test_a_folder_that_was_tampered_with_is_refused(folder, tamper):
    sealed, _ = seal(folder, {"service": "value"})

    tamper(folder)

    with pytest.raises(Conflict):
        verify(folder, sealed)


def test_the_file_that_is_wrong_is_named(folder):
    sealed, _ = seal(folder, {})
    change_a_byte(folder)

    with pytest.raises(Conflict, match=r"'model/weights\.bin' of artefact") as caught:
        verify(folder, sealed)
    assert sealed[:12] in caught.value.message


def test_a_folder_with_a_link_cannot_be_sealed(folder):
    add_a_link_to_a_folder(folder)

    with pytest.raises(Conflict, match="'more' in an artefact's folder is a link"):
        seal(folder, {})
