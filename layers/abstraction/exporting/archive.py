"""An archive of a folder: the same files make the same bytes, whoever packs them, and when."""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

CHUNK = 1024 * 1024
LEVEL = 6
MODE = 0o644
FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""The first moment that zip knows."""
SUFFIXES = (".zip", ".tar.gz", ".tgz")

Content = Mapping[str, Path | bytes]
"""Name in the archive → a file, or what stands there."""


def write_archive(target: Path, content: Content) -> None:
    """Pack files in order of their names; `target` ends in one of SUFFIXES."""
    if target.name.endswith(".zip"):
        _write_zip(target, content)
    else:
        _write_tar(target, content)


def _write_zip(target: Path, content: Content) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        for name, one in sorted(content.items()):
            entry = zipfile.ZipInfo(name, FIRST_DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, on every system
            entry.external_attr = MODE << 16
            if isinstance(one, bytes):
                archive.writestr(entry, one, compresslevel=LEVEL)
                continue
            entry.file_size = one.stat().st_size
            with one.open("rb") as source, archive.open(entry, "w") as sink:
                shutil.copyfileobj(source, sink, CHUNK)


def _write_tar(target: Path, content: Content) -> None:
    with (
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, one in sorted(content.items()):
            entry = tarfile.TarInfo(name)
            entry.mode = MODE
            if isinstance(one, bytes):
                entry.size = len(one)
                archive.addfile(entry, BytesIO(one))
                continue
            entry.size = one.stat().st_size
            with one.open("rb") as source:
                archive.addfile(entry, source)
