"""NDJSON looked at while it arrives: one JSON object on each line, each fitting the schema."""

from __future__ import annotations

import base64
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any

from minerva.errors import Fault, InvalidBody, InvalidInput
from minerva.layers.abstraction.formats.ndjson_line import (
    LONGEST_LINE,
    NotJson,
    NotObject,
    read_object,
)
from minerva.layers.abstraction.uploads.checking import misfit, unreadable
from minerva.layers.abstraction.uploads.rows import RowCheck, Wanted
from minerva.schema.decoder import MAX_FAULTS, pointer


class NdjsonCheck:
    """Looks at one text of JSON lines in UTF-8; blank lines count as lines and mean nothing."""

    def __init__(
        self, wanted: Wanted, *, decimal: str = ".", state: dict[str, Any] | None = None
    ) -> None:
        self._check = RowCheck(wanted, decimal)
        state = state or {"rows": 0, "lines": 0, "rest": ""}
        self.rows: int = state["rows"]
        self._lines: int = state["lines"]
        self._rest = base64.b64decode(state["rest"])

    def feed(self, piece: bytes) -> None:
        """See `ArrivalCheck`."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        faults: list[Fault] = []
        for line in lines:
            try:
                faults.extend(self._line(line))
            except (InvalidBody, InvalidInput):
                if not faults:  # else what stands before is told first
                    raise
                break
            if len(faults) >= MAX_FAULTS:
                break
        if faults:
            raise misfit(faults[:MAX_FAULTS])
        if len(self._rest) > LONGEST_LINE:
            raise _endless(self._lines + 1)

    def end(self, _path: Path, /) -> None:
        """See `ArrivalCheck`."""
        if self._rest:
            self.feed(b"\n")

    def state(self) -> dict[str, Any]:
        """See `ArrivalCheck`."""
        rest = base64.b64encode(self._rest).decode("ascii")
        return {"rows": self.rows, "lines": self._lines, "rest": rest}

    def _line(self, line: bytes) -> list[Fault]:
        self._lines += 1
        if self._lines == 1:
            line = line.removeprefix(BOM_UTF8)
        if len(line) > LONGEST_LINE:
            raise _endless(self._lines)
        if not line.strip():
            return []
        record = self._record(line)
        self.rows += 1
        return [
            Fault(f"line {self._lines}, /{pointer(name)}", wrong)
            for name, wrong in self._check.record_faults(record)
        ]

    def _record(self, line: bytes) -> dict[str, Any]:
        try:
            return read_object(line)
        except NotJson as error:
            raise unreadable(f"line {self._lines}", str(error)) from None
        except NotObject as error:
            raise misfit([Fault(f"line {self._lines}", str(error))]) from None


def _endless(line: int) -> InvalidBody:
    return unreadable(f"line {line}", f"is longer than {LONGEST_LINE} bytes")
