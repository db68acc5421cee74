"""Posting to a host that somebody else has named: to an address that was checked, and in bounded time.

The host is resolved once, every address is checked, and the connection goes to the very address that
was checked: a name that leads elsewhere a moment later leads nowhere. Redirects are not followed, no
proxy is used, and of the answer no more than its status counts.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import cast

from minerva.adapters.webhooks.timed_socket import TimedSocket
from minerva.errors import Unavailable
from minerva.layers.abstraction.callbacks.lanes import Lanes, Overran
from minerva.layers.abstraction.webhooks.targets import Target, Targets

TOTAL_S = 15.0
CONNECT_S = 5.0
"""A receiver that does not take a call by then is not there; others wait for the place."""
MOST_ANSWER_BYTES = 64 * 1024
MOST_BODY_BYTES = 16 * 1024

Resolve = Callable[[str, int], Sequence[str]]


def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as the machine's resolver tells them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True)
class Posting:
    """See the port `Post`."""

    targets: Targets
    resolve: Resolve = resolved
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context
    total_s: float = TOTAL_S
    """For all of it: resolving, connecting, TLS, sending and the answer."""

    def __call__(self, target: Target, headers: dict[str, str], body: bytes) -> int:
        """See the port."""
        deadline = time.monotonic() + self.total_s
        try:
            addresses = self._addresses(target, deadline)
            with self._connected(target, addresses, deadline) as connection:
                return _asked(connection, target, headers, body)
        except TimeoutError as error:
            raise Unavailable(f"The receiver did not answer within {self.total_s:g} s.") from error
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"The receiver did not answer: {_reason(error)}.") from error

    def _addresses(self, target: Target, deadline: float) -> Sequence[IPv4Address | IPv6Address]:
        """Resolve and check: a name that has one address which is refused is not to be trusted."""
        lanes = Lanes()
        try:
            left = deadline - time.monotonic()
            told = lanes.within(left, lambda: self.resolve(target.host, target.port))
        except Overran as error:
            raise TimeoutError from error
        finally:
            lanes.close()
        addresses = [ip_address(one) for one in told]
        for address in addresses:
            self.targets.check_address(target, address)
        return addresses

    def _connected(
        self, target: Target, addresses: Sequence[IPv4Address | IPv6Address], deadline: float
    ) -> TimedSocket:
        failure: OSError = OSError("its name has no address")
        for tried, address in enumerate(addresses):
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            fair = left / (len(addresses) - tried)  # one that is silent leaves time for the others
            try:
                plain = socket.create_connection((str(address), target.port), min(fair, CONNECT_S))
            except OSError as error:
                failure = error
                continue
            secured = self._secured(plain, target, deadline)
            return TimedSocket(secured, deadline, MOST_ANSWER_BYTES)
        raise failure

    def _secured(self, plain: socket.socket, target: Target, deadline: float) -> socket.socket:
        """Speak TLS where the URL says so; the certificate must be the host's, not the address's."""
        if target.scheme == "http":
            return plain
        try:
            plain.settimeout(max(0.001, deadline - time.monotonic()))  # of the whole handshake
            return self.context().wrap_socket(plain, server_hostname=target.host)
        except BaseException:
            plain.close()
            raise


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
