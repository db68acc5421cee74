"""NDJSON looked at while it arrives: one JSON object on each line, each fitting the schema."""

from __future__ import annotations

import base64
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any

import msgspec

from minerva.errors import Fault, InvalidBody, InvalidInput
from minerva.layers.abstraction.uploads.checking import LONGEST_RECORD, misfit, unreadable
from minerva.layers.abstraction.uploads.rows import RowCheck
from minerva.schema import Schema
from minerva.schema.decoder import MAX_FAULTS, pointer
from minerva.schema.value import kind


class NdjsonCheck:
    """Looks at one text of JSON lines in UTF-8; blank lines count as lines and mean nothing."""

    def __init__(
        self, schema: Schema, *, decimal: str = ".", state: dict[str, Any] | None = None
    ) -> None:
        self._check = RowCheck(schema, decimal)
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
        if len(self._rest) > LONGEST_RECORD:
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
        if len(line) > LONGEST_RECORD:
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
            record = read_line(line)
        except ValueError as error:
            raise unreadable(f"line {self._lines}", str(error)) from None
        if not isinstance(record, dict):
            message = f"expected an object, got {kind(record)}"
            raise misfit([Fault(f"line {self._lines}", message)])
        return record


def _endless(line: int) -> InvalidBody:
    return unreadable(f"line {line}", f"is longer than {LONGEST_RECORD} bytes")


def read_line(line: bytes) -> Any:
    """Return what one line of JSON says. Raises ValueError with our words, without any value."""
    try:
        return msgspec.json.decode(line)
    except RecursionError:
        raise ValueError("is nested too deep to be read") from None
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None
    except msgspec.DecodeError as error:
        message = "ends too early to be JSON" if "truncated" in str(error) else "is not valid JSON"
        raise ValueError(message) from None
