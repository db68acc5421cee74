"""How data in a file is written: its format, and what CSV leaves open."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.services.declaration import DataDeclaration
from minerva.layers.abstraction.uploads.checking import ArrivalCheck, unreadable
from minerva.layers.abstraction.uploads.csv_check import CsvCheck
from minerva.layers.abstraction.uploads.ndjson_check import NdjsonCheck
from minerva.layers.abstraction.uploads.parquet_check import check_parquet
from minerva.schema import Schema

Format = Literal["csv", "ndjson", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "ndjson", "parquet")
SUFFIXES: dict[str, Format] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
_QUOTES = '"\r\n\0'
_MAGIC = b"PAR1"


class Layout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a reader must know beside the bytes."""

    format: Format
    delimiter: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] = ","
    encoding: Annotated[str, msgspec.Meta(max_length=40)] = "utf-8"
    decimal: Literal[".", ","] = "."

    def check(self, where: str = "") -> None:
        """Raise InvalidInput for what no file can be written in."""
        faults = []
        if self.delimiter in _QUOTES:
            faults.append(Fault(f"{where}/delimiter", "cannot be a quote or a line break"))
        if not _is_text_encoding(self.encoding):
            message = "no encoding is called so; utf-8, latin-1 or cp1252 are some"
            faults.append(Fault(f"{where}/encoding", message))
        if faults:
            raise InvalidInput("The data cannot be written so.", faults=faults)

    def declaration(self, path: str) -> DataDeclaration:
        """Return the declaration of a file or folder that is written so."""
        return DataDeclaration(
            source=self.format,
            path=path,
            delimiter=self.delimiter,
            encoding=self.encoding,
            decimal=self.decimal,
        )


def like(declared: DataDeclaration | None, format_: Format, given: dict[str, Any]) -> Layout:
    """Return a layout: what was given, else what the service declares for the same format."""
    known: dict[str, Any] = {}
    if declared is not None and declared.source == format_:
        known = {name: getattr(declared, name) for name in ("delimiter", "encoding", "decimal")}
    return Layout(format=format_, **{**known, **given})


def arrival_check(
    layout: Layout, schema: Schema, state: dict[str, Any] | None = None
) -> ArrivalCheck:
    """Return what looks at data of this layout, from its beginning or from a former state."""
    if layout.format == "csv":
        return CsvCheck(
            schema,
            delimiter=layout.delimiter,
            encoding=layout.encoding,
            decimal=layout.decimal,
            state=state,
        )
    if layout.format == "ndjson":
        return NdjsonCheck(schema, decimal=layout.decimal, state=state)
    return ParquetArrival(schema, state)


class ParquetArrival:
    """Tells at once what is no Parquet at all; the rest when the footer is there."""

    def __init__(self, schema: Schema, state: dict[str, Any] | None = None) -> None:
        self._schema = schema
        self._begin = bytes.fromhex(state["begin"]) if state else b""
        self.rows = 0

    def feed(self, piece: bytes) -> None:
        """See `ArrivalCheck`."""
        missing = len(_MAGIC) - len(self._begin)
        if missing:
            self._begin += piece[:missing]
            if not _MAGIC.startswith(self._begin):
                raise unreadable("", "is not a Parquet file: it begins otherwise")

    def end(self, path: Path, /) -> None:
        """See `ArrivalCheck`."""
        self.rows = check_parquet(path, self._schema)

    def state(self) -> dict[str, Any]:
        """See `ArrivalCheck`."""
        return {"begin": self._begin.hex()}


def _is_text_encoding(name: str) -> bool:
    try:
        return bool("x".encode(name).decode(name) == "x") and codecs.lookup(name).name != "idna"
    except (LookupError, ValueError, TypeError):  # a NUL in a name is a ValueError
        return False
