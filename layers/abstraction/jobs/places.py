"""Which files, folders and URLs a caller may name: what an operator has allowed, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from minerva.errors import InvalidInput, NotPermitted

DEFAULT = "data"
"""The folder of the workspace that callers may name where the settings name none."""


@dataclass(frozen=True)
class Places:
    """The allowed places; relative names are below the workspace."""

    workspace: Path
    allowed: Sequence[str] = (DEFAULT,)

    def resolve(self, named: str) -> str:
        """Return an absolute path or the URL itself.

        Raises InvalidInput for what names nothing, NotPermitted for what is not allowed. Links are
        followed before it is decided, so none leads out.
        """
        if not named or "\0" in named or not named.isprintable():
            raise InvalidInput("A place for data is a path or URL of printable characters.")
        if "${" in named:
            raise NotPermitted("A call cannot name environment variables: name the place itself.")
        if "://" in named or "::" in named:
            return self._url(named)
        path = (self.workspace / named).resolve()
        if any(path.is_relative_to(folder) for folder in self._folders()):
            return str(path)
        raise NotPermitted(
            f"{named!r} is not in a place that calls may name: put it below the folder "
            f"{self._shown()}, or let the operator add its folder to data_places."
        )

    def _url(self, named: str) -> str:
        parts = urlsplit(named)
        steps = PurePosixPath(unquote(parts.path)).parts
        plain = not parts.username and not parts.password and ".." not in steps
        if plain and parts.scheme not in {"", "file", "local"} and "::" not in named:
            for prefix in self._prefixes():
                if named == prefix.rstrip("/") or named.startswith(prefix.rstrip("/") + "/"):
                    return named
        raise NotPermitted(
            "This URL is not one that calls may name: let the operator add its beginning to "
            "data_places."
        )

    def _folders(self) -> list[Path]:
        return [(self.workspace / one).resolve() for one in self.allowed if "://" not in one]

    def _prefixes(self) -> list[str]:
        return [one for one in self.allowed if "://" in one]

    def _shown(self) -> str:
        return next((one for one in self.allowed if "://" not in one), DEFAULT)
