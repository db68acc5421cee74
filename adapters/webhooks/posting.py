"""Posting to a host that somebody else has named, in bounded time.

Redirects are not followed, and of the answer no more than its status counts.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

from minerva.adapters.outward.connecting import Connecting
from minerva.adapters.outward.timed_socket import TimedSocket
from minerva.errors import Unavailable
from minerva.layers.abstraction.webhooks.targets import Target, Targets

TOTAL_S = 15.0
MOST_ANSWER_BYTES = 64 * 1024
MOST_BODY_BYTES = 16 * 1024


@dataclass(frozen=True)
class Posting:
    """See the port `Post`."""

    targets: Targets
    connecting: Connecting = field(default_factory=Connecting)
    total_s: float = TOTAL_S
    """For all of it: resolving, connecting, TLS, sending and the answer."""

    def __call__(self, target: Target, headers: dict[str, str], body: bytes) -> int:
        """See the port."""
        deadline = time.monotonic() + self.total_s
        try:
            plain = self.connecting.to(
                target.host,
                target.port,
                lambda address: self.targets.check_address(target, address),
                deadline,
                secure=target.scheme == "https",
            )
            with TimedSocket(plain, deadline, MOST_ANSWER_BYTES) as connection:
                return _asked(connection, target, headers, body)
        except TimeoutError as error:
            raise Unavailable(f"The receiver did not answer within {self.total_s:g} s.") from error
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"The receiver did not answer: {_reason(error)}.") from error


def _asked(connection: TimedSocket, target: Target, headers: dict[str, str], body: bytes) -> int:
    """Post over a connection and return the status; what comes after it decides nothing."""
    asking = http.client.HTTPConnection(target.host, target.port)
    asking.auto_open = 0  # over this connection or not at all
    asking.sock = cast("socket.socket", connection)
    asking.request("POST", target.path, body, {"Host": target.authority, **headers})
    answer = asking.getresponse()
    with suppress(OSError, http.client.HTTPException):
        answer.read(MOST_BODY_BYTES)  # a receiver that is cut off in its answer may take it amiss
    return answer.status


def _reason(error: Exception) -> str:
    """Return what went wrong; never what the receiver sent."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message})"
    if isinstance(error, http.client.HTTPException):
        return f"it does not speak HTTP ({type(error).__name__})"
    return str(getattr(error, "strerror", None) or str(error) or type(error).__name__)
