"""Asking a host that somebody else has named for what is at a URL. Redirects are not followed."""

from __future__ import annotations

import socket
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from ipaddress import ip_address
from typing import cast
from urllib.parse import urlsplit

from minerva.adapters.outward.connecting import Connecting
from minerva.adapters.outward.timed_socket import TimedSocket
from minerva.errors import NotPermitted
from minerva.layers.abstraction.outward.addresses import Address, Reach, reach


def connected(url: str, connecting: Connecting, deadline: float) -> socket.socket:
    """Return a connection to the host of an http or https URL, which an operator has listed.

    `deadline` is a time of `time.monotonic()`. Raises NotPermitted for a name that leads to a private
    address, OSError (TimeoutError) for a host that is not there.
    """
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme.lower() == "https"
    port = parts.port or (443 if secure else 80)
    return connecting.to(host, port, partial(_check, host), deadline, secure=secure)


def asked(url: str, connection: socket.socket | TimedSocket) -> HTTPResponse:
    """Return the answer to a GET over this connection. Raises OSError, HTTPException."""
    parts = urlsplit(url)
    asking = HTTPConnection(parts.hostname or "")
    asking.auto_open = 0  # over this connection or not at all
    asking.sock = cast("socket.socket", connection)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Host": parts.netloc.rpartition("@")[2], "Accept-Encoding": "identity"}
    asking.request("GET", path, headers=headers)
    return asking.getresponse()


def _check(host: str, address: Address) -> None:
    """Raise NotPermitted for an address that may not be reached.

    One that the URL itself holds was listed by the operator as it stands; a name may lead to the
    internet only.
    """
    if not _is_listed(host) and reach(address) is not Reach.INTERNET:
        raise NotPermitted(
            f"{host} leads to a private or local address: let the operator list that address itself."
        )


def _is_listed(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost"
    return True
