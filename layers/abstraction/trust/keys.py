"""Ed25519 keys in files, refused with the reason."""

from __future__ import annotations

import hashlib
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
from minerva.layers.abstraction.trust.key_files import make_key_file, read_key_file

WHAT = "signing key"


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
        make_key_file(file, _new_key(), WHAT, "signing_key")
    key = _parsed_private(read_key_file(file, WHAT, secret=True), file)
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
    text = read_key_file(file, "trusted key", secret=False)
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


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
