"""What a caller asks for, and what of it is kept in the job's row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from minerva.conversion import explained
from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.formats.layout import SUFFIXES as KNOWN_SUFFIXES
from minerva.layers.abstraction.formats.layout import Format

SUFFIXES: dict[str, Format] = {
    suffix: format_ for suffix, format_ in KNOWN_SUFFIXES.items() if suffix != ".txt"
}
"""What tells the format of an input or output: notes that stand beside tables end in `.txt`."""
Ceiling = Annotated[int, Meta(ge=0)] | Annotated[str, Meta(pattern=r"^\d{1,3}(\.\d+)?%$(?!\n)")]
"""So many rows, or such a share of them."""
Sign = Annotated[str, Meta(min_length=1, max_length=1)]
Most = Annotated[int, Meta(ge=1, le=256)]


class Call(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /v1/services/{s}/batch`."""

    input: str | None = None
    """A file, folder or URL; neither it nor a query: what the service declares under `data`."""
    query: str | None = None
    """A select on the database that the service declares under `data`."""
    input_format: Format | None = None
    """Else the name's suffix says it."""
    delimiter: Sign | None = None
    """Of a CSV file; found by looking if not said, as are encoding and decimal sign."""
    encoding: str | None = None
    decimal: Literal[".", ","] | None = None
    output: str | None = None
    table: str | None = None
    """A table of the database that the service declares under `batch`."""
    output_format: Format | None = None
    overwrite: bool = False
    version: Annotated[int, Meta(ge=1)] | None = None
    alias: str | None = None
    """Whose version scores; neither it nor a number: the champion's."""
    max_rejects: Ceiling | None = None
    parts: Most | None = None
    """How many workers may share it at most; by size if not said."""


CALL_MEMBERS = Call.__struct_fields__


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A checked call: places are resolved and the version is pinned."""

    version: int
    input: str | None = None
    """None: what the service declares under `data`."""
    form: Format | None = None
    """None: the rows of a query."""
    query: str | None = None
    """None: the declared one."""
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    output: str | None = None
    table: str | None = None
    output_form: Format | None = None
    overwrite: bool = False
    max_rejects: int | str | None = None
    parts: int | None = None

    @property
    def name(self) -> str:
        """The last step of the output's name, or the table's."""
        return PurePosixPath(self.output).name if self.output else str(self.table)

    def to_json(self) -> dict[str, Any]:
        """Return plain values; `read_task` reads them back."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return {name: value for name, value in plain.items() if value is not None}


def read_task(payload: Mapping[str, Any]) -> Task:
    """Read what `Task.to_json` wrote."""
    return msgspec.convert(dict(payload), Task)


def read_call(payload: Mapping[str, Any]) -> Call:
    """Read a call. Raises InvalidInput with a JSON pointer to what is wrong."""
    try:
        call = msgspec.convert(dict(payload), Call)
    except msgspec.ValidationError as error:
        faults = explained(error, payload, Call, "")
        raise InvalidInput("This is no batch.", faults=faults) from error
    _exclude(call, "input", "query")
    _exclude(call, "version", "alias")
    _exclude(call, "output", "table")
    if call.output is None and call.table is None:
        fault = Fault("/output", "is missing: name a file, or a table by `table`")
        raise InvalidInput("It is not said where to write.", faults=[fault])
    return call


def form_of(place: str, said: Format | None, where: str) -> Format:
    """Return a file's format, by its suffix if it is not said. Raises InvalidInput."""
    if said is not None:
        return said
    found = SUFFIXES.get(PurePosixPath(place).suffix.lower())
    if found is None:
        known = ", ".join(SUFFIXES)
        fault = Fault(f"/{where}", f"ends in none of {known}: say `{where}_format`")
        raise InvalidInput("The format of a file is not known.", faults=[fault])
    return found


def _exclude(call: Call, one: str, other: str) -> None:
    if getattr(call, one) is not None and getattr(call, other) is not None:
        fault = Fault(f"/{other}", f"cannot stand beside `{one}`: say one of them")
        raise InvalidInput("This is no batch.", faults=[fault])
