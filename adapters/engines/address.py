"""Where a cluster's scheduler is, as a service declares it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from minerva.errors import Fault, InvalidConfiguration

SCHEMES = {"dask": "tcp", "tls": "tls"}
"""Ours → dask's."""


@dataclass(frozen=True)
class SchedulerAddress:
    """A scheduler; all that is said to it is encrypted if `tls`."""

    host: str
    port: int
    tls: bool

    def __str__(self) -> str:
        scheme = "tls" if self.tls else "tcp"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"


def read_address(engine: str) -> SchedulerAddress:
    """Read `dask://host:port` or `tls://host:port`. Raises InvalidConfiguration without repeating it."""
    try:
        parts = urlsplit(engine)
        port = parts.port
    except ValueError as error:
        raise _wrong() from error
    more = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    if parts.scheme not in SCHEMES or not parts.hostname or not port or more:
        raise _wrong()
    return SchedulerAddress(parts.hostname, port, tls=parts.scheme == "tls")


def _wrong() -> InvalidConfiguration:
    return InvalidConfiguration(
        "The engine is not the address of a Dask scheduler: write dask://host:8786, or tls://host:8786.",
        faults=[Fault("/training/engine", "expected dask://host:port or tls://host:port")],
    )
