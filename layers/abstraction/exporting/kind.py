"""Kind `export`: write one version of a service as a single file to a place that calls may name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from minerva.errors import Conflict, Fault, InvalidInput
from minerva.layers.abstraction.exporting.archive import SUFFIXES, write_archive
from minerva.layers.abstraction.exporting.contents import contents
from minerva.layers.abstraction.jobs.job import NewJob, Queue
from minerva.layers.abstraction.jobs.kind import Attempt
from minerva.layers.abstraction.jobs.places import Places
from minerva.layers.abstraction.registry.manifest import verify
from minerva.layers.abstraction.registry.records import CHAMPION, Configuration, Version
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.registry.store import ArtefactStore
from minerva.layers.abstraction.trust.signing import Signer

PARAMETERS = ("version", "to", "overwrite")
CHUNK = 1024 * 1024


class Output(Protocol):
    """Where whole files are put, by path or URL."""

    def digest(self, place: str) -> str | None:
        """Return the SHA-256 (hex) of what is there; None if nothing is. Raises Unavailable."""

    def put(self, file: Path, place: str, *, overwrite: bool) -> bool:
        """Put a file there at once, or return False where something is and stays. Raises Unavailable."""


@dataclass(frozen=True)
class Exporting:
    """Packs a version, and puts it where it is wanted."""

    registry: Registry
    artefacts: ArtefactStore
    signer: Signer
    places: Places
    output: Output
    name = "export"
    queue = Queue.BATCH
    apart = True
    backoff = None

    def check(self, configuration: Configuration, payload: dict[str, Any]) -> dict[str, Any]:
        """Decide which version it is; what is there already is refused unless `overwrite`."""
        _check_types(payload)
        tenant, service = configuration.tenant, configuration.service
        version = self._version(tenant, service, payload.get("version"))
        place = self._place(payload["to"])
        overwrite = bool(payload.get("overwrite", False))
        local = Path(place)
        if "://" not in place and not overwrite and local.exists():
            raise _there(payload["to"])
        if "://" not in place and local.is_dir():
            raise _misfit("/to", "is a folder: name the file")
        return {"version": version.number, "to": payload["to"], "overwrite": overwrite}

    def work(self, job: NewJob, attempt: Attempt) -> dict[str, Any]:
        """Return where the file is, and its size and digest; done twice, it comes out the same."""
        asked = job.payload
        place = self._place(asked["to"])
        version = self._version(job.tenant, job.service, asked["version"])
        attempt.progress(0.1, "fetching the version")
        folder = self.artefacts.fetch(version.digest)
        verify(folder, version.digest, self.signer)
        attempt.progress(0.3, "packing it")
        attempt.folder.mkdir(parents=True, exist_ok=True)
        file = attempt.folder / f"export{_suffix(place)}"
        own = version.manifest.get("signed_by") == self.signer.id
        write_archive(file, contents(version, folder, self.signer.public_key() if own else None))
        digest = _sha256(file)
        attempt.progress(0.9, "putting it in its place")
        put = self.output.put(file, place, overwrite=asked["overwrite"])
        if not put and self.output.digest(place) != digest:  # else an attempt before did it
            raise _there(asked["to"])
        return {
            "version": version.number,
            "digest": version.digest,
            "to": asked["to"],
            "bytes": file.stat().st_size,
            "sha256": digest,
        }

    def _version(self, tenant: str, service: str, number: int | None) -> Version:
        if number is None:
            number = self.registry.aliases(tenant, service).get(CHAMPION)
            if number is None:
                raise Conflict(f"Service {service!r} has no champion yet: say which version.")
        version = self.registry.version(tenant, service, number)
        if version.pruned_at is not None:
            raise Conflict(f"The files of version {number} were pruned: nothing is left to export.")
        return version

    def _place(self, named: str) -> str:
        place = self.places.resolve(named)
        if urlsplit(place).scheme in {"http", "https"}:
            raise _misfit("/to", "cannot be an http address: name a file or another URL")
        return place


def _check_types(payload: dict[str, Any]) -> None:
    stranger = next((name for name in payload if name not in PARAMETERS), None)
    if stranger is not None:
        raise _misfit(f"/{stranger}", f"not known here; known are {', '.join(PARAMETERS)}")
    version, to = payload.get("version"), payload.get("to")
    if version is not None and type(version) is not int:
        raise _misfit("/version", "expected the number of a version")
    if not isinstance(to, str) or not _suffix(to):
        raise _misfit("/to", f"expected a file that ends in {' or '.join(SUFFIXES)}")
    if not isinstance(payload.get("overwrite", False), bool):
        raise _misfit("/overwrite", "expected true or false")


def _suffix(name: str) -> str:
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), "")


def _sha256(file: Path) -> str:
    running = hashlib.sha256()
    with file.open("rb") as content:
        while piece := content.read(CHUNK):
            running.update(piece)
    return running.hexdigest()


def _there(named: str) -> Conflict:
    return Conflict(
        f"There is something at {named!r} already: say `overwrite`, or name another file."
    )


def _misfit(where: str, message: str) -> InvalidInput:
    return InvalidInput("The export cannot be made so.", faults=[Fault(where, message)])
