"""Where an artefact lies, and which names are safe inside one."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from minerva.errors import InvalidData

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


def address(digest: str) -> PurePosixPath:
    """Return `versions/ab/abcd…`. Raises InvalidData for what is not a SHA-256 in lower-case hex."""
    if not _DIGEST.fullmatch(digest):
        raise InvalidData("An artefact's digest must be 64 lower-case hexadecimal digits.")
    return PurePosixPath("versions", digest[:2], digest)


def files_below(folder: Path) -> dict[str, Path]:
    """Return relative POSIX name → file, in order of name.

    Raises InvalidData for links and devices: a link could lead out of the folder.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise InvalidData(
                f"{path.name} in the version's folder is not a plain file: save a copy of what it leads to."
            )
        if path.is_file():
            found[path.relative_to(folder).as_posix()] = path
    return found


def check_name(name: object) -> PurePosixPath:
    """Return a relative file name as a path. Raises InvalidData if it leads out of its folder."""
    path = PurePosixPath(name if isinstance(name, str) else "")
    if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in str(path):
        raise InvalidData(
            "An artefact lists a file name that leads out of its folder; it is not read."
        )
    return path
