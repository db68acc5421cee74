"""Whether a query only reads, as far as its words tell. The connection that runs it cannot write either."""

from __future__ import annotations

import re

from minerva.errors import Fault, InvalidInput

READS = frozenset({"SELECT", "WITH", "VALUES", "TABLE"})
WRITES = frozenset(
    "ALTER ATTACH CALL COPY CREATE DELETE DETACH DO DROP EXEC EXECUTE GRANT INSERT LOAD LOCK MERGE "  # noqa: SIM905 - a list of words
    "PRAGMA REINDEX REPLACE REVOKE TRUNCATE UPDATE VACUUM".split()
)
_QUOTED = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$",
    re.DOTALL,
)
_WORD = re.compile(r"[A-Za-z_]\w*")
_INSIDE = re.compile(
    r"(?<=[()])\s*(INSERT|UPDATE|DELETE|MERGE)\b|\b(INTO)\b|\b(FOR\s+(?:NO\s+KEY\s+)?UPDATE)\b",
    re.IGNORECASE,
)
"""What writes inside of a `with` or a select."""


def refuse_writing(query: str, where: str = "/query") -> None:
    """Raise InvalidInput for a query that is not one reading statement."""
    bare = _QUOTED.sub(" ", query).strip().rstrip(";").strip()
    first = _WORD.match(bare.lstrip("( \n\t"))
    word = first.group().upper() if first else ""
    if word in WRITES:
        _refuse(where, f"begins with {word}, which writes: write a select")
    if word not in READS:
        _refuse(where, "is no select")
    if ";" in bare:
        _refuse(where, "holds more than one statement: write one select")
    if found := _INSIDE.search(bare):
        words = " ".join(found.group().upper().split())
        _refuse(where, f"holds {words}, which writes: write a select")


def _refuse(where: str, message: str) -> None:
    raise InvalidInput("The query does not only read.", faults=[Fault(where, message)])
