"""Who made a version: an Ed25519 signature of the workspace's own key or of one that it trusts."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from minerva.errors import Conflict
from minerva.layers.abstraction.trust.keys import key_id, private_key, public_keys, public_text

LARGEST_SIGNATURE = 1024
"""Bytes of a signature's text; it has about 130."""


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a signature file holds, as JSON."""

    key: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}$(?!\n)")]
    """Id of the key that made it."""
    signature: str
    """64 bytes in base64."""


@dataclass(frozen=True)
class Signer:
    """Signs with one key; accepts what that key or a trusted one signed."""

    key: Ed25519PrivateKey = field(repr=False)
    trusted: Mapping[str, Ed25519PublicKey] = field(default_factory=dict)
    """Id → public key, beside its own."""

    @classmethod
    def open(cls, key_file: Path, trusted: Path | None = None) -> Signer:
        """Read the key, which is made if there is none, and the folder of trusted public keys.

        Raises InvalidConfiguration for a file that is damaged, no Ed25519 key, or open to others.
        """
        key = private_key(key_file)
        return cls(key, {} if trusted is None else public_keys(trusted))

    @property
    def id(self) -> str:
        """The id of its own key."""
        return key_id(self.key.public_key())

    def public_key(self) -> str:
        """Return the public key as PEM: what another workspace puts among its trusted keys."""
        return public_text(self.key.public_key())

    def sign(self, message: bytes) -> bytes:
        """Return the content of a signature file."""
        made = base64.b64encode(self.key.sign(message)).decode("ascii")
        return msgspec.json.encode(Signature(self.id, made))

    def check(self, message: bytes, signature: bytes) -> None:
        """Raise Conflict unless its own key or a trusted one signed this message."""
        read = _read(signature)
        own = self.key.public_key()
        known = own if read.key == key_id(own) else self.trusted.get(read.key)
        if known is None:
            raise Conflict(
                f"It is not signed by a key this workspace trusts: key {read.key} is unknown here; "
                "put its public key into the folder trusted_keys if you know whose it is."
            )
        try:
            known.verify(base64.b64decode(read.signature, validate=True), message)
        except (InvalidSignature, binascii.Error, ValueError) as error:
            raise Conflict(
                f"It is not signed by a key this workspace trusts: key {read.key} did not sign this."
            ) from error


def _read(signature: bytes) -> Signature:
    if not signature:
        raise Conflict(
            "It is not signed by a key this workspace trusts: it has no "
            "signature. Train or import it again."
        )
    if len(signature) > LARGEST_SIGNATURE:
        raise Conflict("Its signature is too large to be one.")
    try:
        return msgspec.json.decode(signature, type=Signature)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Conflict("Its signature is damaged: it cannot be read.") from error
