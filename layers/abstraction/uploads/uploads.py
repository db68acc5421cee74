"""Uploads as callers meet them: begin, send, ask how far it came, give up; and what jobs do with them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from minerva.errors import Conflict, InvalidBody, InvalidInput, MinervaError, NotFound, TooLarge
from minerva.layers.abstraction.formats.layout import Layout
from minerva.layers.abstraction.problems.problem import Problem, ProblemOf
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.training.data import MIN_ROWS
from minerva.layers.abstraction.uploads.arriving import Arriving
from minerva.layers.abstraction.uploads.store import Finished, Staging, Tail, UploadStore
from minerva.layers.abstraction.uploads.upload import Upload

log = structlog.get_logger()

STEP = 64 * 1024 * 1024
"""An upload of unknown size holds so much of the quota at a time."""


@dataclass(frozen=True)
class UploadLimits:
    """What uploads may take."""

    max_bytes: int
    """Of one upload."""
    quota_bytes: int
    """Of all uploads of one tenant; 0: no quota."""
    keep_s: float
    """How long something stays that nobody goes on with."""


@dataclass(frozen=True)
class Uploads:
    """The use cases of data that is sent."""

    store: UploadStore
    staging: Staging
    finished: Finished
    registry: Registry
    problem: ProblemOf
    limits: UploadLimits
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def begin(
        self, tenant: str, service: str, layout: Layout, size: int | None, upload_id: str = ""
    ) -> Upload:
        """Make room for an upload. Raises NotFound, InvalidInput or TooLarge."""
        self._declaration(tenant, service)
        layout.check()
        self._check_size(size)
        now = self.now()
        upload = Upload(
            id=upload_id or self.new_id(),
            tenant=tenant,
            service=service,
            layout=layout,
            size=size,
            held=size or 0,
            digest=None,
            rows=None,
            created_at=now,
            touched_at=now,
        )
        self.store.add(upload, self.limits.quota_bytes)
        log.info("upload.begun", upload=upload.id, service=service, bytes=size)
        return upload

    def get(self, tenant: str, upload_id: str) -> tuple[Upload, int]:
        """Return an upload and how many bytes have come. Raises NotFound."""
        upload = self.store.get(tenant, upload_id)
        if upload is None:
            raise NotFound(f"There is no upload {upload_id!r}: it is done with, or was given up.")
        if upload.complete:
            return upload, upload.size or 0
        return upload, self.staging.size(upload_id)

    def declare_size(self, tenant: str, upload_id: str, size: int) -> None:
        """Say how large an upload will be. Raises Conflict if it was said otherwise before."""
        self._check_size(size)
        if not self.store.set_size(tenant, upload_id, size):
            raise Conflict("The upload's size was told before, and it was another one.")

    def append(
        self, tenant: str, upload_id: str, offset: int, pieces: Iterable[bytes]
    ) -> tuple[Upload, int]:
        """Add bytes at `offset`; the last one completes the upload. Returns as `get`.

        What has come stays, also if the pieces end with an error. Data that does not fit ends the
        upload: nothing is left of it. Raises NotFound, Conflict (another offset, another appender),
        InvalidInput, InvalidBody, TooLarge, Unavailable.
        """
        upload, _ = self.get(tenant, upload_id)
        if upload.complete:
            raise Conflict(f"The upload is complete: train with {{'upload': {upload_id!r}}}.")
        with self.staging.appending(upload_id) as tail:
            if tail.size != offset:
                raise Conflict(f"The upload has {tail.size} bytes: go on from there.")
            try:
                self._receive(upload, tail, pieces)
                self._finish(upload, tail)
            except (InvalidInput, InvalidBody, TooLarge) as error:
                if not isinstance(error, InvalidBody) or error.faults:  # else it was only cut off
                    self._forget(upload)
                raise
        return self.get(tenant, upload_id)

    def receive(
        self,
        tenant: str,
        service: str,
        layout: Layout,
        pieces: Iterable[bytes],
        size: int | None = None,
    ) -> Upload:
        """Take an upload that comes at once, or nothing of it."""
        upload = self.begin(tenant, service, layout, size)
        try:
            with self.staging.appending(upload.id) as tail:
                self._receive(upload, tail, pieces)
                if upload.size is None:
                    self.store.set_size(tenant, upload.id, tail.size)
                upload, _ = self.get(tenant, upload.id)
                self._finish(upload, tail)
        except BaseException:
            self._forget(upload)
            raise
        return self.get(tenant, upload.id)[0]

    def remove(self, tenant: str, upload_id: str) -> None:
        """Give an upload up. Raises NotFound, or Conflict while a job needs it."""
        upload, _ = self.get(tenant, upload_id)
        self.store.remove(tenant, upload_id)
        self._remove_bytes(upload)
        log.info("upload.removed", upload=upload_id)

    def demand(self, tenant: str, service: str, upload_id: str) -> Upload:
        """Return a complete upload for a service. Raises NotFound or Conflict."""
        upload, offset = self.get(tenant, upload_id)
        if upload.service != service:
            raise Conflict(f"The upload is for service {upload.service!r}, not for {service!r}.")
        if not upload.complete:
            whole = "an unknown number" if upload.size is None else upload.size
            raise Conflict(f"The upload is not complete: {offset} of {whole} bytes have come.")
        return upload

    def use(self, tenant: str, upload_id: str, job_id: str) -> None:
        """Keep an upload until a job has ended. Raises NotFound."""
        if not self.store.use(tenant, upload_id, job_id):
            raise NotFound("The uploaded data is no longer there: send it again.")

    def fetch(self, tenant: str, upload_id: str, folder: Path) -> Path:
        """Return a complete upload as a local file, which nobody changes."""
        if self.store.get(tenant, upload_id) is None:
            raise NotFound("The uploaded data is no longer there: send it again.")
        return self.finished.fetch(upload_id, folder)

    def sweep(self) -> None:
        """Remove what nobody needs any more; safe to be done by many at once."""
        now = self.now()
        long_ago = now - timedelta(seconds=self.limits.keep_s)
        for upload in self.store.outdated(long_ago, long_ago):
            with suppress(Conflict):  # a job began to need it just now
                self.store.remove(upload.tenant, upload.id)
                self._remove_bytes(upload)
                log.info("upload.removed", upload=upload.id, tenant=upload.tenant)
        left = self.staging.stale(long_ago)
        for upload_id in set(left) - self.store.known(left):
            self.staging.remove(upload_id)

    def _receive(self, upload: Upload, tail: Tail, pieces: Iterable[bytes]) -> None:
        """Write and look at what comes, piece by piece."""
        arriving = Arriving.at(tail, upload.layout, self._problem(upload))
        limit = self.limits.max_bytes if upload.size is None else upload.size
        held = upload.held
        try:
            for piece in pieces:
                if tail.size + len(piece) > limit:
                    raise self._too_much(upload, limit)
                if tail.size + len(piece) > held:
                    held = tail.size + max(STEP, len(piece))
                    self._hold(upload, held)
                tail.append(piece)
                arriving.look(piece)
            self._hold(upload, held)
        finally:
            tail.settle()
            arriving.keep()

    def _finish(self, upload: Upload, tail: Tail) -> None:
        """Complete an upload of which all is there; a repeated call does the same again."""
        upload, _ = self.get(upload.tenant, upload.id)
        if upload.size is None or tail.size < upload.size:
            return
        rows = Arriving.at(tail, upload.layout, self._problem(upload)).end()
        if rows < MIN_ROWS:
            raise InvalidInput(f"The data has {rows} rows; at least {MIN_ROWS} are needed.")
        digest = _digest(tail.pieces(0))
        self.finished.put(upload.id, tail.path)
        self.store.complete(upload.tenant, upload.id, digest, rows, upload.size, self.now())
        self.staging.remove(upload.id)
        log.info("upload.completed", upload=upload.id, rows=rows, bytes=upload.size)

    def _hold(self, upload: Upload, size: int) -> None:
        quota = self.limits.quota_bytes
        self.store.hold(upload.tenant, upload.id, size, quota, self.now())

    def _forget(self, upload: Upload) -> None:
        """Leave nothing of an upload that failed; what cannot be removed now is swept later."""
        with suppress(MinervaError):
            self.store.remove(upload.tenant, upload.id)
        with suppress(MinervaError):
            self._remove_bytes(upload)

    def _remove_bytes(self, upload: Upload) -> None:
        self.staging.remove(upload.id)
        self.finished.remove(upload.id)

    def _declaration(self, tenant: str, service: str) -> ServiceDeclaration:
        return parse(self.registry.configuration(tenant, service).declaration)

    def _problem(self, upload: Upload) -> Problem:
        return self.problem(self._declaration(upload.tenant, upload.service))

    def _check_size(self, size: int | None) -> None:
        if size is not None and size > self.limits.max_bytes:
            raise TooLarge(
                f"Uploads have at most {self.limits.max_bytes} bytes (setting max_upload_bytes)."
            )

    def _too_much(self, upload: Upload, limit: int) -> TooLarge:
        if upload.size is not None:
            return TooLarge(f"More than the announced {limit} bytes came.")
        return TooLarge(f"Uploads have at most {limit} bytes (setting max_upload_bytes).")


def _digest(pieces: Iterable[bytes]) -> str:
    running = hashlib.sha256()
    for piece in pieces:
        running.update(piece)
    return running.hexdigest()
