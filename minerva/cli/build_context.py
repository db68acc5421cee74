"""What an image is built from: the recipe, the workspace's files, the libraries its services need."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from minerva.cli.session import SETTINGS_FILE
from minerva.errors import Fault, InvalidConfiguration

RECIPE, WORKSPACE = "docker", "workspace"
"""The two folders of a build's context."""
REQUIREMENTS = "requirements.txt"
KEPT_OUT = (
    ".minerva", ".git", ".venv", "venv", "__pycache__", "*.pyc", "*.db", "*.db-*",
    ".env*", "*.key", "*.pem", "*.p12", "id_rsa*", "id_ed25519*",
)  # fmt: skip
"""State, tools, and what may be a secret: an image is copied to many places."""
LIBRARIES = {
    "xgboost": "xgboost",
    "sklearn": "sklearn",
    "lightgbm": "lightgbm",
    "handle: images": "images",
    "collect: frames": "video",
}
"""First part of an algorithm's name, or a step of flows → a list of docker/requirements."""
_HASHED = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Context:
    """A folder to build from, and what was found in the workspace."""

    folder: Path
    libraries: tuple[str, ...]
    """Lists of docker/requirements."""


def prepare(workspace: Path, target: Path, libraries: Iterable[str]) -> Context:
    """Copy the recipe and a workspace below `target`.

    Raises InvalidConfiguration for a folder that is no workspace, files that cannot be read, and a lock
    that does not say which files it means.
    """
    if not (workspace / SETTINGS_FILE).is_file():
        raise InvalidConfiguration(
            f"{workspace} is no workspace: it has no {SETTINGS_FILE}. `minerva init` makes one."
        )
    _refuse_unlocked(workspace / REQUIREMENTS)
    wanted = {*libraries, *_libraries_of(workspace)}
    with as_file(files("minerva.docker")) as recipe:
        shutil.copytree(recipe, target / RECIPE, ignore=shutil.ignore_patterns("__pycache__"))
    known = {file.stem for file in (target / RECIPE / "requirements").glob("*.txt")}
    for name in sorted(wanted - known):
        raise InvalidConfiguration(
            f"There is no list {name!r}; there are: {', '.join(sorted(known))}."
        )
    shutil.copytree(
        workspace, target / WORKSPACE, ignore=shutil.ignore_patterns(*KEPT_OUT), symlinks=True
    )
    return Context(target, tuple(sorted(wanted)))


def _libraries_of(workspace: Path) -> set[str]:
    """Return the lists that the services and flows of a workspace need to answer."""
    from minerva.layers.abstraction.services.extending import read_extended
    from minerva.layers.abstraction.services.folder import service_files

    found = set()
    for path in service_files(workspace):
        declared: Any = read_extended(path).value
        algorithm = str(declared.get("algorithm", "")) if isinstance(declared, dict) else ""
        found.add(LIBRARIES.get(algorithm.partition(".")[0], ""))
        text = path.read_text(encoding="utf-8")
        found |= {name for step, name in LIBRARIES.items() if ":" in step and step in text}
    return found - {""}


def _refuse_unlocked(lock: Path) -> None:
    """Raise InvalidConfiguration unless each line of a requirements.txt names its file by hash."""
    if not lock.is_file():
        return
    logical = lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    faults = [
        Fault(f"{lock.name}:{line.split()[0]}", "has no hash")
        for line in logical
        if line.strip() and not line.lstrip().startswith(("#", "-")) and not _HASHED.search(line)
    ]
    if faults:
        raise InvalidConfiguration(
            f"{lock} is no lock, so that two builds may differ: make it one with "
            "`uv pip compile --generate-hashes requirements.in --output-file requirements.txt`.",
            faults=faults,
        )
