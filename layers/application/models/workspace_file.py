"""The model file or folder that a service names: always below its workspace."""

from __future__ import annotations

from pathlib import Path

from minerva import InvalidConfiguration
from minerva.errors import Fault


def find(path: str, workspace: Path, *, folder: bool = False) -> Path:
    """Return the regular file at `path`, or a folder too where `folder` allows it.

    Raises InvalidConfiguration if there is none, or if it leads out of the workspace.
    """
    root = workspace.resolve()
    try:
        found = (root / path).resolve()
        if not found.is_relative_to(root):
            raise _refusal(
                "The model file must be in the workspace: copy it there.", "leads out of it"
            )
        found.stat()
        if not found.is_file() and not (folder and found.is_dir()):
            raise _refusal(f"{path!r} is not a model file.", "not a regular file")
    except FileNotFoundError as error:
        message = f"There is no model file {path!r} in the workspace."
        raise _refusal(message, "no such file") from error
    except (
        OSError,
        ValueError,
        RuntimeError,
    ) as error:  # a null byte; before 3.13, a link to itself
        raise unreadable() from error
    return found


def read(file: Path) -> bytes:
    """Return the file's bytes. Raises InvalidConfiguration if it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise unreadable() from error


def unreadable() -> InvalidConfiguration:
    """Return the error for a file that is there and cannot be read."""
    return _refusal(
        "The model file cannot be read: check its name and its permissions.", "cannot be read"
    )


def head(path: Path, size: int = 4096) -> bytes:
    """Return the first bytes of a file; none of a folder or of what cannot be read."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(size)
    except OSError:
        return b""


def _refusal(message: str, fault: str) -> InvalidConfiguration:
    return InvalidConfiguration(message, faults=[Fault("/parameters/path", fault)])
