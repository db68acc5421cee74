"""Files that hold a key: made once whoever races, never readable by others, refused with the reason."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path

from minerva.errors import InvalidConfiguration, Unavailable

FULL = {errno.ENOSPC, errno.EDQUOT}
"""A volume or a share of it is full: it may have room again, so that another try is worth it."""

_LARGEST = 16 * 1024
"""A key file has some hundred bytes; more is something else."""
_OTHERS = 0o077
_OTHERS_OF_A_MOUNT = 0o037
"""A secret that somebody else mounts for us is readable through our group; ours needs no group."""


def read_key_file(file: Path, what: str, *, secret: bool) -> bytes:
    """Read a small plain file; what is checked is the very one that was opened.

    `what` names the key in messages. Raises InvalidConfiguration.
    """
    try:
        with open(file, "rb", opener=_without_waiting) as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise InvalidConfiguration(f"The {what} {file} is not a file.")
            if secret:
                _refuse_readable_by_others(os.fstat(opened.fileno()), file, what)
            text = opened.read(_LARGEST + 1)
    except OSError as error:
        raise InvalidConfiguration(
            f"The {what} {file} cannot be read: {error.strerror}."
        ) from error
    if len(text) > _LARGEST:
        raise InvalidConfiguration(f"The {what} {file} is too large for a key.")
    return text


def make_key_file(file: Path, content: bytes, what: str, setting: str) -> None:
    """Write a new key beside its place and link it there: the first one stays, nobody sees half.

    Raises InvalidConfiguration, or Unavailable where there is no room.
    """
    beside = file.parent / f".{file.name}.{secrets.token_hex(8)}"
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(content)
                opened.flush()
                os.fsync(opened.fileno())
            with contextlib.suppress(FileExistsError):  # another process was faster: its key it is
                os.link(beside, file)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        if error.errno in FULL:
            raise Unavailable(f"The {what} {file} cannot be made: {error.strerror}.") from error
        raise InvalidConfiguration(
            f"The {what} {file} cannot be made ({error.strerror}): "
            f"make its folder writable, or name another file in {setting}."
        ) from error


def _without_waiting(file: str, flags: int) -> int:
    """Open as always, but do not wait for the other end of a pipe."""
    return os.open(file, flags | os.O_NONBLOCK)


def _refuse_readable_by_others(status: os.stat_result, file: Path, what: str) -> None:
    forbidden = _OTHERS if status.st_uid == os.geteuid() else _OTHERS_OF_A_MOUNT
    if status.st_mode & forbidden:
        raise InvalidConfiguration(
            f"The {what} {file} can be used by others on this machine: chmod 600 {file}"
        )
