"""The one place where errors of the database and its drivers become ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    SQLAlchemyError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError

from minerva.adapters.metadata.unconnected import why_unconnected
from minerva.errors import Conflict, InvalidConfiguration, InvalidInput, MinervaError, Unavailable

Answer = tuple[type[MinervaError], str]

FULL: Answer = (Unavailable, "has no space left: free some disk space, nothing was written.")
LOCKED: Answer = (
    Unavailable,
    "is locked or too slow: ask again, or raise MINERVA_DATABASE_TIMEOUT_S.",
)
BUSY: Answer = (Unavailable, "takes no more connections now: ask again, or allow it more.")
LOST: Answer = (
    Unavailable,
    "cannot be reached: check that it runs, and its address and password in MINERVA_DATABASE_URL.",
)
RACE: Answer = (Unavailable, "was changed by someone else at the same moment: ask again.")
STANDBY: Answer = (Unavailable, "takes no writes now (a standby?): ask again, or name its primary.")
DISK: Answer = (
    Unavailable,
    "cannot be read from or written to disk: look at the disk, which may be full.",
)
READ_ONLY: Answer = (
    InvalidConfiguration,
    "is read-only: let this user write to the file and its folder, or set MINERVA_DATABASE_URL.",
)
CLOSED: Answer = (
    InvalidConfiguration,
    "cannot be opened: check that its folder exists and that this user may write there.",
)
DAMAGED: Answer = (InvalidConfiguration, "is damaged or no SQLite file: restore it from a backup.")
REFUSED: Answer = (
    InvalidConfiguration,
    "refuses this user: check user, password and database name in MINERVA_DATABASE_URL.",
)
SCHEMA: Answer = (
    InvalidConfiguration,
    "lacks tables, or rights that Minerva needs: let its user own the tables, and start again.",
)
VALUE: Answer = (
    InvalidInput,
    "cannot keep a value: it is too long, too large, or a text with NUL or half a character.",
)

SQLITE: dict[int, Answer] = {
    sqlite3.SQLITE_ERROR: SCHEMA,
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_IOERR: DISK,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_CANTOPEN: CLOSED,
    sqlite3.SQLITE_TOOBIG: VALUE,
    sqlite3.SQLITE_NOTADB: DAMAGED,
}

POSTGRESQL: dict[str, Answer] = {  # the longest prefix of the SQLSTATE decides
    "08": LOST,
    "22": VALUE,
    "25006": STANDBY,
    "28": REFUSED,
    "3D": REFUSED,
    "40": RACE,
    "42": SCHEMA,
    "53": BUSY,
    "53100": FULL,
    "54": VALUE,
    "55P03": LOCKED,
    "57014": LOCKED,
    "57P": LOST,
    "58": DISK,
}


@contextmanager
def translated(database: str) -> Iterator[None]:
    """Turn what the database raises into one clear sentence that names it, without SQL."""
    try:
        yield
    except SQLAlchemyError as error:
        ours = translate(error, database)
        if ours is None:
            raise  # a mistake in our own code: nothing that a user could act on
        raise ours from error
    except (UnicodeError, OverflowError) as error:  # drivers raise these as they are
        raise _told(VALUE, database) from error


def translate(error: SQLAlchemyError, database: str) -> MinervaError | None:
    """Return what a database's error means to us; None if it is none of the database's."""
    if isinstance(error, StatementError) and isinstance(error.orig, MinervaError):
        return error.orig  # raised while a value was turned into a column
    answer = _answer(error)
    if answer is None:
        return None
    return _told(answer, database)


def _told(answer: Answer, database: str) -> MinervaError:
    """Return the error; where callers are at fault, they have no business with the database's address."""
    kind, sentence = answer
    name = "The database" if kind in {InvalidInput, Conflict} else f"The database {database}"
    return kind(f"{name} {sentence}")


def _answer(error: SQLAlchemyError) -> Answer | None:
    if isinstance(error, PoolTimeout):
        return BUSY
    if isinstance(error, StaleDataError):
        return RACE
    if isinstance(error, IntegrityError):
        return Conflict, "already holds this, or lacks what it refers to."
    return _of_driver(error) if isinstance(error, DBAPIError) else None


def _of_driver(error: DBAPIError) -> Answer | None:
    if isinstance(error, DataError):
        return VALUE
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return SQLITE.get(code & 0xFF)  # the low byte is the kind, the rest its detail
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return why_unconnected(str(error.orig)) or LOST
    return next((POSTGRESQL[state[:n]] for n in (5, 3, 2) if state[:n] in POSTGRESQL), None)
