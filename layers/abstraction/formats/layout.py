"""How a table in a file is written: its format, and what CSV leaves open."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.formats.encoding import is_text_encoding
from minerva.layers.abstraction.services.declaration import DataDeclaration

Format = Literal["csv", "ndjson", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "ndjson", "parquet")
SUFFIXES: dict[str, Format] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
QUOTES = '"\r\n\0'
"""What no delimiter can be."""


class Dialect(msgspec.Struct, frozen=True):
    """What a reader must be told about a CSV text."""

    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: Literal[".", ","] = "."


class Layout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller says about data beside its bytes."""

    format: Format
    delimiter: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] = ","
    encoding: Annotated[str, msgspec.Meta(max_length=40)] = "utf-8"
    decimal: Literal[".", ","] = "."

    @property
    def dialect(self) -> Dialect:
        """What of it is about CSV."""
        return Dialect(self.delimiter, self.encoding, self.decimal)

    def check(self, where: str = "") -> None:
        """Raise InvalidInput for what no file can be written in."""
        faults = []
        if self.delimiter in QUOTES:
            faults.append(Fault(f"{where}/delimiter", "cannot be a quote or a line break"))
        if not is_text_encoding(self.encoding):
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


def suffixes_of(format_: str) -> tuple[str, ...]:
    """Return what names of files of a format end in."""
    return tuple(suffix for suffix, one in SUFFIXES.items() if one == format_)
