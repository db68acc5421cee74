"""Data that a call names instead of the declared one: checked when asked for, brought when the job runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.formats.layout import FORMATS, SUFFIXES, Format, Layout, like
from minerva.layers.abstraction.jobs.places import Places
from minerva.layers.abstraction.services.declaration import DataDeclaration
from minerva.layers.abstraction.uploads.uploads import Uploads

WHERE = ("path", "url", "upload")
HOW = ("delimiter", "encoding", "decimal")

Fetch = Callable[[str, Path, Format], Path]
"""Brings what is at a URL into a folder and returns the file, or the folder of files.

Raises InvalidData for what is not there, NotPermitted for an address that is not allowed, Unavailable.
"""


class Named(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """The member `data` of a call, and of the payload that is kept."""

    path: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)] | None = None
    url: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)] | None = None
    upload: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    format: Format | None = None
    delimiter: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] | None = None
    encoding: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    decimal: Literal[".", ","] | None = None

    @property
    def given(self) -> dict[str, Any]:
        """What the call says about how CSV is written."""
        return {name: value for name in HOW if (value := getattr(self, name)) is not None}


@dataclass(frozen=True)
class Brought:
    """Data that is on this machine."""

    declaration: DataDeclaration
    origin: dict[str, Any]
    """Where it came from, without secrets and the same each time: it is told by the version."""


@dataclass(frozen=True)
class CalledData:
    """Data that callers name or have sent."""

    places: Places
    uploads: Uploads
    fetch: Fetch

    def check(
        self, tenant: str, service: str, declared: DataDeclaration | None, value: Any
    ) -> dict[str, Any]:
        """Return what is to be kept of a call's `data`.

        Raises InvalidInput, NotPermitted, NotFound or Conflict for what cannot lead to anything.
        """
        named = _read(value)
        if named.upload is not None:
            self.uploads.demand(tenant, service, named.upload)
            if named.format is not None or named.given:
                raise _misfit("", "an upload was said to have its format when it was begun")
            return {"upload": named.upload}
        layout = like(declared, self._format(named), named.given)
        layout.check("/data")
        where = {"path": named.path} if named.path is not None else {"url": named.url}
        return {**where, **msgspec.to_builtins(layout)}

    def bring(self, tenant: str, kept: dict[str, Any], folder: Path) -> Brought:
        """Return the data as a declaration of a file, if need be fetched into a folder."""
        named = msgspec.convert(kept, Named)
        if named.upload is not None:
            upload, _ = self.uploads.get(tenant, named.upload)
            file = self.uploads.fetch(tenant, named.upload, folder)
            origin = {"from": "uploaded", "source": upload.layout.format, "sha256": upload.digest}
            return Brought(upload.layout.declaration(str(file)), origin)
        layout = Layout(format=named.format or "csv", **named.given)
        if named.path is not None:
            path = self._path(named.path)
            origin = {"from": "named", "source": layout.format, "path": named.path}
            return Brought(layout.declaration(str(path)), origin)
        url = self._url(named.url or "")
        fetched = self.fetch(url, folder, layout.format)
        origin = {"from": "named", "source": layout.format, "url": shown(url)}
        return Brought(layout.declaration(str(fetched)), origin)

    def _format(self, named: Named) -> Format:
        """Return the format that is told, or that a name ends with; looks whether a path is there."""
        if named.url is not None:
            end = Path(urlsplit(self._url(named.url)).path).suffix
            suffixes = {end}
        else:
            path = self._path(named.path or "")
            if not path.exists():
                raise _misfit("/path", "there is no such file or folder")
            inside = path.iterdir() if path.is_dir() else [path]
            suffixes = {one.suffix for one in inside if one.name[0] not in "._"}
        found = {SUFFIXES[end.lower()] for end in suffixes if end.lower() in SUFFIXES}
        if named.format is not None:
            return named.format
        if len(found) != 1:
            raise _misfit("/format", f"say which: {', '.join(FORMATS)}")
        return found.pop()

    def _path(self, named: str) -> Path:
        if "://" in named or "::" in named:
            raise _misfit("/path", "is a URL: name it in `url`")
        return Path(self.places.resolve(named))

    def _url(self, named: str) -> str:
        if "://" not in named:
            raise _misfit("/url", "is no URL: name a file or folder in `path`")
        return self.places.resolve(named)


def declared_origin(data: DataDeclaration | None) -> dict[str, Any]:
    """Return where declared data comes from: of a database no more than that it is one."""
    if data is None:
        return {}
    path = {} if data.path is None else {"path": data.path}
    return {"from": "declared", "source": data.source, **path}


def shown(url: str) -> str:
    """Return a URL without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _read(value: Any) -> Named:
    try:
        named = msgspec.convert(value, Named)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        below = path.rstrip("`").replace(".", "/")
        raise _misfit(below, message.replace("`", "'").lower()) from error
    if sum(getattr(named, name) is not None for name in WHERE) != 1:
        raise _misfit("", f"expected exactly one of {', '.join(WHERE)}")
    return named


def _misfit(where: str, message: str) -> InvalidInput:
    fault = Fault(f"/data{where}", message)
    return InvalidInput("The data cannot be found as it is named.", faults=[fault])
