"""`minerva migrate`: what has to be there before the processes of an installation start."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.session import Session, pass_session
from minerva.errors import Unavailable

if TYPE_CHECKING:
    from minerva.adapters.metadata import Moved
    from minerva.cli.first_key import FirstKey
    from minerva.settings import Loaded

PAUSE_S = 0.5
SAID: dict[FirstKey, str] = {
    "made": "was made and is in {}",
    "registered": "of {} is known now",
    "known": "of {} was known already",
    "absent": "is not in {}; someone has one: minerva keys",
}


@click.command(cls=Command)
@click.option(
    "--wait", "wait_s", type=click.FloatRange(min=0), default=60, show_default=True, metavar="S",
    help="How many seconds to wait for a database that does not answer yet.",
)  # fmt: skip
@pass_session
def migrate(session: Session, wait_s: float) -> None:
    """Bring the database to this version, and make the keys that are missing; then end.

    The first admin key is that of MINERVA_ADMIN_KEY_FILE, if that file is there; else it is made and
    left there. May be run again, and by several at once. `minerva up` needs none of it.

    Examples:
      minerva migrate
      MINERVA_DATABASE_URL=postgresql://… minerva migrate --wait 120
    """
    from minerva.cli.control import log_beside

    loaded = session.load()
    log_beside(loaded)
    moved, first_key = _patiently(loaded, wait_s)
    if session.json:
        told = {"admin_key": str(loaded.admin_key), "first_key": first_key}
        screen.show_json(asdict(moved) | told)
        return
    origin = f"from {moved.before} " if moved.before else ""
    done = f"was brought {origin}to" if moved.before != moved.after else "is at"
    screen.say(f"The database {moved.database} {done} revision {moved.after}.")
    screen.say(f"The admin key {SAID[first_key].format(loaded.admin_key)}.")


def prepare(loaded: Loaded) -> tuple[Moved, FirstKey]:
    """Migrate, and make the keys that are missing. Raises what each of these does."""
    from minerva.bootstrap import make_keys, migrate_database, open_stores
    from minerva.cli.first_key import ensure_first_key

    make_keys(loaded)
    moved = migrate_database(loaded)
    with open_stores(loaded) as stores:
        first_key = ensure_first_key(loaded.admin_key, stores.keys)
    return moved, first_key


def _patiently(loaded: Loaded, wait_s: float) -> tuple[Moved, FirstKey]:
    """Do it, again and again as long as the database does not answer."""
    until = None
    while True:
        try:
            return prepare(loaded)
        except Unavailable as error:
            if until is None and wait_s:
                screen.remark(f"{error} Waiting for it, {wait_s:g} s at most.")
            until = until or time.monotonic() + wait_s
            if time.monotonic() >= until:
                raise
            time.sleep(PAUSE_S)
