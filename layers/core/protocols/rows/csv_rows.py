"""Rows of a CSV text: its first line names the columns, or they are the model's fields in order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from minerva.errors import Fault
from minerva.layers.abstraction.formats.csv_text import Broken, CsvText
from minerva.layers.abstraction.formats.header import REPEATED, ragged, repeated
from minerva.layers.abstraction.formats.layout import Dialect
from minerva.layers.abstraction.uploads.checking import misfit, unreadable
from minerva.layers.core.protocols.rows.cells import records_of_cells
from minerva.layers.core.protocols.rows.row import Row
from minerva.schema import Schema
from minerva.schema.decoder import MAX_FAULTS

LONGEST_LINE = 64 * 1024
"""Bytes in which the first line is looked for."""
SIGNS = (",", ";", "\t", "|")
_ANY_SIGN = re.compile(f"[{''.join(SIGNS)}]")


class CsvRows:
    """Reads one CSV text; columns that are no fields of the service are left out."""

    def __init__(self, schema: Schema, dialect: Dialect, *, header: bool | None = None) -> None:
        """`header`: whether the first line names the columns; None: if it names any field."""
        self._schema = schema
        self._decimal = dialect.decimal
        self._text = CsvText(dialect)
        self.header = header
        self._columns: list[str] = []
        self._number = 0

    def feed(self, piece: bytes) -> Iterator[Row]:
        """See `Rows`."""
        return self._rows(self._text.rows(piece))

    def end(self) -> Iterator[Row]:
        """See `Rows`."""
        return self._rows(self._text.last_rows())

    def records(self, schema: Schema, contents: Sequence[Any]) -> list[Any]:
        """See `Rows`."""
        known = {*schema.inputs, schema.key}
        chosen = [(at, name) for at, name in enumerate(self._columns) if name in known]
        rows = ({name: cells[at] for at, name in chosen} for cells in contents)
        return records_of_cells(schema, rows, self._decimal)

    def place(self, number: int, field: str = "") -> str:
        """See `Rows`."""
        return f'column "{field}", row {number}' if field else f"row {number}"

    def _rows(self, come: Iterator[list[str]]) -> Iterator[Row]:
        try:
            for cells in come:
                if not cells:  # a blank line
                    continue
                if not self._columns and self._begun(cells):
                    continue
                self._number += 1
                yield self._row(cells)
        except Broken as error:
            raise unreadable(self.place(self._number + 1), str(error)) from None

    def _row(self, cells: list[str]) -> Row:
        size = sum(map(len, cells))
        if len(cells) == len(self._columns):
            return Row(self._number, cells, size=size)
        told_by = "the first line names" if self.header else "the model's fields make"
        wrong = ragged(len(cells), len(self._columns), told_by)
        return Row(self._number, wrong=wrong, size=size)

    def _begun(self, cells: list[str]) -> bool:
        """Find out what the columns are; return whether the first line says so. Raises InvalidInput."""
        known = {*self._schema.inputs, self._schema.key}
        if self.header is None:
            _refuse_other_sign(cells, known)
            self.header = not known.isdisjoint(cells)
        if self.header:
            self._check(cells)
        self._columns = cells if self.header else list(self._schema.features)
        return self.header

    def _check(self, names: list[str]) -> None:
        faults = [Fault(f'column "{name}"', REPEATED) for name in repeated(names)]
        faults += [
            Fault(f'column "{name}"', "is missing in the first line")
            for name, field in self._schema.inputs.items()
            if field.required and name not in names
        ]
        if faults:
            raise misfit(faults[:MAX_FAULTS])


def delimiter_of(body: bytes, schema: Schema, usual: Dialect) -> str:
    """Return the sign that a first line has between the names of most fields, else the usual one."""
    known = {*schema.inputs, schema.key}
    line = body[:LONGEST_LINE].decode(usual.encoding, "replace").partition("\n")[0]

    def names(sign: str) -> int:
        return sum(cell.strip('\ufeff\r" ') in known for cell in line.split(sign))

    return max((usual.delimiter, *SIGNS), key=names)


def _refuse_other_sign(cells: list[str], known: set[str | None]) -> None:
    """Say so if the first line names fields, but with another sign between them."""
    if (
        len(cells) == 1
        and cells[0] not in known
        and not known.isdisjoint(_ANY_SIGN.split(cells[0]))
    ):
        sign = _ANY_SIGN.search(cells[0])
        message = f"the first line has {sign and sign[0]!r} in it: is that the delimiter?"
        raise misfit([Fault("row 1", message)])
