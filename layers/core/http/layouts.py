"""How data in a body is written: its content type, and what the query says about CSV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from flask import Request

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.formats.layout import Format, Layout, like
from minerva.layers.abstraction.services.declaration import DataDeclaration
from minerva.layers.abstraction.training.called import HOW

CSV = "text/csv"
DATA_TYPES: dict[str, Format] = {
    CSV: "csv",
    "application/x-ndjson": "ndjson",
    "application/vnd.apache.parquet": "parquet",
}
"""Content type → format."""


def layout_of(request: Request, declared: DataDeclaration | None) -> Layout:
    """Return the layout of the request's body. Raises InvalidInput."""
    given = {name: request.args[name] for name in HOW if name in request.args}
    charset = request.mimetype_params.get("charset")
    if charset is not None:
        given.setdefault("encoding", charset)
    return read_layout(DATA_TYPES[request.mimetype], given, declared, where="")


def read_layout(
    format_: Format, given: dict[str, Any], declared: DataDeclaration | None, *, where: str
) -> Layout:
    """Return a layout of values that a caller gave. Raises InvalidInput."""
    try:
        layout = msgspec.convert(msgspec.to_builtins(like(declared, format_, given)), Layout)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        fault = Fault(f"{where}/{path.rstrip('`')}", message.replace("`", "'").lower())
        raise InvalidInput("Data is not written so.", faults=[fault]) from error
    layout.check(where)
    return layout


def header_parameter(parameters: Mapping[str, str]) -> bool | None:
    """Return what the content type of a CSV text says of its first line (RFC 4180), None for nothing.

    Raises InvalidInput.
    """
    told = parameters.get("header")
    if told not in {None, "present", "absent"}:
        fault = Fault("Content-Type", "its parameter header is present or absent")
        raise InvalidInput("The request's parameters do not fit.", faults=[fault])
    return None if told is None else told == "present"
