"""The workspace's `services/` folder: one file, one service."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from minerva.errors import Fault, InvalidConfiguration
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.parsing import Check, parse_file

Signature = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Declared:
    """What the folder holds: usable declarations, and what is wrong with the other files."""

    services: tuple[ServiceDeclaration, ...]
    problems: tuple[Fault, ...]


def service_files(workspace: Path) -> list[Path]:
    """Return the service files, by name."""
    folder = workspace / "services"
    return sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])


def signature(workspace: Path) -> Signature:
    """Return name, modification time and size of each file: changes when a file does."""
    found = []
    for path in service_files(workspace):
        try:
            status = path.stat()
        except FileNotFoundError:  # removed between the listing and here
            continue
        found.append((path.name, status.st_mtime_ns, status.st_size))
    return tuple(found)


def read_services(workspace: Path, check: Check) -> Declared:
    """Read every file; one that cannot be used, or repeats a name, becomes a problem."""
    services: dict[str, ServiceDeclaration] = {}
    problems: list[Fault] = []
    for path in service_files(workspace):
        try:
            declaration = parse_file(path, check)
        except InvalidConfiguration as error:
            problems.extend(error.faults or [Fault(path.name, error.message)])
            continue
        if declaration.service in services:
            message = f"service {declaration.service!r} is declared in another file already"
            problems.append(Fault(path.name, message))
        else:
            services[declaration.service] = declaration
    return Declared(tuple(services.values()), tuple(problems))
