"""Sockets lie where their paths are short enough and nobody else may enter."""

import tempfile
from pathlib import Path

import pytest

from minerva.errors import Unavailable
from minerva.layers.abstraction.runtimes.places import run_folder
from minerva.layers.abstraction.runtimes.spec import MAX_SOCKET_BYTES


@pytest.fixture
def short():
    """A folder with a short path."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder).resolve()


def test_it_is_below_the_state(short):
    folder = run_folder(short / "state")

    assert folder == short / "state" / "run"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert run_folder(short / "state") == folder


def test_a_long_path_has_a_short_stand_in_of_its_own(short):
    long = short / ("x" * 80)

    folder = run_folder(long / "a", short)

    assert folder.parent == short
    assert len(str(folder / "p-0123456789abcdef" / "s")) <= MAX_SOCKET_BYTES
    assert folder.stat().st_mode & 0o777 == 0o700
    assert run_folder(long / "a", short) == folder
    assert run_folder(long / "b", short) != folder


def test_a_folder_that_others_may_enter_is_refused(short):
    (short / "run").mkdir()
    (short / "run").chmod(0o755)

    with pytest.raises(Unavailable, match="this user alone"):
        run_folder(short)


def test_a_link_in_its_place_is_refused(short):
    long = short / ("x" * 80)
    folder = run_folder(long, short)
    folder.rmdir()
    (short / "other").mkdir(mode=0o700)
    folder.symlink_to(short / "other")

    with pytest.raises(Unavailable, match="this user alone"):
        run_folder(long, short)


def test_a_folder_that_cannot_be_made_is_told(short):
    (short / "file").write_text("")

    with pytest.raises(Unavailable, match="cannot be made"):
        run_folder(short / "file")
