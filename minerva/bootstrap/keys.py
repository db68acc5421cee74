"""The files of keys that an installation has beside its database: made by one process, read by all."""

from __future__ import annotations

from minerva.bootstrap.models import open_signer, signing_key
from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.webhooks.master_key import MasterKey
from minerva.settings import Loaded


def make_keys(loaded: Loaded) -> None:
    """Make the keys that are missing, and read all. Raises InvalidConfiguration."""
    open_signer(loaded)
    MasterKey.open(loaded.webhook_key)


def ensure_keys(loaded: Loaded) -> None:
    """Where `minerva migrate` makes what is missing, refuse to start without it.

    A container that made a key of its own would sign what no other one believes. Raises
    InvalidConfiguration.
    """
    if loaded.settings.migrate == "yes":
        return
    for name, path in {"signing": signing_key(loaded), "webhook": loaded.webhook_key}.items():
        if not path.exists():
            raise InvalidConfiguration(
                f"The {name} key {path} is not there: mount it and name it in "
                f"MINERVA_{name.upper()}_KEY, or have `minerva migrate` make it in a folder that all share."
            )
