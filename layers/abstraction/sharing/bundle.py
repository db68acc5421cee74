"""A bundle: services of one workspace in a single file, to be taken into another one.

A zip or tar archive of `bundle.json`, which names every other file by its SHA-256, the service files with
all that they extend below `services/` and `flows/`, and below `versions/DIGEST/` each version as it is
stored. Versions carry signatures of their own. Plugins, data and secrets stay where they are; the bundle
names the plugins.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from minerva.errors import InvalidData
from minerva.layers.abstraction.services.folder import FOLDERS

BUNDLE = "bundle.json"
VERSIONS = "versions"
FORMAT = 1
LARGEST = 8 * 1024 * 1024
"""Bytes of `bundle.json`."""


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of `bundle.json`."""


class Needed(Strict, frozen=True):
    """An algorithm that a plugin of the giving workspace brings."""

    algorithm: str
    plugin: str
    digest: str = ""
    """SHA-256 (hex) of the plugin's source; empty for an installed one."""


class Given(Strict, frozen=True):
    """A version that comes along."""

    service: str
    digest: str
    metrics: dict[str, float]
    champion: bool


class Bundle(Strict, frozen=True):
    """What `bundle.json` says."""

    format: int
    services: tuple[str, ...]
    files: dict[str, str]
    """Name in the archive → SHA-256 (hex)."""
    plugins: tuple[Needed, ...] = ()
    versions: tuple[Given, ...] = ()


def sha256(content: bytes | Path) -> str:
    """Return the SHA-256 (hex) of some bytes, or of a file."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_bundle(folder: Path) -> Bundle:
    """Read an unpacked bundle that holds exactly what it says. Raises InvalidData."""
    file = folder / BUNDLE
    if not file.is_file() or file.stat().st_size > LARGEST:
        raise InvalidData(f"It is no bundle of services: it has no {BUNDLE} at its top.")
    try:
        bundle = msgspec.json.decode(file.read_bytes(), type=Bundle)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise InvalidData(f"Its {BUNDLE} cannot be read: it is damaged, or no bundle's.") from error
    if bundle.format != FORMAT:
        raise InvalidData(
            f"It is a bundle of format {bundle.format}, and this Minerva reads format {FORMAT}."
        )
    _compare(bundle.files, _files(folder))
    return bundle


def _files(folder: Path) -> dict[str, str]:
    names = (path for path in folder.rglob("*") if path.is_file() and path != folder / BUNDLE)
    return {path.relative_to(folder).as_posix(): sha256(path) for path in names}


def _compare(promised: Mapping[str, str], found: Mapping[str, str]) -> None:
    odd = sorted(name for name, _ in promised.items() ^ found.items())
    if odd:
        raise InvalidData(
            f"File {odd[0]!r} in it was changed, is missing or does not belong to it."
        )
    stray = [name for name in found if not _belongs(name)]
    if stray:
        raise InvalidData(f"File {stray[0]!r} in it is neither a service's nor a version's.")


def _belongs(name: str) -> bool:
    top = name.partition("/")[0]
    return top == VERSIONS or (top in FOLDERS and name.endswith((".yaml", ".yml")))
