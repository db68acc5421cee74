"""The workspace's folders `services/` and `flows/`: one file, one service; flows are services too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from minerva.errors import Fault, InvalidConfiguration
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.extending import Extended, read_extended
from minerva.layers.abstraction.services.lending import check_lender
from minerva.layers.abstraction.services.parsing import Check, located, parse_read
from minerva.layers.abstraction.services.tenants import Of, declared_for
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
    read: dict[str, Extended] = {}
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
            read[declaration.service] = file
    unlent, others = _shared(services, read, check, among, problems)
    files = {name: file.files[0].path for name, file in read.items()}
    kept = [one for name, one in services.items() if name not in unlent]
    return Declared(tuple(kept), tuple(problems), tuple(others), files)


def _shared(
    services: Mapping[str, ServiceDeclaration],
    read: Mapping[str, Extended],
    check: Check,
    among: Among,
    problems: list[Fault],
) -> tuple[set[str], list[Of]]:
    """Return the services that do not fit among the others, and what is declared for other tenants."""
    unlent: set[str] = set()
    others: list[Of] = []

    def whole(declaration: ServiceDeclaration) -> None:
        check(declaration)
        among(declaration, services)

    for name, file in read.items():
        try:
            with located(file):
                among(services[name], services)
                others.extend([*declared_for(services[name], file.value, whole)])  # all or none
        except InvalidConfiguration as error:
            problems.extend(_told(file.files[0].path, error))
            unlent.add(name)
    return unlent, others


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
