"""Bringing data that a call names by URL onto this machine, into a job's own folder.

HTTP is spoken over a connection to an address that was checked. Redirects are not followed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from minerva.adapters.outward.connecting import Connecting
from minerva.adapters.outward.getting import asked, connected
from minerva.errors import InvalidData, MinervaError, NotPermitted, TooLarge, Unavailable
from minerva.layers.abstraction.formats.layout import Format, suffixes_of

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
    return last.lower().endswith(suffixes_of(format_)) and last[0] not in "._"


@contextmanager
def _answer(url: str, connecting: Connecting) -> Iterator[HTTPResponse]:
    """Ask for a URL. Raises InvalidData unless it answers 200, Unavailable where that may pass."""
    host = urlsplit(url).hostname or ""
    try:
        deadline = time.monotonic() + TIMEOUT_S
        with closing(connected(url, connecting, deadline)) as connection:
            connection.settimeout(TIMEOUT_S)
            response = asked(url, connection)
            _check_status(response.status, host)
            yield response
    except NotPermitted as error:
        raise NotPermitted(f"{error.message} The setting is data_places.") from error
    except MinervaError:
        raise
    except (OSError, HTTPException) as error:
        raise Unavailable(
            f"The data at {host} could not be fetched ({type(error).__name__}): is it up?"
        ) from error


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
