"""Packing services of this workspace into a bundle."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from minerva.errors import Conflict, Fault, InvalidConfiguration
from minerva.layers.abstraction.exporting.archive import write_archive
from minerva.layers.abstraction.flows.among import asked
from minerva.layers.abstraction.plugins.catalogue import Catalogue, provenance
from minerva.layers.abstraction.registry.manifest import verify
from minerva.layers.abstraction.registry.records import CHAMPION, DEFAULT_TENANT, Version
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.registry.store import ArtefactStore
from minerva.layers.abstraction.services.extending import read_extended
from minerva.layers.abstraction.services.folder import service_file
from minerva.layers.abstraction.services.lending import VERSIONS_OF
from minerva.layers.abstraction.services.parsing import ANYONE
from minerva.layers.abstraction.services.yaml_file import YamlFile
from minerva.layers.abstraction.sharing.bundle import (
    BUNDLE,
    FORMAT,
    VERSIONS,
    Bundle,
    Given,
    Needed,
    sha256,
)
from minerva.layers.abstraction.trust.signing import Signer
from minerva.settings import mask_password

_REFERENCE = re.compile(r"\$\{\w+\}")


@dataclass(frozen=True)
class Giving:
    """Packs what one workspace gives."""

    workspace: Path
    catalogue: Callable[[], Catalogue]
    registry: Registry
    artefacts: ArtefactStore
    signer: Signer

    def give(self, services: Sequence[str], target: Path, *, with_versions: bool) -> Bundle:
        """Write a bundle of services, and of those whose versions they answer with, to a file.

        Raises InvalidConfiguration for a service that is not there, or a file with a password in it;
        Conflict for a service whose champion's files are gone.
        """
        files: dict[str, YamlFile] = {}
        named: dict[str, str] = {}
        for service in services:
            self._gather(service, files, named)
        _refuse_passwords(files)
        content: dict[str, Path | bytes] = {name: file.path for name, file in files.items()}
        given = [self._version(name, content) for name in named] if with_versions else []
        bundle = Bundle(
            format=FORMAT,
            services=tuple(named),
            files={name: sha256(one) for name, one in content.items()},
            plugins=tuple(self._plugins(named.values())),
            versions=tuple(one for one in given if one is not None),
        )
        write_archive(target, {**content, BUNDLE: _text(bundle)})
        return bundle

    def _gather(self, service: str, files: dict[str, YamlFile], named: dict[str, str]) -> None:
        """Add a service's files, and its algorithm; and services that it extends, answers for or asks."""
        if service in named:
            return
        path = service_file(self.workspace, service)
        extended = read_extended(path)
        top = self.workspace.resolve()
        for file in extended.files:
            files[file.path.resolve().relative_to(top).as_posix()] = file
        value = extended.value if isinstance(extended.value, dict) else {}
        if value.get("share", ANYONE) != ANYONE:
            fault = Fault(extended.locate("/share"), f"says {value['share']}, not {ANYONE}")
            raise InvalidConfiguration(f"{service} stays in its workspace.", faults=[fault])
        named[service] = str(value.get("algorithm", ""))
        near = path.resolve().parent
        others = (*_siblings(extended.files[1:], near), value.get(VERSIONS_OF), *asked(value))
        for other in others:
            if isinstance(other, str):
                self._gather(other, files, named)

    def _plugins(self, algorithms: Any) -> Iterator[Needed]:
        catalogue = self.catalogue()
        for algorithm in sorted(set(algorithms)):
            source = catalogue.source_of(algorithm)
            if source is not None:
                origin = provenance(catalogue, algorithm)
                yield Needed(algorithm=algorithm, plugin=origin["plugin"], digest=origin["digest"])

    def _version(self, service: str, content: dict[str, Path | bytes]) -> Given | None:
        """Add the champion's files; None if the service has none."""
        version = self._champion(service)
        if version is None:
            return None
        folder = self.artefacts.fetch(version.digest)
        verify(folder, version.digest, self.signer)
        for path in folder.rglob("*"):
            if path.is_file():
                name = f"{VERSIONS}/{version.digest}/{path.relative_to(folder).as_posix()}"
                content[name] = path
        return Given(service=service, digest=version.digest, metrics=version.metrics, champion=True)

    def _champion(self, service: str) -> Version | None:
        if self.registry.configurations.latest(DEFAULT_TENANT, service) is None:
            return None
        number = self.registry.aliases(DEFAULT_TENANT, service).get(CHAMPION)
        if number is None:
            return None
        version = self.registry.version(DEFAULT_TENANT, service, number)
        if version.pruned_at is not None:
            raise Conflict(f"The files of version {number} of {service!r} were pruned.")
        return version


def _siblings(bases: Sequence[YamlFile], top: Path) -> Iterator[str]:
    """Yield the bases that are services themselves: files of the folder, not of one in it."""
    for base in bases:
        if base.path.resolve().parent == top:
            yield base.path.stem


def _refuse_passwords(files: dict[str, YamlFile]) -> None:
    """Raise InvalidConfiguration for passwords that would leave the house."""
    faults = [
        Fault(file.locate(where), "holds a password: write ${NAME}, for what the environment says")
        for file in files.values()
        for where, text in _texts(file.value, "")
        if _secret(_REFERENCE.sub("", text))
    ]
    if faults:
        raise InvalidConfiguration("A bundle holds no secrets.", faults=faults)


def _secret(url: str) -> bool:
    return mask_password(url).replace("***", "") != url


def _texts(value: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _texts(one, f"{where}/{name}")
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _texts(one, f"{where}/{index}")
    elif isinstance(value, str) and "://" in value:
        yield where, value


def _text(bundle: Bundle) -> bytes:
    return msgspec.json.format(msgspec.json.encode(bundle, order="sorted"), indent=2) + b"\n"
