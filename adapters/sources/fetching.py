"""Bringing data that a call names by URL onto this machine, into a job's own folder.

HTTP is spoken over a connection to an address that was checked. Redirects are not followed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from minerva.adapters.outward.connecting import Connecting
from minerva.adapters.sources.folder import SUFFIXES
from minerva.errors import InvalidData, MinervaError, NotPermitted, TooLarge, Unavailable
from minerva.layers.abstraction.outward.addresses import Address, Reach, reach
from minerva.layers.abstraction.uploads.layout import Format

TIMEOUT_S = 30
CHUNK = 1024 * 1024
MOST_FILES = 10_000


class Fetching:
    """Fetches over HTTP, and from whatever else fsspec reaches."""

    def __init__(self, max_bytes: int, connecting: Connecting | None = None) -> None:
        self._max_bytes = max_bytes
        self._connecting = connecting or Connecting()

    def __call__(self, url: str, folder: Path, format_: Format) -> Path:
        """See `training.called.Fetch`."""
        target = folder / f"fetched.{format_}"
        if urlsplit(url).scheme.lower() in {"http", "https"}:
            with _answer(url, self._connecting) as response, target.open("wb") as file:
                self._copy(response, file)
            return target
        return self._from_filesystem(url, folder / "fetched", target, format_)

    def _copy(self, source: Any, file: Any) -> None:
        left = self._max_bytes
        while piece := source.read(CHUNK):
            left -= len(piece)
            if left < 0:
                raise self._too_large()
            file.write(piece)

    def _from_filesystem(self, url: str, folder: Path, target: Path, format_: Format) -> Path:
        from fsspec.core import url_to_fs

        with _translated():
            filesystem, root = url_to_fs(url)
            if not filesystem.isdir(root):
                if filesystem.size(root) > self._max_bytes:
                    raise self._too_large()
                filesystem.get_file(root, str(target))
                return target
            names = [one for one in filesystem.ls(root, detail=False) if _is_data(one, format_)]
            if len(names) > MOST_FILES or sum(map(filesystem.size, names)) > self._max_bytes:
                raise self._too_large()
            folder.mkdir(exist_ok=True)
            for name in names:
                filesystem.get_file(name, str(folder / name.rpartition("/")[2]))
            return folder

    def _too_large(self) -> TooLarge:
        return TooLarge(
            f"The data at this URL has more than {self._max_bytes} bytes (setting max_upload_bytes)."
        )


def _is_data(name: str, format_: Format) -> bool:
    last = name.rpartition("/")[2]
    return last.lower().endswith(SUFFIXES[format_]) and last[0] not in "._"


@contextmanager
def _answer(url: str, connecting: Connecting) -> Iterator[HTTPResponse]:
    """Ask for a URL. Raises InvalidData unless it answers 200, Unavailable where that may pass."""
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme.lower() == "https"
    port = parts.port or (443 if secure else 80)
    try:
        with closing(_connected(host, port, connecting, secure=secure)) as connection:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            headers = {"Host": parts.netloc.rpartition("@")[2], "Accept-Encoding": "identity"}
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            _check_status(response.status, host)
            yield response
    except MinervaError:
        raise
    except (OSError, HTTPException) as error:
        raise Unavailable(
            f"The data at {host} could not be fetched ({type(error).__name__}): is it up?"
        ) from error


def _connected(host: str, port: int, connecting: Connecting, *, secure: bool) -> HTTPConnection:
    connection = HTTPConnection(host, port, timeout=TIMEOUT_S)
    deadline = time.monotonic() + TIMEOUT_S
    connection.sock = connecting.to(host, port, partial(_check, host), deadline, secure=secure)
    connection.sock.settimeout(TIMEOUT_S)
    return connection


def _check(host: str, address: Address) -> None:
    """Raise NotPermitted for an address that calls may not reach.

    One that the URL itself holds was listed by the operator as it stands; a name may lead to the
    internet only.
    """
    if not _is_listed(host) and reach(address) is not Reach.INTERNET:
        raise NotPermitted(
            f"{host} leads to a private or local address: let the operator list that address itself "
            "in data_places."
        )


def _is_listed(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host == "localhost"
    return True


def _check_status(status: int, host: str) -> None:
    if status == HTTPStatus.OK:
        return
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        raise Unavailable(f"{host} answered {status} to the request for the data.")
    hint = "; redirects are not followed" if HTTPStatus.MULTIPLE_CHOICES <= status < 400 else ""  # noqa: PLR2004 - redirects are 3xx
    raise InvalidData(f"{host} answered {status} to the request for the data{hint}.")


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what a file system raises into our errors; its text may hold a credential."""
    try:
        yield
    except MinervaError:
        raise
    except FileNotFoundError as error:
        raise InvalidData("There is no file or folder at this URL.") from error
    except (ValueError, ImportError) as error:
        raise InvalidData(
            "The protocol of this URL is unknown here, or the package for it is not installed "
            f"({type(error).__name__})."
        ) from error
    except Exception as error:
        raise Unavailable(
            f"The data at this URL could not be fetched ({type(error).__name__})."
        ) from error
