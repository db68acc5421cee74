"""One database belongs to one installation: the first that names itself owns it, another is refused."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import Engine, insert, inspect, select

from minerva.adapters.metadata.engine import WRITE, name_of
from minerva.adapters.metadata.failures import translated
from minerva.adapters.metadata.tables import InstallationRow
from minerva.errors import Conflict, InvalidConfiguration

ONLY = 1


def refuse_other(engine: Engine, release: str) -> bool:
    """Tell whether the database is this release's; False: nobody's yet. Changes nothing.

    Raises InvalidConfiguration if it is another's.
    """
    with translated(name_of(engine)), engine.connect() as connection:
        if not inspect(connection).has_table(InstallationRow.__tablename__):
            return False
        owner = connection.scalar(select(InstallationRow.release))
    if owner not in {None, release}:
        raise InvalidConfiguration(
            f"The database {name_of(engine)} belongs to the release {owner!r}, and this one is "
            f"{release!r}: correct MINERVA_DATABASE_URL or MINERVA_RELEASE."
        )
    return owner is not None


def claim(engine: Engine, release: str) -> None:
    """Make a database this release's; of two that ask at once the first has it, the other is refused."""
    row = insert(InstallationRow).values(id=ONLY, release=release)
    writing = engine.execution_options(**{WRITE: True})
    with suppress(Conflict), translated(name_of(engine)), writing.begin() as connection:
        connection.execute(row)
    refuse_other(engine, release)
