"""DataSource on a file of JSON lines: values keep the types that they have in JSON."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from minerva.adapters.sources.files import no_lookup, unreadable
from minerva.errors import Fault, InvalidData
from minerva.layers.abstraction.formats.ndjson_line import (
    LONGEST_LINE,
    NotJson,
    NotObject,
    read_object,
)

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


class NdjsonSource:
    """Reads a file with one JSON object on each line; what a line does not name is missing there."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def frames(self, chunk_rows: int) -> Iterator[pd.DataFrame]:
        """Yield all rows; a frame has the columns that were named so far."""
        import pandas as pd

        columns: dict[str, None] = {}
        records = self._records()
        chunk = list(islice(records, chunk_rows))
        while True:
            columns |= dict.fromkeys(name for record in chunk for name in record)
            cells = {name: [record.get(name) for record in chunk] for name in columns}
            yield pd.DataFrame(cells, dtype=object)
            chunk = list(islice(records, chunk_rows))
            if not chunk:
                return

    def lookup(self, keys: Sequence[Any]) -> list[dict[str, Any] | None]:  # noqa: ARG002 - the port's name for it
        """Refuse: a file is not searched."""
        raise no_lookup("ndjson")

    def close(self) -> None:
        """Do nothing: a file is open only while it is read."""

    def _records(self) -> Iterator[dict[str, Any]]:
        try:
            with self._path.open("rb") as file:
                number = 0
                while line := file.readline(LONGEST_LINE + 1):
                    number += 1
                    if len(line) > LONGEST_LINE:
                        raise self._wrong(number, f"the line is longer than {LONGEST_LINE} bytes")
                    if number == 1:
                        line = line.removeprefix(BOM_UTF8)
                    if line.strip():
                        yield self._record(line, number)
        except OSError as error:
            raise unreadable(self._path, error) from error

    def _record(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            return read_object(line)
        except NotJson as error:
            raise self._wrong(number, f"the line {error}") from error
        except NotObject as error:
            raise self._wrong(number, str(error)) from error

    def _wrong(self, line: int, message: str) -> InvalidData:
        fault = Fault(f"{self._path.name}:{line}", message)
        return InvalidData(f"Data file {self._path} cannot be used.", faults=[fault])
