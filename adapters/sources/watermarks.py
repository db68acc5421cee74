"""Asking a user's database for a watermark: read-only, one value, for a bounded time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import msgspec

from minerva.adapters.sources.sql import SqlSource
from minerva.layers.abstraction.schedules.schedule import Watermark
from minerva.layers.abstraction.services.environment import expand

LONGEST = 200
"""Longer values are told apart by their SHA-256."""
LONGEST_WAIT_S = 60


@dataclass(frozen=True)
class SqlWatermarks:
    """See `schedules.watching.Read`."""

    workspace: Path
    environment: Mapping[str, str]

    def __call__(self, watermark: Watermark) -> str | None:
        """Ask; a database that does not answer before it is to be asked again is given up."""
        asked = watermark.watermark
        data = msgspec.structs.replace(expand(watermark.data, self.environment), query=asked.query)
        source = SqlSource(data, self.workspace, min(asked.every_s, LONGEST_WAIT_S))
        try:
            value = source.value()
        finally:
            source.close()
        return None if value is None else _text(value)


def _text(value: Any) -> str:
    match value:
        case datetime() | date() | time():
            text = value.isoformat()
        case bytes() | memoryview():
            text = bytes(value).hex()
        case _:
            text = str(value)
    return text if len(text) <= LONGEST else hashlib.sha256(text.encode()).hexdigest()
