"""Folders from outside: what is taken, what is refused, and that nothing is left behind."""

import os

import pytest
from archives import FILES, content, nothing_left

from minerva.errors import Conflict, InvalidData
from minerva.layers.abstraction.trust.unpacking import copy_tree


@pytest.fixture
def folder(inbox):
    """A model's folder from outside."""
    for name, data in FILES.items():
        (inbox / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (inbox / "folder" / name).write_bytes(data)
    return inbox / "folder"


def test_a_folder_is_copied(folder, target):
    copy_tree(folder, target, max_bytes=10**6)

    assert content(target) == FILES
    assert [file.name for file in target.parent.iterdir()] == ["model"]


def link_to_a_file(folder):
    (folder / "below" / "odd").symlink_to("/etc/passwd")


def link_to_a_folder(folder):
    (folder / "below" / "odd").symlink_to("/etc", target_is_directory=True)


def link_inside(folder):
    (folder / "below" / "odd").symlink_to(folder / "model.json")


def pipe(folder):
    os.mkfifo(folder / "below" / "odd")


@pytest.mark.parametrize("add", [link_to_a_file, link_to_a_folder, link_inside, pipe])
def test_links_and_devices_in_a_folder_are_refused(folder, target, add):
    add(folder)

    with pytest.raises(InvalidData, match="'below/odd' in it is a link or a device"):
        copy_tree(folder, target, max_bytes=10**6)
    assert nothing_left(target)


def test_a_folder_larger_than_allowed_is_refused(folder, target):
    with pytest.raises(InvalidData, match="more than 1,000 bytes"):
        copy_tree(folder, target, max_bytes=1000)
    assert nothing_left(target)


def test_what_is_no_folder_is_refused(folder, target, inbox):
    (inbox / "link").symlink_to(folder, target_is_directory=True)
    (inbox / "empty").mkdir()

    for name, said in (
        ("link", "is not a folder"),
        ("gone", "is not a folder"),
        ("empty", "no file"),
    ):
        with pytest.raises(InvalidData, match=said):
            copy_tree(inbox / name, target, max_bytes=1000)
    assert nothing_left(target)


def test_what_is_there_already_is_not_touched(folder, target):
    target.mkdir(parents=True)
    (target / "mine").write_text("mine")

    with pytest.raises(Conflict, match="is there already"):
        copy_tree(folder, target, max_bytes=10**6)

    assert content(target.parent) == {"model/mine": b"mine"}
