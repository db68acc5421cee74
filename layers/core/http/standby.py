"""Loading and unloading versions, whoever's protocol asks: to load a version is to make it the standby."""

from __future__ import annotations

from minerva.errors import Conflict, Unavailable
from minerva.layers.abstraction.registry.records import STANDBY
from minerva.layers.core.http.access import principal
from minerva.layers.core.http.house import House

PATIENCE_S = 30.0
"""So long a call waits for its version to be loaded here."""


def load_version(house: House, service: str, number: int | None) -> None:
    """Have a version in memory beside the champion; without one, whatever the aliases name.

    Raises NotFound, Conflict for a version that may not serve, Unavailable.
    """
    caller = principal()
    aliases = house.registry.aliases(caller.tenant, service)
    if number is not None and number not in aliases.values():
        house.registry.promote(
            caller.tenant, service, number, alias=STANDBY, author=caller.author, reason="loaded"
        )
    live = house.live.first(caller.tenant, service, PATIENCE_S)
    if number is not None:
        live.only(number)
    elif live.loaded is None:
        raise Unavailable(live.problem or f"Service {service!r} has no version yet: train it.")


def unload_version(house: House, service: str, number: int | None) -> None:
    """Let the standby go. What the other aliases name stays: callers rely on it. Raises Conflict."""
    caller = principal()
    standby = house.registry.aliases(caller.tenant, service).get(STANDBY)
    if standby is None or number not in {None, standby}:
        raise Conflict(
            f"Only the standby can be unloaded, and service {service!r} has "
            f"{'none' if standby is None else f'version {standby} as such'}: "
            "a champion stays until another version takes its place."
        )
    house.registry.retire_alias(
        caller.tenant, service, STANDBY, author=caller.author, reason="unloaded"
    )
    house.live.catch_up()
