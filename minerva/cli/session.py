"""What every command is given: the workspace, its settings, the sidecar and how to answer."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from minerva.errors import InvalidConfiguration

if TYPE_CHECKING:
    from minerva.client import Client
    from minerva.settings import Loaded

WORKSPACE_VARIABLE = "MINERVA_WORKSPACE"
KEY_VARIABLE = "MINERVA_API_KEY"
SETTINGS_FILE = "minerva.toml"


@dataclass
class Session:
    """The options that every command takes, and what follows from them."""

    workspace_option: Path | None = None
    url_option: str | None = None
    key_file_option: Path | None = None
    json: bool = False

    @property
    def workspace(self) -> Path:
        """The folder that was named, else the nearest one upwards with minerva.toml, else this one."""
        if self.workspace_option is not None:
            return self.workspace_option.resolve()
        here = Path.cwd().resolve()
        candidates = (here, *here.parents)
        return next((one for one in candidates if (one / SETTINGS_FILE).exists()), here)

    def load(self) -> Loaded:
        """Read the settings. Raises InvalidConfiguration."""
        from minerva import settings

        return settings.load(self.workspace, os.environ)

    def client(self, timeout_s: float = 60.0) -> Client:
        """Return a client of the sidecar, not connected yet, that tells at once what is wrong."""
        from minerva.client import ONE_TRY, Client

        loaded = self.load()
        own = own_url(loaded)
        url = self.url_option or own
        return Client(url, self._key(loaded, home=url == own), timeout_s, ONE_TRY)

    def _key(self, loaded: Loaded, *, home: bool) -> str | None:
        """The key to show: a workspace's own is for its own sidecar, never sent to another one."""
        if self.key_file_option is not None:
            return _read_key(self.key_file_option)
        if given := os.environ.get(KEY_VARIABLE, "").strip():
            return given
        own = loaded.admin_key
        return _read_key(own) if home and own.exists() else None


pass_session = click.make_pass_decorator(Session, ensure=True)


def own_url(loaded: Loaded) -> str:
    """Return where the workspace's own sidecar answers."""
    settings = loaded.settings
    if not settings.port:
        return f"http+unix://{quote(str(loaded.socket), safe='')}"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(settings.host, settings.host)  # noqa: S104 - where a server listens everywhere, it answers here too
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _read_key(path: Path) -> str:
    try:
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InvalidConfiguration(f"The key file {path} cannot be read: {why}.") from error
    if not key.isprintable() or not key or " " in key:
        raise InvalidConfiguration(f"The key file {path} holds no key: expected one line, mk_….")
    return key
