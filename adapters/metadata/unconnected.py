"""Why no connection could be made: what libpq says, which gives no SQLSTATE for it."""

from __future__ import annotations

import re

from minerva.errors import InvalidConfiguration, MinervaError, Unavailable

_CONNECTING = re.compile(r"(connection (failed|is bad|timeout expired)|failed to resolve)")
_ABOUT_WHERE = re.compile(r"^connection (failed|is bad): (connection to server .*? failed: )?")
_REFUSED = ("authentication failed", "does not exist", "pg_hba.conf", "no password supplied")


def why_unconnected(says: str) -> tuple[type[MinervaError], str] | None:
    """Return what a message of libpq means to us; None if it is not about making a connection.

    Its first line names user, database or host, and never a password. In a server's other languages
    what is refused is told as not reached, with the server's own words.
    """
    first = says.partition("\n")[0]
    if not _CONNECTING.match(first):
        return None
    reason = _ABOUT_WHERE.sub("", first).removeprefix("FATAL:").strip()
    if any(words in reason for words in _REFUSED):
        return InvalidConfiguration, (
            f"refuses us ({reason}): check user, password and database name in MINERVA_DATABASE_URL."
        )
    if reason.startswith("invalid "):
        return InvalidConfiguration, f"cannot be asked ({reason}): correct MINERVA_DATABASE_URL."
    return Unavailable, (
        f"cannot be reached ({reason}): check that it runs, and its address in MINERVA_DATABASE_URL."
    )
