"""Where a sidecar is, and how to get there: TCP, TLS or a Unix socket."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from minerva.errors import InvalidConfiguration

Limit = Callable[[], float]
"""Returns how long the next wait may take, in seconds. Raises TimeoutError where there is no time left."""
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Address:
    """A host and port, or the path of a socket."""

    host: str
    port: int
    base: str = ""
    secure: bool = False
    path: str | None = None

    def dial(self, limit: Limit) -> socket.socket:
        """Connect. Raises OSError, TimeoutError among them."""
        if self.path is not None:
            return _connected((socket.AF_UNIX, socket.SOCK_STREAM, 0), self.path, limit)
        found = self._dial_any(limit)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self.secure:
            return found
        found.settimeout(limit())
        try:
            return ssl.create_default_context().wrap_socket(found, server_hostname=self.host)
        except BaseException:
            found.close()
            raise

    def _dial_any(self, limit: Limit) -> socket.socket:
        """Try the addresses of the name one after the other, within one time for all."""
        failed: OSError | None = None
        for *kind, _, address in socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM):
            try:
                return _connected(kind, address, limit)
            except TimeoutError:
                raise
            except OSError as error:
                failed = error
        raise failed or OSError("the name has no address")


def _connected(kind: object, address: object, limit: Limit) -> socket.socket:
    made = socket.socket(*kind)  # type: ignore[misc]
    try:
        made.settimeout(limit())
        made.connect(address)  # type: ignore[arg-type]
    except BaseException:
        made.close()
        raise
    return made


def address_of(url: str) -> Address:
    """Read a URL, whose socket's path is written `http+unix://%2Frun%2Fminerva.sock`.

    Raises InvalidConfiguration for what is no URL of a server.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme == "http+unix" and parts.netloc:
        return Address("localhost", PORTS["http"], path=unquote(parts.netloc))
    if host is None or parts.scheme not in PORTS:
        raise InvalidConfiguration(
            f"{url!r} is no address of a sidecar: write one such as http://127.0.0.1:8080 "
            "or http+unix://%2Frun%2Fminerva.sock."
        )
    base = parts.path.rstrip("/")
    return Address(host, port or PORTS[parts.scheme], base, parts.scheme == "https")
