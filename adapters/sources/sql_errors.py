"""What a database's error means: wrong data or query (stays wrong), or away (try again)."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from minerva.errors import InvalidData, MinervaError, Unavailable

if TYPE_CHECKING:
    from sqlalchemy import URL
    from sqlalchemy.exc import SQLAlchemyError

READ_ONLY = frozenset({sqlite3.SQLITE_READONLY, "25006"})
"""SQLite's result code and PostgreSQL's SQLSTATE for a write in a read-only transaction."""

WRONG_IN_SQLITE = frozenset(
    {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_MISMATCH}
)
WRONG_STATES = frozenset({"0A", "21", "22", "34", "3F", "42", "54"})
"""SQLSTATE classes for which another attempt makes no sense (PostgreSQL documentation, appendix A)."""

DATA_EXCEPTION = "22"
"""The class whose messages quote the value that did not fit."""


def translate(error: SQLAlchemyError, url: URL) -> MinervaError:
    """Return our error for one of SQLAlchemy's. Names the database without its password."""
    place = url.set(query={}).render_as_string(hide_password=True)
    original = getattr(error, "orig", None)
    reason = _first_line(original if original is not None else error, url)
    if _code(original) in READ_ONLY:
        return InvalidData(
            f"A statement under `data` writes, and Minerva only reads {place}: write a select."
        )
    if _is_wrong(error, original):
        return InvalidData(
            f"A statement under `data` fails on {place}: {reason}. It must be one select."
        )
    return Unavailable(f"The database {place} cannot be read now: {reason}.")


def _is_wrong(error: SQLAlchemyError, original: Any) -> bool:
    from sqlalchemy.exc import DataError, NotSupportedError, ProgrammingError

    code = _code(original)
    if isinstance(original, sqlite3.Error):
        return code in WRONG_IN_SQLITE or code is None
    if isinstance(code, str):
        return code[:2] in WRONG_STATES
    return isinstance(error, ProgrammingError | DataError | NotSupportedError)


def _code(original: Any) -> int | str | None:
    """Return SQLite's primary result code, or an SQLSTATE."""
    extended = getattr(original, "sqlite_errorcode", None)
    if extended is not None:
        return int(extended) & 0xFF
    state: str | None = getattr(original, "sqlstate", None)
    return state


def _first_line(error: BaseException, url: URL) -> str:
    if str(_code(error))[:2] == DATA_EXCEPTION:
        return type(error).__name__
    line = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
    password = url.password
    return (line.replace(str(password), "***") if password else line).rstrip(".")
