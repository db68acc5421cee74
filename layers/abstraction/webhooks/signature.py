"""Signatures of messages as Standard Webhooks has them, so that receivers verify with any of its libraries.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hashlib
import hmac

PREFIX = "whsec_"


def secret_text(secret: bytes) -> str:
    """Return a secret as receivers are given it."""
    return PREFIX + base64.b64encode(secret).decode("ascii")


def signed_headers(secret: bytes, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers that let a receiver know who sent `body`, and that it is not an old one.

    `timestamp`: seconds since 1970, of this sending. `message_id` stays the same when it is sent again.
    """
    signed = b".".join((message_id.encode("ascii"), str(timestamp).encode("ascii"), body))
    made = hmac.new(secret, signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1," + base64.b64encode(made).decode("ascii"),
    }
