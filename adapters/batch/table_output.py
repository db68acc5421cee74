"""A table that answers are written into, by key; in the database that the service file names for it.

Readers see all rows of a job or none of them. That they are written is noted outside of that database,
which shall hold nothing of ours: a kill between commit and note has the same values written again.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minerva.adapters.batch.table_access import connected, refuse_unfit
from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.batch.ports import Staging
from minerva.layers.abstraction.batch.rejects import HEADER
from minerva.schema import Schema

if TYPE_CHECKING:
    from sqlalchemy import Connection

PUBLISHED = "published"
"""A file in the staging folder: the table has the answers."""


@dataclass(frozen=True)
class TableOutput:
    """Satisfies `ports.Output`."""

    url: str
    name: str
    """A table, or schema.table."""
    workspace: Path
    rejects_file: Path
    timeout_s: float

    def check(self, schema: Schema) -> None:
        """Refuse a service without a key, a database that is away and a table that does not fit."""
        from minerva.adapters.batch.upserting import table_of

        if schema.key is None:
            fault = Fault("/table", "needs a `key` in the schema, by which rows are written")
            raise InvalidInput("The service has no key.", faults=[fault])
        with self._connected() as connection:
            table = table_of(connection, self.name)
            if table is not None:
                refuse_unfit(connection, table, [schema.key], list(schema.output))

    def publish(self, staging: Staging, parts: int) -> Mapping[str, Any]:
        """Upsert all answers in one transaction, unless an attempt has done so."""
        from minerva.adapters.batch.upserting import write_by_key
        from minerva.layers.abstraction.batch.encoding import flat, in_one_schema

        rejects = self._tell_rejects(staging, parts)
        done = Path(staging.path_of(PUBLISHED))
        rows = map(flat, in_one_schema(lambda: staging.answers(parts)))
        first = None if done.exists() else next(rows, None)
        if first is not None:
            with self._connected() as connection:
                write_by_key(connection, self.name, first.schema, chain([first], rows))
            done.touch()
        return {"output": f"table {self.name}", "rejects_file": rejects}

    def _tell_rejects(self, staging: Staging, parts: int) -> str | None:
        lines = staging.rejects(parts)
        first = next(lines, None)
        if first is None:
            return None
        self.rejects_file.parent.mkdir(parents=True, exist_ok=True)
        written = Path(staging.path_of(self.rejects_file.name))
        with written.open("w", encoding="utf-8") as file:
            file.writelines([HEADER, first])
            file.writelines(lines)
        written.replace(self.rejects_file)
        return str(self.rejects_file)

    def _connected(self) -> AbstractContextManager[Connection]:
        return connected(self.url, self.name, self.workspace, self.timeout_s)
