"""Taking a bundle's services into this workspace: all of it, or nothing."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from minerva.errors import Conflict, Fault, InvalidConfiguration, MinervaError, Unavailable
from minerva.layers.abstraction.plugins.catalogue import Catalogue, provenance
from minerva.layers.abstraction.registry.following import lender_of
from minerva.layers.abstraction.registry.manifest import verify
from minerva.layers.abstraction.registry.records import CHAMPION, DEFAULT_TENANT, NewVersion
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.registry.store import ArtefactStore
from minerva.layers.abstraction.services.folder import FOLDERS, Among, read_services
from minerva.layers.abstraction.services.parsing import Check
from minerva.layers.abstraction.sharing.bundle import VERSIONS, Bundle, Given, read_bundle
from minerva.layers.abstraction.trust.signing import Signer
from minerva.layers.abstraction.trust.unpacking import unpack

MAX_BYTES = 16 * 1024**3
MAX_FILES = 10_000


@dataclass(frozen=True)
class Taken:
    """What came of a bundle."""

    bundle: Bundle
    files: tuple[str, ...]
    """Service files that were written; the others were there already, word for word."""
    versions: Mapping[str, int]
    """Service → the number that its version has here."""
    held: Mapping[str, str]
    """Service → why its version does not serve here."""


@dataclass(frozen=True)
class Taking:
    """Takes bundles into one workspace."""

    workspace: Path
    scratch: Path
    catalogue: Callable[[], Catalogue]
    check: Check
    among: Among
    declare: Callable[[], object]
    """Brings the workspace's service files into the registry."""
    registry: Registry
    artefacts: ArtefactStore
    signer: Signer
    now: Callable[[], datetime]

    def take(self, archive: Path, *, force: bool, author: str) -> Taken:
        """Take every service and version of a bundle.

        A version becomes champion where the service has none and it repeats its goldens. Raises
        InvalidData for what is no bundle, InvalidConfiguration for services that cannot be used here,
        Conflict for files that are there and differ (unless `force`), and for versions that no trusted
        key signed. Then nothing was taken.
        """
        with self._unpacked(archive) as folder:
            bundle = read_bundle(folder)
            self._check_plugins(bundle)
            self._check_services(folder, bundle)
            for one in bundle.versions:
                verify(folder / VERSIONS / one.digest, one.digest, self.signer)
            written = self._write(folder, bundle, force=force)
            if bundle.versions:
                self.declare()
            versions = {one.service: self._register(folder, one) for one in bundle.versions}
            held = {name: why for name in versions if (why := self._serve(name, versions, author))}
            return Taken(bundle, written, versions, held)

    @contextmanager
    def _unpacked(self, archive: Path) -> Iterator[Path]:
        place = self.scratch / f"bundle-{uuid.uuid4().hex}"
        try:
            self.scratch.mkdir(parents=True, exist_ok=True)
            unpack(archive, place, max_bytes=MAX_BYTES, max_files=MAX_FILES)
            yield place
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _check_plugins(self, bundle: Bundle) -> None:
        """Name the plugins that are not here, which only their owner can bring."""
        catalogue = self.catalogue()
        missing = [
            Fault(one.plugin, f"brings the algorithm {one.algorithm}: copy it here first")
            for one in bundle.plugins
            if one.algorithm not in catalogue.algorithms
        ]
        if missing:
            raise InvalidConfiguration(
                "The bundle needs plugins that are not here.", faults=missing
            )

    def _check_services(self, folder: Path, bundle: Bundle) -> None:
        found = read_services(folder, self.check, self.among)
        if found.problems:
            raise InvalidConfiguration(
                "The bundle's services cannot be used here.", faults=found.problems
            )
        odd = {one.service for one in found.services} ^ set(bundle.services)
        if odd:
            raise InvalidConfiguration(f"The bundle is not about service {min(odd)!r}.")
        mine = read_services(self.workspace, lambda _: None).files
        faults = [
            Fault(mine[name].name, f"declares the service {name!r} already")
            for name, path in found.files.items()
            if name in mine and mine[name].name != path.name
        ]
        if faults:
            raise InvalidConfiguration("A service of the bundle is here already.", faults=faults)

    def _write(self, folder: Path, bundle: Bundle, *, force: bool) -> tuple[str, ...]:
        """Put service files in their places; those that differ from what is there only by force."""
        names = [name for name in bundle.files if name.partition("/")[0] in FOLDERS]
        differing = [name for name in names if not _same(folder / name, self.workspace / name)]
        there = [name for name in differing if (self.workspace / name).exists()]
        if there and not force:
            faults = [Fault(name, "is here already and says something else") for name in there]
            raise Conflict("Nothing was taken: --force writes over what is here.", faults=faults)
        for name in differing:
            _put(folder / name, self.workspace / name)
        return tuple(differing)

    def _register(self, folder: Path, given: Given) -> int:
        place = folder / VERSIONS / given.digest
        manifest = verify(place, given.digest, self.signer)
        configuration = self.registry.configuration(DEFAULT_TENANT, given.service)
        self.artefacts.put(given.digest, place)
        version = self.registry.version_store.register(
            NewVersion(
                tenant=DEFAULT_TENANT,
                service=given.service,
                digest=given.digest,
                manifest=manifest,
                metrics=given.metrics,
                configuration_revision=configuration.revision,
                job_id=None,
                created_at=self.now(),
            )
        )
        return version.number

    def _serve(self, service: str, versions: Mapping[str, int], author: str) -> str:
        """Let a version be champion where there is none; return why not, if it cannot be."""
        follows = lender_of(self.registry.configuration(DEFAULT_TENANT, service)) is not None
        if follows or CHAMPION in self.registry.aliases(DEFAULT_TENANT, service):
            return ""
        number, reason = versions[service], "taken from a bundle"
        try:
            self.registry.promote(DEFAULT_TENANT, service, number, author=author, reason=reason)
        except MinervaError as error:
            return error.message
        return ""


def differing_plugins(bundle: Bundle, catalogue: Catalogue) -> list[str]:
    """Return the plugins whose source here is another one than where the bundle was made."""
    return [
        one.plugin
        for one in bundle.plugins
        if one.digest and provenance(catalogue, one.algorithm).get("digest") != one.digest
    ]


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()


def _put(source: Path, target: Path) -> None:
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, draft)
        draft.replace(target)
    except OSError as error:
        raise Unavailable(f"{target} cannot be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)
