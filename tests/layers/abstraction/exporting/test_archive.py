"""The same files make the same bytes."""

from __future__ import annotations

import os
import tarfile
import zipfile

import pytest

from minerva.layers.abstraction.exporting.archive import write_archive


@pytest.fixture
def content(tmp_path):
    """Files of another day and owner's rights."""

    def made(name, time, mode):
        path = tmp_path / name
        path.write_bytes(bytes(range(256)) * 1000)
        os.utime(path, (time, time))
        path.chmod(mode)
        return {"top/model.bin": path, "top/README.txt": b"What this is."}

    return made


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz", ".tgz"])
def test_when_and_by_whom_it_is_packed_makes_no_difference(content, tmp_path, suffix):
    one, other = tmp_path / f"one{suffix}", tmp_path / f"other{suffix}"

    write_archive(one, content("a", 0, 0o600))
    write_archive(other, dict(reversed(content("b", 2_000_000_000, 0o755).items())))

    assert one.read_bytes() == other.read_bytes()


def test_other_programs_read_a_zip(content, tmp_path):
    write_archive(tmp_path / "x.zip", content("a", 0, 0o600))

    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["top/README.txt", "top/model.bin"]
        assert archive.read("top/model.bin") == bytes(range(256)) * 1000


def test_other_programs_read_a_tar(content, tmp_path):
    write_archive(tmp_path / "x.tar.gz", content("a", 0, 0o600))

    with tarfile.open(tmp_path / "x.tar.gz") as archive:
        assert archive.getnames() == ["top/README.txt", "top/model.bin"]
        assert archive.extractfile("top/README.txt").read() == b"What this is."
