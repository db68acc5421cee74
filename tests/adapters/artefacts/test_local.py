"""A local folder that is full, read-only or was left by a killed process."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from minerva.adapters.artefacts import open_artefacts
from minerva.adapters.artefacts.local import LocalArtefacts
from minerva.errors import NotFound, Unavailable
from minerva.testing.adapters import DIGEST, OTHER_DIGEST


@pytest.fixture
def root(tmp_path):
    return tmp_path / "store"


def test_files_lie_under_the_first_two_digits_of_their_digest(root, model):
    store = LocalArtefacts(root)

    store.put(DIGEST, model)

    assert store.fetch(DIGEST) == root / "versions" / "01" / DIGEST
    assert (root / "versions" / "01" / DIGEST / "model.ubj").exists()


def test_nothing_is_created_before_something_is_put(root):
    open_artefacts(str(root), root)

    assert not root.exists()


def test_a_full_disk_is_told_and_leaves_nothing_half_written(root, model):
    """A file size limit ends a write as a full disk does, without needing one."""
    program = """
import resource, signal, sys
from pathlib import Path
from minerva.adapters.artefacts.local import LocalArtefacts
from minerva.errors import Unavailable
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    LocalArtefacts(Path(sys.argv[1])).put(sys.argv[2], Path(sys.argv[3]))
except Unavailable as error:
    sys.stdout.write(error.message)
"""

    command = [sys.executable, "-c", program, str(root), DIGEST, str(model)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)

    assert result.stdout == (
        f"The artefact could not be stored in {root} (File too large): "
        "free space there or make it writable, then try again."
    )
    assert [path for path in root.rglob("*") if path.is_file()] == []
    with pytest.raises(NotFound):
        LocalArtefacts(root).fetch(DIGEST)


def test_a_read_only_folder_is_told(ordinary_user):
    model = ordinary_user / "model"
    model.mkdir()
    (model / "manifest.json").write_text("{}")
    root = ordinary_user / "store"
    store = LocalArtefacts(root)
    store.put(DIGEST, model)
    for folder in (root, root / "unfinished"):
        folder.chmod(0o500)

    for action in (lambda: store.put(OTHER_DIGEST, model), lambda: store.delete(DIGEST)):
        with pytest.raises(Unavailable, match="Permission denied"):
            action()

    assert (store.fetch(DIGEST) / "manifest.json").read_text() == "{}"
    assert list((root / "unfinished").iterdir()) == []
    for folder in (root, root / "unfinished"):
        folder.chmod(0o700)


def test_a_source_that_cannot_be_read_stores_nothing(ordinary_user):
    model = ordinary_user / "model"
    model.mkdir()
    (model / "manifest.json").write_text("{}")
    (model / "secret").write_text("")
    (model / "secret").chmod(0)
    store = LocalArtefacts(ordinary_user / "store")

    with pytest.raises(Unavailable):
        store.put(DIGEST, model)

    with pytest.raises(NotFound):
        store.fetch(DIGEST)


def test_what_a_killed_process_left_is_removed_after_a_day(root, model):
    old, young = root / "unfinished" / "old", root / "unfinished" / "young"
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "model.ubj").write_text("half")
    os.utime(old, (time.time() - 2 * 86400,) * 2)

    LocalArtefacts(root).put(DIGEST, model)

    assert [path.name for path in (root / "unfinished").iterdir()] == ["young"]
