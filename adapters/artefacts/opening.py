"""From an artefact URL to the store that serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minerva.adapters.artefacts.local import LocalArtefacts
from minerva.errors import InvalidConfiguration, Unavailable
from minerva.settings import mask_password

if TYPE_CHECKING:
    from pathlib import Path

    from fsspec import AbstractFileSystem

    from minerva.layers.abstraction.registry.store import ArtefactStore


def open_artefacts(url: str, cache: Path) -> ArtefactStore:
    """Return the store at a path, a `file://` URL or any fsspec URL; nothing is read or created yet.

    `cache` is a local folder for what is fetched from elsewhere. Raises InvalidConfiguration for a
    protocol that is unknown or whose package is not installed.
    """
    from pathlib import Path

    if "://" not in url:
        return LocalArtefacts(Path(url))
    filesystem, root = open_filesystem(url)
    if filesystem is None:
        return LocalArtefacts(Path(root))
    from minerva.adapters.artefacts.remote import RemoteArtefacts

    return RemoteArtefacts(filesystem, root, cache)


def open_filesystem(url: str) -> tuple[AbstractFileSystem | None, str]:
    """Return the file system of an artefact URL, None for the local one, and the path on it.

    Raises InvalidConfiguration or Unavailable.
    """
    from fsspec.core import url_to_fs
    from fsspec.implementations.local import LocalFileSystem

    try:
        filesystem, root = url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise InvalidConfiguration(
            f"artefacts_url {mask_password(url)} cannot be used: its protocol is unknown, "
            f"or the package for it is not installed ({type(error).__name__})."
        ) from error
    except OSError as error:  # some implementations connect at once
        raise Unavailable(
            f"The artefact store {mask_password(url)} cannot be reached ({error.strerror}): "
            "look at artefacts_url."
        ) from error
    return None if isinstance(filesystem, LocalFileSystem) else filesystem, root
