"""The port of what looks at data while it arrives, and what all of them share."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from minerva.errors import Fault, InvalidBody, InvalidInput


class ArrivalCheck(Protocol):
    """Looks at data piece by piece; keeps less than one row and a piece in memory."""

    rows: int
    """How many whole rows were seen."""

    def feed(self, piece: bytes) -> None:
        """Look at what comes next. Raises InvalidInput (does not fit) or InvalidBody (unreadable)."""

    def end(self, path: Path, /) -> None:
        """Look at what is left when all has come and stands in the file. Raises as `feed`."""

    def state(self) -> dict[str, Any]:
        """Return plain JSON values from which another process goes on."""


def misfit(faults: list[Fault]) -> InvalidInput:
    """Say that rows do not fit the schema."""
    return InvalidInput("The data does not fit the schema.", faults=faults)


def unreadable(where: str, message: str) -> InvalidBody:
    """Say that the data is not what its format promises."""
    return InvalidBody("The data cannot be read.", faults=[Fault(where, message)])
