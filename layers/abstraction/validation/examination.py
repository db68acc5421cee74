"""A service looked over for a person who is no expert: its data, and the version that serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from minerva.errors import InvalidData, MinervaError
from minerva.layers.abstraction.drift.bins import Bins
from minerva.layers.abstraction.drift.stored import read_bins
from minerva.layers.abstraction.plugins.catalogue import Catalogue
from minerva.layers.abstraction.problems.problem import problem_of
from minerva.layers.abstraction.registry.records import APPRAISAL, CHAMPION, DEFAULT_TENANT, Version
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.registry.store import ArtefactStore
from minerva.layers.abstraction.runtimes.choice import needs_data
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.environment import expand
from minerva.layers.abstraction.services.revisions import learnt_from
from minerva.layers.abstraction.training.data import read_training_data
from minerva.layers.abstraction.training.source import OpenSource
from minerva.layers.abstraction.validation.advice import advise
from minerva.layers.abstraction.validation.finding import Finding
from minerva.layers.abstraction.validation.report import look

FEW_HELD_OUT = 100
OFF = 0.1
"""Mean distance between told chances and what came true."""


@dataclass(frozen=True)
class Looked:
    """What was seen of a service's data."""

    rows: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class DataExamination:
    """Looks at declared data."""

    catalogue: Callable[[], Catalogue]
    open_source: OpenSource
    environment: Mapping[str, str]

    def look(self, declaration: ServiceDeclaration, before: Bins | None = None) -> Looked:
        """Read all rows and return what is worth knowing; `before`: how the champion's were spread.

        Rows that nothing can be learnt from are a finding. Raises InvalidConfiguration, and
        Unavailable where the data cannot be read at all.
        """
        catalogue = self.catalogue()
        algorithm = catalogue.find(declaration.algorithm)
        if declaration.data is None or not needs_data(catalogue, declaration):
            return Looked(0, ())
        problem = problem_of(algorithm, declaration)
        source = self.open_source(expand(declaration.data, self.environment))
        try:
            data = read_training_data(source, problem, declaration.data.decimal).data
        except InvalidData as error:
            places = "; ".join(map(str, error.faults))
            says = f"{error.message} ({places})" if places else error.message
            return Looked(0, (Finding("data", says, "Mend the data, or what the schema says."),))
        return Looked(len(data), tuple(advise(declaration, data, look(data, before))))


@dataclass(frozen=True)
class Examination:
    """Looks at a service of the workspace's own tenant."""

    data: DataExamination
    registry: Registry
    artefacts: ArtefactStore

    def champion(self, service: str) -> Version | None:
        """Return the version that serves, if any."""
        if self.registry.configurations.latest(DEFAULT_TENANT, service) is None:
            return None
        number = self.registry.aliases(DEFAULT_TENANT, service).get(CHAMPION)
        return None if number is None else self.registry.version(DEFAULT_TENANT, service, number)

    def look(self, declaration: ServiceDeclaration) -> Looked:
        """Return what is worth knowing of the declared data, compared with what the champion knew."""
        version = self.champion(declaration.service)
        return self.data.look(
            declaration, None if version is None else self._bins(version, declaration)
        )

    def version(self, declaration: ServiceDeclaration, version: Version) -> list[Finding]:
        """Return what is worth knowing of the version that serves."""
        manifest = version.manifest
        return [
            *self._changed(declaration, version),
            *_worth(manifest),
            *_measured(manifest),
            *_unused(declaration, manifest.get(APPRAISAL) or {}),
        ]

    def _bins(self, version: Version, declaration: ServiceDeclaration) -> Bins | None:
        inputs = declaration.schema.to_json().get("inputs")
        if version.manifest["schema"].get("inputs") != inputs:
            return None
        try:
            return read_bins(self.artefacts.fetch(version.digest), declaration.schema)
        except MinervaError:
            return None

    def _changed(self, declaration: ServiceDeclaration, version: Version) -> Iterator[Finding]:
        made = self.registry.configurations.get(
            DEFAULT_TENANT, declaration.service, version.configuration_revision
        )
        if made is None or declaration.versions_of is not None:
            return
        if learnt_from(made.declaration) != learnt_from(declaration.to_json()):
            yield Finding(
                "version",
                f"Version {version.number} was made before the service was changed.",
                f"minerva train {declaration.service}",
            )


def _worth(manifest: Mapping[str, Any]) -> Iterator[Finding]:
    baseline = manifest.get("baseline")
    if baseline is not None and not baseline["beaten"]:
        yield Finding(
            "worth",
            f"The model is no better than {baseline['answer']}: it is not worth using.",
            "Bring fields that have to do with the answer, more rows, or another algorithm.",
        )


def _measured(manifest: Mapping[str, Any]) -> Iterator[Finding]:
    held_out = (manifest.get("data") or {}).get("held_out_rows")
    if held_out is not None and held_out < FEW_HELD_OUT:
        yield Finding(
            "evaluation",
            f"It was measured on {held_out} rows only: its metrics may be luck.",
            "Bring more rows, or raise `training: {holdout: …}`.",
        )
    calibration = (manifest.get(APPRAISAL) or {}).get("calibration")
    if calibration is not None and calibration["error"] > OFF:
        yield Finding(
            "chances",
            f"Its chances of {calibration['of']} are off by {calibration['error']:.0%} on average.",
            "Take them as an order, not as shares, or bring more rows.",
        )


def _unused(declaration: ServiceDeclaration, appraisal: Mapping[str, Any]) -> Iterator[Finding]:
    told = {one["field"]: one["worse_by"] for one in appraisal.get("importance", ())}
    idle = [name for name, by in told.items() if by <= 0 and name in declaration.schema.features]
    if idle and len(idle) < len(told):
        yield Finding(
            "fields",
            f"The model does not go by {', '.join(idle)}: its answers are as good without.",
            "Write `use: false` for what callers find hard to bring, and train again.",
        )
