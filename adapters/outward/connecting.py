"""Connecting to a host that somebody else has named: to an address that was checked, and in bounded time.

The host is resolved once, every address is checked, and the connection goes to the very address that
was checked: a name that leads elsewhere a moment later leads nowhere. No proxy is used.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from minerva.layers.abstraction.callbacks.lanes import Lanes, Overran
from minerva.layers.abstraction.outward.addresses import Address

CONNECT_S = 5.0
"""A host that does not take a call by then is not there; others wait for the place."""

Resolve = Callable[[str, int], Sequence[str]]


def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as the machine's resolver tells them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True)
class Connecting:
    """How hosts are found and what they must prove."""

    resolve: Resolve = resolved
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context

    def to(
        self,
        host: str,
        port: int,
        check: Callable[[Address], None],
        deadline: float,
        *,
        secure: bool,
    ) -> socket.socket:
        """Return a connection; with TLS where `secure`, for which the certificate must be the host's.

        `check` raises for an address that must not be reached: a name that has one such is not to be
        trusted. `deadline` is a time of `time.monotonic()`. Raises TimeoutError after it, OSError for a
        host that is not there.
        """
        addresses = self._addresses(host, port, deadline)
        for address in addresses:
            check(address)
        plain = _connected(addresses, port, deadline)
        if not secure:
            return plain
        try:
            plain.settimeout(max(0.001, deadline - time.monotonic()))  # of the whole handshake
            return self.context().wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise

    def _addresses(self, host: str, port: int, deadline: float) -> Sequence[Address]:
        lanes = Lanes()
        try:
            told = lanes.within(deadline - time.monotonic(), lambda: self.resolve(host, port))
        except Overran as error:
            raise TimeoutError from error
        finally:
            lanes.close()
        return [ip_address(one) for one in told]


def _connected(addresses: Sequence[Address], port: int, deadline: float) -> socket.socket:
    failure = OSError("its name has no address")
    for tried, address in enumerate(addresses):
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        fair = left / (len(addresses) - tried)  # one that is silent leaves time for the others
        try:
            return socket.create_connection((str(address), port), min(fair, CONNECT_S))
        except OSError as error:
            failure = error
    raise failure
