"""The content address of a version: a signed manifest that names every file by its SHA-256."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from minerva.errors import Conflict
from minerva.layers.abstraction.trust.signing import LARGEST_SIGNATURE, Signer

MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
LARGEST_MANIFEST = 8 * 1024 * 1024
"""Bytes; about fifty thousand files."""
_CHUNK = 1024 * 1024


class _Promised(msgspec.Struct, frozen=True):
    """What every manifest holds, whatever else it tells."""

    service: str
    algorithm: str
    parameters: dict[str, Any]
    schema: dict[str, Any]
    files: dict[str, str]
    """Relative name → SHA-256 (hex) of each file but the manifest and its signature."""
    signed_by: str
    """Id of the key; so that what two keys sign has two addresses, each with its own signature."""


def canonical(value: Any) -> bytes:
    """Return the one JSON text of plain values: members sorted, no spaces."""
    return msgspec.json.encode(value, order="sorted")


def digest(value: Any) -> str:
    """Return the SHA-256 (hex) of the canonical JSON."""
    return hashlib.sha256(canonical(value)).hexdigest()


def seal(folder: Path, facts: dict[str, Any], signer: Signer) -> tuple[str, dict[str, Any]]:
    """Write `manifest.json` with `facts` and the folder's files, and its signature beside it.

    Returns the manifest's digest and content. Raises Conflict if the folder holds a link or a device,
    or more files than a manifest may name.
    """
    manifest = {**facts, "files": _files(folder), "signed_by": signer.id}
    text = canonical(manifest)
    if len(text) > LARGEST_MANIFEST:
        raise Conflict(
            "The version has too many files or facts for its manifest: save fewer files."
        )
    (folder / MANIFEST).write_bytes(text)
    (folder / SIGNATURE).write_bytes(signer.sign(text))
    return hashlib.sha256(text).hexdigest(), manifest


def verify(folder: Path, expected: str, signer: Signer) -> dict[str, Any]:
    """Return the manifest of a folder that holds exactly what `expected` promises.

    Raises Conflict if a byte differs, a file is missing or foreign, or no trusted key signed it;
    nothing but the manifest itself is read as anything but bytes.
    """
    text = _read(folder / MANIFEST, LARGEST_MANIFEST)
    if hashlib.sha256(text).hexdigest() != expected:
        raise Conflict(f"The manifest of artefact {expected[:12]} was changed or is missing.")
    _check_signature(folder, text, expected, signer)
    manifest, promised = _parse(text, expected)
    found = _files(folder)
    if found != promised.files:
        odd = sorted(found.items() ^ promised.files.items())
        raise Conflict(f"File {odd[0][0]!r} of artefact {expected[:12]} was changed or is missing.")
    return manifest


def _check_signature(folder: Path, text: bytes, expected: str, signer: Signer) -> None:
    try:
        signer.check(text, _read(folder / SIGNATURE, LARGEST_SIGNATURE))
    except Conflict as error:
        raise Conflict(f"Artefact {expected[:12]} is not served. {error.message}") from error


def _parse(text: bytes, expected: str) -> tuple[dict[str, Any], _Promised]:
    try:
        manifest: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
        return manifest, msgspec.convert(manifest, _Promised)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, msgspec.ValidationError) else "it is no JSON object"
        raise Conflict(
            f"The manifest of artefact {expected[:12]} is signed, but no manifest: {why}."
        ) from error


def _read(path: Path, largest: int) -> bytes:
    """Return up to one byte more than the largest content of a plain file; nothing for anything else."""
    if path.is_symlink() or not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(largest + 1)


def _files(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise Conflict(f"{name!r} in an artefact's folder is a link or a device, not a file.")
        if path.is_file() and name not in {MANIFEST, SIGNATURE}:
            found[name] = _hash(path)
    return found


def _hash(path: Path) -> str:
    running = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            running.update(chunk)
    return running.hexdigest()
