"""The one secret from which those of all receivers follow, so that no database holds any."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.trust.key_files import make_key_file, read_key_file
from minerva.layers.abstraction.webhooks.signature import secret_text

WHAT = "webhook key"
SETTING = "webhook_key"
BYTES = 32
CALLBACKS = "callbacks"
"""Stands in a subscription's place for the `callback_url` of jobs: they have one secret a tenant."""


@dataclass(frozen=True)
class MasterKey:
    """Derives a secret for each receiver; who learns one cannot tell the others."""

    key: bytes = field(repr=False)

    @classmethod
    def open(cls, file: Path) -> MasterKey:
        """Read the key, which is made if there is none. Raises InvalidConfiguration."""
        if not file.exists():
            made = base64.b64encode(secrets.token_bytes(BYTES)) + b"\n"
            make_key_file(file, made, WHAT, SETTING)
        text = read_key_file(file, WHAT, secret=True)
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except (ValueError, binascii.Error):
            key = b""
        if len(key) < BYTES:
            raise InvalidConfiguration(
                f"The {WHAT} {file} is damaged: put it back from a copy, or remove it; then a new one "
                "is made, and every receiver needs its new secret."
            )
        return cls(key)

    def secret(self, tenant: str, receiver: str) -> bytes:
        """Return the secret of a receiver: a subscription's id, or `CALLBACKS`."""
        names = [b"minerva webhook 1", tenant.encode(), receiver.encode()]
        text = b"".join(len(name).to_bytes(4, "big") + name for name in names)
        return hmac.new(self.key, text, hashlib.sha256).digest()

    def secret_text(self, tenant: str, receiver: str) -> str:
        """Return that secret as the receiver needs it, `whsec_…`."""
        return secret_text(self.secret(tenant, receiver))
