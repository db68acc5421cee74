"""A file appears at once and whole, and what is there stays unless it is to be replaced."""

from __future__ import annotations

import hashlib

import pytest

from minerva.adapters.exporting.output import FileOutput
from minerva.errors import Unavailable
from minerva.testing.threads import at_once


@pytest.fixture(params=["local", "remote"])
def place(request, tmp_path):
    folder = tmp_path if request.param == "local" else f"memory://{tmp_path}"
    return f"{folder}/exports/churn.zip"


@pytest.fixture
def files(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path / "one", tmp_path / "two"


def digest(text):
    return hashlib.sha256(text).hexdigest()


def test_what_is_there_stays(files, place):
    output = FileOutput()

    assert output.digest(place) is None
    assert output.put(files[0], place, overwrite=False)
    assert not output.put(files[1], place, overwrite=False)
    assert output.digest(place) == digest(b"one")


def test_what_is_there_is_replaced_when_that_is_wanted(files, place):
    output = FileOutput()
    output.put(files[0], place, overwrite=True)
    output.put(files[1], place, overwrite=True)

    assert output.digest(place) == digest(b"two")


def test_of_eight_who_put_at_once_one_does(files, tmp_path):
    target = tmp_path / "exports" / "churn.zip"

    put = at_once(8, lambda _: FileOutput().put(files[0], str(target), overwrite=False))

    assert sum(put) == 1
    assert [path.name for path in target.parent.iterdir()] == ["churn.zip"]


def test_a_place_that_cannot_be_written_is_told(files, tmp_path):
    (tmp_path / "exports").write_text("a file")

    with pytest.raises(Unavailable, match="could not be put"):
        FileOutput().put(files[0], str(tmp_path / "exports" / "churn.zip"), overwrite=False)
