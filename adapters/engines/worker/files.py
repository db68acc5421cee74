"""Files as a worker sees them: a file, a folder or a pattern, on its disk or at an fsspec URL."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO, Any

from minerva.errors import InvalidConfiguration, InvalidData, MinervaError, Unavailable

BUFFER_BYTES = 1024 * 1024


def list_files(url: str, suffixes: tuple[str, ...]) -> list[str]:
    """Return the files that a URL stands for: itself, or those in it with a suffix, by name."""
    with reading(url):
        fs, path = _filesystem(url)
        if fs.isdir(path):
            found = sorted(one["name"] for one in fs.ls(path, detail=True) if one["type"] == "file")
            files = [name for name in found if _is_data(name, suffixes)]
            if not files:
                raise InvalidData(f"Data folder {url} has no {' or '.join(suffixes)} files.")
        else:
            files = sorted(fs.glob(path)) if any(mark in path for mark in "*?[") else [path]
        if not files or not fs.exists(files[0]):
            raise FileNotFoundError(url)
        local = "file" in fs.protocol
        return files if local else [fs.unstrip_protocol(name) for name in files]


@contextmanager
def opened(url: str) -> Iterator[IO[bytes]]:
    """Open a file for reading at any place in it."""
    fs, path = _filesystem(url)
    local = "file" in fs.protocol
    with open(path, "rb", BUFFER_BYTES) if local else fs.open(path, "rb") as file:  # noqa: PTH123 - fsspec's own path
        yield file


@contextmanager
def reading(url: str) -> Iterator[None]:
    """Translate what goes wrong with a file."""
    try:
        yield
    except MinervaError:
        raise
    except FileNotFoundError as error:
        raise InvalidData(
            f"There is no data file {url} on worker host {socket.gethostname()}: name one in `path` "
            "under `data` that all workers see."
        ) from error
    except PermissionError as error:
        raise InvalidData(f"Data file {url} may not be read by the workers.") from error
    except OSError as error:
        raise Unavailable(
            f"Data file {url} cannot be read now ({error.strerror or type(error).__name__})."
        ) from error


def short(url: str) -> str:
    """Return a file's own name."""
    return PurePosixPath(url).name


def _filesystem(url: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    try:
        fs, path = url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise InvalidConfiguration(
            f"The workers cannot open {url.partition('://')[0]}:// addresses: install the fsspec "
            "package for it there."
        ) from error
    return fs, str(path)


def _is_data(name: str, suffixes: tuple[str, ...]) -> bool:
    """Tell data from what tools leave beside it, such as _SUCCESS and .crc."""
    return name.lower().endswith(suffixes) and short(name)[0] not in "._"
