"""Ed25519 keys in files: made once whoever races, never readable by others, refused with the reason."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from minerva.errors import InvalidConfiguration

_LARGEST = 16 * 1024
"""A key file has some hundred bytes; more is something else."""
_OTHERS = 0o077
_OTHERS_OF_A_MOUNT = 0o037
"""A secret that somebody else mounts for us is readable through our group; ours needs no group."""


def key_id(key: Ed25519PublicKey) -> str:
    """Return the first 16 hex digits of the SHA-256 of a public key."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def public_text(key: Ed25519PublicKey) -> str:
    """Return a public key as PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def private_key(file: Path) -> Ed25519PrivateKey:
    """Return the key of a file, which is made if there is none. Raises InvalidConfiguration.

    Of many processes that make it at once, all return the one that was first.
    """
    if not file.exists():
        _make(file)
    key = _parsed_private(_read(file, "signing key", secret=True), file)
    if not isinstance(key, Ed25519PrivateKey):
        raise InvalidConfiguration(f"The signing key {file} is of another kind than Ed25519.")
    return key


def public_keys(folder: Path) -> dict[str, Ed25519PublicKey]:
    """Return id → key of each `*.pem` in a folder. Raises InvalidConfiguration naming a wrong file."""
    if not folder.is_dir():
        raise InvalidConfiguration(
            f"The folder of trusted keys {folder} does not exist: make it, or leave trusted_keys empty."
        )
    keys = [_public(file) for file in sorted(folder.glob("*.pem"))]
    return {key_id(key): key for key in keys}


def _public(file: Path) -> Ed25519PublicKey:
    text = _read(file, "trusted key", secret=False)
    if b"PRIVATE KEY" in text:
        raise InvalidConfiguration(
            f"The trusted key {file} is a private key: take it away and put its public key there."
        )
    try:
        key = load_pem_public_key(text)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidConfiguration(f"The trusted key {file} is no public key in PEM.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise InvalidConfiguration(f"The trusted key {file} is of another kind than Ed25519.")
    return key


def _parsed_private(text: bytes, file: Path) -> object:
    try:
        return load_pem_private_key(text, password=None)
    except TypeError as error:  # what cryptography says of a key behind a password
        raise InvalidConfiguration(
            f"The signing key {file} is protected by a password: nobody could type it here."
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InvalidConfiguration(
            f"The signing key {file} is damaged: put it back from a copy. Without it, a new key signs, "
            "and what the old one signed is served only if its public key is in trusted_keys."
        ) from error


def _read(file: Path, what: str, *, secret: bool) -> bytes:
    """Read a small plain file; what is checked is the very one that was opened."""
    try:
        with open(file, "rb", opener=_without_waiting) as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise InvalidConfiguration(f"The {what} {file} is not a file.")
            if secret:
                _refuse_readable_by_others(os.fstat(opened.fileno()), file)
            text = opened.read(_LARGEST + 1)
    except OSError as error:
        raise InvalidConfiguration(
            f"The {what} {file} cannot be read: {error.strerror}."
        ) from error
    if len(text) > _LARGEST:
        raise InvalidConfiguration(f"The {what} {file} is too large for a key.")
    return text


def _without_waiting(file: str, flags: int) -> int:
    """Open as always, but do not wait for the other end of a pipe."""
    return os.open(file, flags | os.O_NONBLOCK)


def _refuse_readable_by_others(status: os.stat_result, file: Path) -> None:
    forbidden = _OTHERS if status.st_uid == os.geteuid() else _OTHERS_OF_A_MOUNT
    if status.st_mode & forbidden:
        raise InvalidConfiguration(
            f"The signing key {file} can be used by others on this machine: chmod 600 {file}"
        )


def _make(file: Path) -> None:
    """Write a new key beside its place and link it there: the first one stays, nobody sees half."""
    beside = file.parent / f".{file.name}.{secrets.token_hex(8)}"
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(_new_key())
                opened.flush()
                os.fsync(opened.fileno())
            with contextlib.suppress(FileExistsError):  # another process was faster: its key it is
                os.link(beside, file)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise InvalidConfiguration(
            f"The signing key {file} cannot be made ({error.strerror}): "
            "make its folder writable, or name another file in signing_key."
        ) from error


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
