"""What sources that are files share: their errors, and that no single record is found in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minerva.errors import InvalidConfiguration, InvalidData

if TYPE_CHECKING:
    from pathlib import Path


def unreadable(path: Path, error: OSError) -> InvalidData:
    """Say why a file cannot be opened."""
    reason = (error.strerror or type(error).__name__).lower()
    return InvalidData(f"Data file {path} cannot be read ({reason}): correct `path` under `data`.")


def no_lookup(source: str) -> InvalidConfiguration:
    """Say that a file answers no keys."""
    return InvalidConfiguration(
        f"lookup needs source: sql, this service's data has source: {source}; send records, not keys."
    )
