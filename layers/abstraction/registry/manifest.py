"""The content address of a version: a manifest that names every file by its SHA-256."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from minerva.errors import Conflict

MANIFEST = "manifest.json"
_CHUNK = 1024 * 1024


def canonical(value: Any) -> bytes:
    """Return the one JSON text of plain values: members sorted, no spaces."""
    return msgspec.json.encode(value, order="sorted")


def digest(value: Any) -> str:
    """Return the SHA-256 (hex) of the canonical JSON."""
    return hashlib.sha256(canonical(value)).hexdigest()


def seal(folder: Path, facts: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Write `manifest.json` with `facts` and the folder's files; return its digest and content.

    Raises Conflict if the folder holds a link or a device.
    """
    manifest = {**facts, "files": _files(folder)}
    text = canonical(manifest)
    (folder / MANIFEST).write_bytes(text)
    return hashlib.sha256(text).hexdigest(), manifest


def verify(folder: Path, expected: str) -> dict[str, Any]:
    """Return the manifest of a folder that holds exactly what `expected` promises.

    Raises Conflict if a byte differs or a file is missing or foreign; nothing is deserialised before.
    """
    path = folder / MANIFEST
    text = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
    if hashlib.sha256(text).hexdigest() != expected:
        raise Conflict(f"The manifest of artefact {expected[:12]} was changed or is missing.")
    manifest: dict[str, Any] = msgspec.json.decode(text)
    found = _files(folder)
    if found != manifest["files"]:
        odd = sorted(found.items() ^ manifest["files"].items())
        raise Conflict(f"File {odd[0][0]!r} of artefact {expected[:12]} was changed or is missing.")
    return manifest


def _files(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise Conflict(f"{name!r} in an artefact's folder is a link or a device, not a file.")
        if path.is_file() and name != MANIFEST:
            found[name] = _hash(path)
    return found


def _hash(path: Path) -> str:
    running = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            running.update(chunk)
    return running.hexdigest()
