"""Archives and folders from outside, unpacked to where they belong and nowhere else, or not at all."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
import stat
import tarfile
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, cast

from minerva.errors import Conflict, InvalidData, Unavailable
from minerva.layers.abstraction.trust.room import CHUNK, Room

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, NotImplementedError, RuntimeError, EOFError, ValueError,
    zlib.error, lzma.LZMAError, gzip.BadGzipFile,
)  # fmt: skip
"""What the standard library says of an archive that is truncated, encrypted or of an unknown kind."""
_HEADER_BYTES = 8 * 1024
"""Of a tar archive, for each file: its header, and what extends it."""


def unpack(archive: Path, folder: Path, *, max_bytes: int, max_files: int) -> None:
    """Unpack a zip or tar archive (plain, gzip, bzip2, xz) to `folder`, which must not exist yet.

    Raises InvalidData with the reason for what is no archive, or is truncated, or holds a name that
    leads out, a link, a device, two files of one name, or more than the limits; Conflict if `folder`
    is there; Unavailable if it cannot be written. Then nothing is left.
    """
    if not archive.is_file():
        raise InvalidData(f"{archive.name} is not a file.")
    room = Room(archive.name, max_bytes, max_files, archive.stat().st_size)
    with _appearing(folder) as place:
        try:
            _unpack(archive, place, room)
        except _DAMAGED as error:
            raise _damaged(archive) from error
        except OSError as error:
            if error.errno is None:  # bz2's way to say that its data is damaged
                raise _damaged(archive) from error
            raise
        if not room.holds_a_file:
            raise InvalidData(f"{archive.name} holds no file.")


def copy_tree(source: Path, folder: Path, *, max_bytes: int) -> None:
    """Copy a folder to `folder`, which must not exist yet.

    Raises InvalidData for links (they could lead anywhere), devices and more than the limit, Conflict
    and Unavailable as `unpack`; then nothing is left.
    """
    if source.is_symlink() or not source.is_dir():
        raise InvalidData(f"{source.name} is not a folder.")
    room = Room(source.name, max_bytes)
    with _appearing(folder) as place:
        _copy(source, place, PurePosixPath(), room)
        if not room.holds_a_file:
            raise InvalidData(f"{source.name} holds no file.")


def _damaged(archive: Path) -> InvalidData:
    return InvalidData(
        f"{archive.name} cannot be unpacked: it is truncated, damaged, encrypted or of another kind "
        "than zip and tar."
    )


def _unpack(archive: Path, place: Path, room: Room) -> None:
    with archive.open("rb") as file:
        start = file.read(6)
        file.seek(0)
        if start.startswith(_ZIP):
            _unzip(file, place, room)
        else:
            _untar(_Guarded(_decompressed(file, start), room), place, room)


def _unzip(file: IO[bytes], place: Path, room: Room) -> None:
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
                raise room.refusal(member.orig_filename, "is a link or a device")
            name = room.take(member.orig_filename, is_file=not member.is_dir())
            if member.is_dir():
                (place / name).mkdir(parents=True, exist_ok=True)
                continue
            with archive.open(member) as stream:
                room.write(stream, place / name)


def _untar(file: _Guarded, place: Path, room: Room) -> None:
    with tarfile.open(fileobj=cast("IO[bytes]", file), mode="r:") as archive:
        for member in archive:
            if not (member.isfile() or member.isdir()) or member.issparse():
                raise room.refusal(member.name, "is a link, a device or a sparse file")
            if member.isdir() and member.name in {".", ""}:
                continue  # the folder itself, as `tar -c .` writes it
            name = room.take(member.name, is_file=member.isfile())
            if member.isdir():
                (place / name).mkdir(parents=True, exist_ok=True)
                continue
            with cast("IO[bytes]", archive.extractfile(member)) as stream:
                room.write(stream, place / name)
        file.seek(archive.offset)
        if file.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
            raise tarfile.ReadError("no end of the archive")  # else one that is cut off looks whole


def _decompressed(file: IO[bytes], start: bytes) -> IO[bytes]:
    if start.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=file))
    if start.startswith(b"BZh"):
        return cast("IO[bytes]", bz2.BZ2File(file))
    if start.startswith(b"\xfd7zXZ"):
        return cast("IO[bytes]", lzma.LZMAFile(file))
    return file


class _Guarded:
    """What tarfile reads from: a header that claims gigabytes is not read into memory."""

    def __init__(self, file: IO[bytes], room: Room) -> None:
        self._file = file
        self._left = room.max_bytes + _HEADER_BYTES * (room.max_files + 64)

    def read(self, size: int) -> bytes:
        """Read a little. Raises tarfile.ReadError for much at once, or in all."""
        if not 0 <= size <= CHUNK or self._left < 0:
            raise tarfile.ReadError("headers larger than any")
        found = self._file.read(size)
        self._left -= len(found)
        return found

    def seek(self, position: int) -> int:
        """Go to a place."""
        return self._file.seek(position)

    def tell(self) -> int:
        """Return the place."""
        return self._file.tell()


def _copy(source: Path, place: Path, below: PurePosixPath, room: Room) -> None:
    for entry in sorted(os.scandir(source), key=lambda entry: entry.name):
        name = str(below / entry.name)
        if entry.is_dir(follow_symlinks=False):
            folder = room.take(name, is_file=False)
            (place / folder).mkdir()
            _copy(Path(entry.path), place, folder, room)
        elif entry.is_file(follow_symlinks=False):
            target = place / room.take(name, is_file=True)
            with open(entry.path, "rb", opener=_without_following) as stream:
                room.write(stream, target)
        else:
            raise room.refusal(name, "is a link or a device: save a copy of what it leads to")


def _without_following(file: str, flags: int) -> int:
    """Open what was looked at, not what somebody put in its place meanwhile."""
    return os.open(file, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside `folder` that becomes it at the end, or vanishes on any error."""
    place = folder.parent / f".{folder.name}-{uuid.uuid4().hex}"
    try:
        if folder.exists() or folder.is_symlink():
            raise Conflict(f"{folder} is there already.")
        place.mkdir(parents=True)
        yield place
        place.rename(folder)
    except OSError as error:
        raise Unavailable(
            f"{folder} cannot be written ({error.strerror}): free space there or make it writable."
        ) from error
    finally:
        shutil.rmtree(place, ignore_errors=True)
