"""A plugin's files in the workspace: which they are, whether they changed, and what they hold."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from minerva.errors import InvalidData

MAX_BYTES = 32 * 1024 * 1024
"""Of one plugin: every version carries a copy of it."""
MAX_FILES = 2000
_NOT_OURS = re.compile(r"\.|__pycache__$|#.*#$|.*(~|\.(tmp|swp|swx|bak|pyc|pyo))$")
"""What editors and Python leave beside the files; hidden files too."""

Signature = tuple[tuple[str, int, int, int, int], ...]
"""Name, size, times of content and of status (ns), and inode of every file."""


@dataclass(frozen=True, eq=False)
class Source:
    """A plugin's files as they were when it was imported, not as they are by now."""

    path: Path
    """The file, or the folder with the `__init__.py`."""
    digest: str
    """SHA-256 (hex) of names and contents."""
    files: Mapping[str, bytes]
    """Name below the parent of `path` → content."""


def candidates(folder: Path) -> list[Path]:
    """Return the plugins in a workspace's `plugins/`, by name. Raises OSError, but not if there is none."""
    try:
        entries = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [path for path in entries if _is_plugin(path)]


def signature(path: Path) -> Signature:
    """Return what changes when a file does; costs one `stat` per file. Raises OSError."""
    found = []
    for name, file in _files(path):
        status = file.stat() if file.exists() else file.lstat()  # a link may lead nowhere
        times = (status.st_mtime_ns, status.st_ctime_ns)
        found.append((name, status.st_size, *times, status.st_ino))
    return tuple(sorted(found))


def read(path: Path) -> Source:
    """Read a plugin. Raises InvalidData for a link that leads out of it or too much, OSError."""
    files: dict[str, bytes] = {}
    left = MAX_BYTES
    for name, file in sorted(_files(path)):
        _refuse_foreign(name, file, path)
        with file.open("rb") as opened:
            content = files[name] = opened.read(left + 1)
        left -= len(content)
        if left < 0 or len(files) > MAX_FILES:
            raise InvalidData(
                f"The plugin holds more than {MAX_BYTES // 1024**2} MiB or {MAX_FILES} files, and "
                "every version carries a copy of it: keep data and models outside of plugins/."
            )
    return Source(path, _digest(files), files)


@cache
def code_digest(module: str) -> str | None:
    """Return the SHA-256 (hex) of an imported module and those beside it; None if it has no file."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return None
    beside = sorted(Path(file).parent.glob("*.py"))
    return _digest({path.name: path.read_bytes() for path in beside})


def _is_plugin(path: Path) -> bool:
    if path.name.startswith("_") or _NOT_OURS.match(path.name):
        return False
    return (path / "__init__.py").is_file() or (path.suffix == ".py" and path.is_file())


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    """Give every file of a plugin, links too, but no device, pipe or socket: reading could last."""
    if not path.is_dir():
        yield path.name, path
        return
    for folder, folders, files in os.walk(path, onerror=_raise):
        here = Path(folder)
        linked = [name for name in folders if (here / name).is_symlink()]
        folders[:] = [name for name in folders if name not in linked and not _NOT_OURS.match(name)]
        for name in (*linked, *files):
            file = here / name
            if not _NOT_OURS.match(name) and (file.is_file() or file.is_symlink()):
                yield file.relative_to(path.parent).as_posix(), file


def _refuse_foreign(name: str, file: Path, plugin: Path) -> None:
    """The plugin itself may be a link, which somebody made on purpose; what is in it may not lead out."""
    inside = file == plugin or (file.is_file() and file.resolve().is_relative_to(plugin.resolve()))
    if not inside:
        raise InvalidData(
            f"{name!r} is a link that leads out of the plugin or to a folder: copy the files instead."
        )


def _digest(files: Mapping[str, bytes]) -> str:
    running = hashlib.sha256()
    for name, content in files.items():
        running.update(f"{len(name.encode())} {len(content)} {name}".encode())
        running.update(content)
    return running.hexdigest()


def _raise(error: OSError) -> None:
    raise error
