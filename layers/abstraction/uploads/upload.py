"""An upload: data that a caller sends for a service, in one call or in many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minerva.layers.abstraction.formats.layout import Layout


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload's row; the bytes are elsewhere."""

    id: str
    tenant: str
    service: str
    layout: Layout
    size: int | None
    """Bytes in all; None while the caller has not said."""
    held: int
    """Bytes that count towards the tenant's quota."""
    digest: str | None
    """SHA-256 (hex) of the whole content; None while it is not complete."""
    rows: int | None
    created_at: datetime
    touched_at: datetime
    """When something last came, or a job was last seen to need it."""

    @property
    def complete(self) -> bool:
        """Whether all is there and fits the schema."""
        return self.digest is not None

    def to_json(self, offset: int) -> dict[str, Any]:
        """Return what a caller may see; `offset`: bytes that have come."""
        return {
            "id": self.id,
            "service": self.service,
            "format": self.layout.format,
            "size": self.size,
            "offset": offset,
            "complete": self.complete,
            "rows": self.rows,
            "created_at": self.created_at.isoformat(),
        }
