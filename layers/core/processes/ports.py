"""Finding out that a port is taken before a server stumbles over it."""

from __future__ import annotations

import errno
import socket

from minerva.errors import InvalidConfiguration


def ensure_free(host: str, port: int, setting: str = "MINERVA_PORT") -> None:
    """Raise InvalidConfiguration, naming port and setting, if nobody could listen there now."""
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError) as error:
        raise InvalidConfiguration(
            f"{host} is not an address of this machine: set MINERVA_HOST to one, such as 127.0.0.1."
        ) from error
    for family, kind, protocol, _, address in addresses:
        with socket.socket(family, kind, protocol) as probe:
            # as servers do: a port whose last connections are still closing counts as free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                raise InvalidConfiguration(_why(error, host, port, setting)) from error


def _why(error: OSError, host: str, port: int, setting: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken: stop what listens there, or set {setting}."
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"Port {port} on {host} is not allowed to this user: set {setting} to 1024 or above."
    return f"{host} is not an address of this machine: set MINERVA_HOST to one, such as 127.0.0.1."
