"""The workspace's folders `services/` and `flows/`: one file, one service; flows are services too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minerva.errors import Fault, InvalidConfiguration
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.extending import read_extended
from minerva.layers.abstraction.services.lending import check_lender
from minerva.layers.abstraction.services.parsing import Check, located, parse_read
from minerva.layers.abstraction.services.tenants import TENANTS, Of, declared_for
from minerva.spelling import hint

Signature = tuple[tuple[str, int, int], ...]
FOLDERS = ("services", "flows")
Among = Callable[[ServiceDeclaration, Mapping[str, ServiceDeclaration]], object]
"""Raises InvalidConfiguration for what a service can only be told among the others of its workspace."""


@dataclass(frozen=True)
class Declared:
    """What the folder holds: usable declarations, and what is wrong with the other files."""

    services: tuple[ServiceDeclaration, ...]
    problems: tuple[Fault, ...]
    others: tuple[Of, ...] = ()
    """What is declared for other tenants than the workspace's own."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Service → its file."""


def service_files(workspace: Path) -> list[Path]:
    """Return the service files, by name; those of flows last, for flows are made of services."""
    found: list[Path] = []
    for folder in FOLDERS:
        found += sorted(_files(workspace / folder, "*"))
    return found


def _files(folder: Path, names: str) -> Iterator[Path]:
    for suffix in ("yaml", "yml"):
        yield from folder.glob(f"{names}.{suffix}")


def service_file(workspace: Path, name: str) -> Path:
    """Return the file of a service. Raises InvalidConfiguration that names those there are."""
    files = {file.stem: file for file in service_files(workspace)}
    if name not in files:
        said = hint(name, files, f"there are: {', '.join(files) or 'none'}.")
        raise InvalidConfiguration(f"There is no services/{name}.yaml; {said}")
    return files[name]


def signature(workspace: Path) -> Signature:
    """Return name, modification time and size of each file, bases included: changes when one does."""
    found = []
    paths = [path for folder in FOLDERS for path in sorted(_files(workspace / folder, "**/*"))]
    for path in paths:
        try:
            status = path.stat()
        except FileNotFoundError:  # removed between the listing and here
            continue
        found.append((str(path.relative_to(workspace)), status.st_mtime_ns, status.st_size))
    return tuple(found)


def read_services(workspace: Path, check: Check, among: Among = check_lender) -> Declared:
    """Read every file; one that cannot be used, or repeats a name, becomes a problem."""
    services: dict[str, ServiceDeclaration] = {}
    files: dict[str, Path] = {}
    differing: dict[str, Any] = {}
    problems: list[Fault] = []
    for path in service_files(workspace):
        try:
            file = read_extended(path)
            declaration = parse_read(file, check)
        except InvalidConfiguration as error:
            problems.extend(_told(path, error))
            continue
        if declaration.service in services:
            message = f"service {declaration.service!r} is declared in another file already"
            problems.append(Fault(path.name, message))
        else:
            services[declaration.service] = declaration
            files[declaration.service] = path
            if TENANTS in file.value:
                differing[declaration.service] = file.value
    unlent, others = _shared(services, files, differing, check, among, problems)
    kept = [one for name, one in services.items() if name not in unlent]
    return Declared(tuple(kept), tuple(problems), tuple(others), files)


def _shared(
    services: Mapping[str, ServiceDeclaration],
    files: Mapping[str, Path],
    differing: Mapping[str, Any],
    check: Check,
    among: Among,
    problems: list[Fault],
) -> tuple[set[str], list[Of]]:
    """Return the services that do not fit among the others, and what is declared for other tenants.

    `differing` has the whole of each file that says something of those.
    """
    unlent: set[str] = set()
    others: list[Of] = []

    def whole(declaration: ServiceDeclaration) -> None:
        check(declaration)
        among(declaration, services)

    for name, path in files.items():
        try:
            with _read_again(path):
                among(services[name], services)
                theirs = declared_for(services[name], differing.get(name, {}), whole)
                others.extend([*theirs])  # all or none
        except InvalidConfiguration as error:
            problems.extend(_told(path, error))
            unlent.add(name)
    return unlent, others


@contextmanager
def _read_again(path: Path) -> Iterator[None]:
    """Tell the places in a file of what is wrong; of all files at once they would be much to hold."""
    try:
        yield
    except InvalidConfiguration as error:
        with located(read_extended(path)):
            raise error from None


def _told(path: Path, error: InvalidConfiguration) -> Sequence[Fault]:
    return error.faults or [Fault(path.name, error.message)]


def author_of(path: Path) -> str:
    """Return the user of this machine whose file it is: the nearest there is to who changed it."""
    try:
        return path.owner()
    except KeyError:
        return f"user {path.stat().st_uid}"
    except OSError:  # removed since it was read
        return "workspace"
