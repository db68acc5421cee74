"""Finding out that an address is taken before a server stumbles over it, or takes it from another."""

from __future__ import annotations

import errno
import grp
import os
import socket
import stat
from pathlib import Path

from minerva.errors import InvalidConfiguration
from minerva.settings import Loaded

LONGEST_PATH = 103
"""Bytes of a Unix socket's path that every system takes."""


def ensure_addresses_free(loaded: Loaded) -> None:
    """Raise InvalidConfiguration, naming the setting, if a sidecar could not listen as it should."""
    settings = loaded.settings
    if settings.port:
        ensure_free(settings.host, settings.port)
    if loaded.socket is not None:
        ensure_socket_free(loaded.socket)
        _ensure_member(settings.socket_group)


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


def ensure_socket_free(path: Path) -> None:
    """Raise InvalidConfiguration if somebody answers at a Unix socket, or it cannot be made there.

    One that a killed server left behind is replaced.
    """
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise InvalidConfiguration(
            f"{path} is too long for a Unix socket: set MINERVA_SOCKET to at most {LONGEST_PATH} bytes."
        )
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK | os.X_OK):
        raise InvalidConfiguration(
            f"{path.parent} is no folder that this user may write to: make it, or set MINERVA_SOCKET."
        )
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise InvalidConfiguration(f"{path} is there and no socket: set MINERVA_SOCKET.")
    if _answers(path):
        raise InvalidConfiguration(
            f"The Unix socket {path} is in use: stop what listens there, or set MINERVA_SOCKET."
        )


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # where too many wait already, somebody listens
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            return True
    return True


def group_number(group: str) -> int:
    """Return the number of a group; a number is one already, with or without a name on this machine.

    Raises InvalidConfiguration.
    """
    if group.isdecimal():
        return int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise InvalidConfiguration(
            f"There is no group {group} here: set MINERVA_SOCKET_GROUP to one, or leave it empty."
        ) from None


def _ensure_member(group: str) -> None:
    if not group:
        return
    number = group_number(group)
    if os.geteuid() != 0 and number not in {os.getegid(), *os.getgroups()}:
        raise InvalidConfiguration(
            f"This user is no member of the group {group}, and cannot let it use the Unix socket."
        )


def _why(error: OSError, host: str, port: int, setting: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken: stop what listens there, or set {setting}."
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"Port {port} on {host} is not allowed to this user: set {setting} to 1024 or above."
    return f"{host} is not an address of this machine: set MINERVA_HOST to one, such as 127.0.0.1."
