"""The ports of uploads: rows that say what there is, and the bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from minerva.layers.abstraction.uploads.upload import Upload


class UploadStore(Protocol):
    """The rows; what a tenant holds is counted in the transaction that adds to it."""

    def add(self, upload: Upload, quota: int) -> None:
        """Add a row.

        Raises TooLarge if the tenant would hold more than `quota` bytes (0: no quota), Conflict if the
        id is there.
        """

    def hold(self, tenant: str, upload_id: str, size: int, quota: int, now: datetime) -> None:
        """Let an upload hold at least `size` bytes, and touch it. Raises TooLarge, NotFound."""

    def get(self, tenant: str, upload_id: str) -> Upload | None:
        """Return one upload."""

    def set_size(self, tenant: str, upload_id: str, size: int) -> bool:
        """Say how large it will be, once; return whether that is its size now."""

    def complete(
        self, tenant: str, upload_id: str, digest: str, rows: int, size: int, now: datetime
    ) -> None:
        """Mark as whole. Raises NotFound."""

    def use(self, tenant: str, upload_id: str, job_id: str) -> bool:
        """Remember that a job needs a complete upload; False if it is not there."""

    def remove(self, tenant: str, upload_id: str) -> bool:
        """Forget an upload; return whether it was there. Raises Conflict while a job needs it."""

    def outdated(self, unfinished_before: datetime, unused_before: datetime) -> Sequence[Upload]:
        """Return what nobody needs, of all tenants.

        That is what is not complete and untouched since `unfinished_before`; what no job used since
        `unused_before`; and what jobs used that all ended well or were cancelled, or ended otherwise
        before `unused_before`: those may be tried again.
        """

    def known(self, ids: Sequence[str]) -> set[str]:
        """Return which of these ids there are, in any tenant."""


class Staging(Protocol):
    """Bytes that are still coming, on this machine; whatever is told as there survives a kill."""

    def size(self, upload_id: str) -> int:
        """Return how many bytes are there; 0 if none."""

    def appending(self, upload_id: str) -> AbstractContextManager[Tail]:
        """Open the end, for one appender at a time. Raises Conflict if there is another one."""

    def remove(self, upload_id: str) -> None:
        """Forget the bytes."""

    def stale(self, before: datetime) -> Sequence[str]:
        """Return ids of which nothing came since then."""


class Tail(Protocol):
    """The end of what is there of one upload."""

    @property
    def path(self) -> Path: ...

    @property
    def size(self) -> int: ...

    def pieces(self, start: int) -> Iterator[bytes]:
        """Yield what is there from byte `start` on."""

    def append(self, piece: bytes) -> None:
        """Add to the end. Raises Unavailable if the disk is full."""

    def cut(self, size: int) -> None:
        """Forget what comes after `size` bytes."""

    def read_state(self) -> dict[str, Any] | None:
        """Return what `write_state` kept last."""

    def write_state(self, state: dict[str, Any]) -> None:
        """Keep plain JSON values beside the bytes, all or nothing."""

    def settle(self) -> None:
        """Have everything on the disk."""


class Finished(Protocol):
    """Whole uploads, where every host finds them."""

    def put(self, upload_id: str, path: Path) -> None:
        """Move a file in; it appears at once. Nothing happens if it was moved already."""

    def fetch(self, upload_id: str, folder: Path) -> Path:
        """Return a local file with the content, if need be in `folder`. Raises NotFound."""

    def remove(self, upload_id: str) -> None:
        """Forget a file."""
