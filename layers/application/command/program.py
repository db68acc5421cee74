"""Which program runs, and the copy of it that a version carries."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from minerva import InvalidConfiguration
from minerva.errors import Fault
from minerva.layers.application.command.parameters import CommandParameters
from minerva.runner import Program

MAX_FILES = 10_000
MAX_BYTES = 512 * 1024 * 1024
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".git", ".minerva")


def carry(parameters: CommandParameters, workspace: Path, folder: Path) -> None:
    """Copy the version's own files into the empty `folder`, at the same relative paths.

    Raises InvalidConfiguration for a file that is not there, not in the workspace, or too much.
    """
    names = _named(parameters.command, workspace) if parameters.files is None else parameters.files
    sources = {name: _inside(workspace, name) for name in names}
    _check_size(sources.values())
    for name, source in sources.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            if source.is_dir():
                shutil.copytree(source, target, ignore=LEFT_OUT, dirs_exist_ok=True)
            else:
                shutil.copy(source, target)
        except (OSError, shutil.Error) as error:
            raise _refusal(name, "cannot be copied: look at its permissions and links") from error


def program_of(
    parameters: CommandParameters, workspace: Path, carried: Path, scratch: Path
) -> Program:
    """Return what to start: in the version's own files if it carries any, else in the workspace.

    A relative path is looked for there, then in the workspace; a bare name on the PATH. An artefact
    store may lose the right to execute, so such a program runs as a copy in `scratch`.
    """
    folder = carried if carried.is_dir() else workspace
    first, *rest = parameters.command
    return Program(
        command=[_program(first, parameters, (folder, workspace), scratch), *rest],
        folder=folder,
        environment={"PYTHONDONTWRITEBYTECODE": "1", **parameters.environment},
        shown=parameters.command,
    )


def _program(
    name: str, parameters: CommandParameters, folders: Sequence[Path], scratch: Path
) -> str:
    path = parameters.environment.get("PATH", os.environ.get("PATH", os.defpath))
    if "/" not in name:
        found = shutil.which(name, path=path)
        if found is None:
            raise InvalidConfiguration(
                f"There is no program {name!r} on the PATH: install it, or write ./{name} "
                "for one in the workspace.",
                faults=[Fault("/parameters/command/0", "no such program")],
            )
        return found
    places = [Path(name)] if name.startswith("/") else [folder / name for folder in folders]
    for place in places:
        if place.is_file():
            return str(place if os.access(place, os.X_OK) else _executable(place, scratch))
    raise InvalidConfiguration(
        f"There is no program {name!r} in the workspace.",
        faults=[Fault("/parameters/command/0", "no such program")],
    )


def _executable(program: Path, scratch: Path) -> Path:
    copy = scratch / program.name
    shutil.copyfile(program, copy)
    copy.chmod(0o700)
    return copy


def _named(command: Sequence[str], workspace: Path) -> Iterator[str]:
    """Return the words that name a file of the workspace; a link's target may be anywhere."""
    for word in dict.fromkeys(command):
        relative = not word.startswith(("/", "-")) and ".." not in PurePosixPath(word).parts
        try:
            file = workspace / word
            if relative and file.is_file() and not file.is_symlink():
                yield word
        except OSError:  # too long for a name: not a file
            continue


def _inside(workspace: Path, name: str) -> Path:
    root = workspace.resolve()
    if name.startswith("/") or ".." in PurePosixPath(name).parts:
        raise _refusal(name, "must be below the workspace")
    try:
        source = (root / name).resolve()
        if not source.is_relative_to(root) or any(_leading_out(root, source)):
            raise _refusal(name, "leads out of the workspace")
        if not source.is_file() and not source.is_dir():
            raise _refusal(name, "is no file or folder of the workspace")
    except (OSError, RuntimeError) as error:  # before 3.13, the latter of a link to itself
        raise _refusal(name, "cannot be read") from error
    return source


def _leading_out(root: Path, folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            yield path


def _check_size(sources: Iterable[Path]) -> None:
    found = (path for source in sources for path in (source, *source.rglob("*")))
    sizes = [path.stat().st_size for path in found if path.is_file()]
    if len(sizes) > MAX_FILES or sum(sizes) > MAX_BYTES:
        raise InvalidConfiguration(
            f"The runner's files are more than {MAX_FILES} or larger than "
            f"{MAX_BYTES // 2**20} MiB: name fewer in `files`.",
            faults=[Fault("/parameters/files", "too much to carry in every version")],
        )


def _refusal(name: str, why: str) -> InvalidConfiguration:
    return InvalidConfiguration(
        f"The runner's file {name!r} {why}.", faults=[Fault("/parameters/files", why)]
    )
