"""One file system for local paths and fsspec URLs, with errors in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from minerva.errors import InvalidData, InvalidInput, MinervaError, NotFound, Unavailable

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


def is_local(place: str) -> bool:
    """Tell a path from a URL."""
    return "://" not in place


def filesystem_of(place: str) -> tuple[AbstractFileSystem, str]:
    """Return the file system of a path or URL and the path in it. Raises InvalidInput."""
    import fsspec
    from fsspec.implementations.local import LocalFileSystem

    if is_local(place):
        return LocalFileSystem(), place
    try:
        filesystem, path = fsspec.core.url_to_fs(place)
    except (ImportError, ValueError) as error:
        scheme = place.partition("://")[0]
        raise InvalidInput(
            f"{scheme}:// cannot be opened ({type(error).__name__}): install the package that fsspec "
            "needs for it, or name another place."
        ) from error
    return filesystem, path


def full_name(place: str, path: str) -> str:
    """Return a path of the place's file system as callers name it."""
    return path if is_local(place) else f"{place.partition('://')[0]}://{path.lstrip('/')}"


@contextmanager
def reading(file: str) -> Iterator[None]:
    """Raise NotFound, InvalidData or Unavailable for what cannot be read."""
    try:
        yield
    except MinervaError:
        raise
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {file}.") from error
    except PermissionError as error:
        raise InvalidData(f"{file} must not be read: let Minerva's user read it.") from error
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise Unavailable(f"{file} cannot be read now ({reason}).") from error


@contextmanager
def writing(place: str) -> Iterator[None]:
    """Raise InvalidInput or Unavailable for what cannot be written."""
    try:
        yield
    except MinervaError:
        raise
    except (PermissionError, IsADirectoryError, NotADirectoryError) as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise InvalidInput(f"{place} cannot be written ({reason}).") from error
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise Unavailable(f"{place} cannot be written now ({reason}): free space there.") from error
