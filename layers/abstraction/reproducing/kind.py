"""Kind `reproduce`: train a version again as it was trained, and compare; nothing is registered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minerva.errors import Conflict, Fault, InvalidInput
from minerva.layers.abstraction.jobs.job import NewJob, Queue
from minerva.layers.abstraction.jobs.kind import Attempt
from minerva.layers.abstraction.registry.records import CHAMPION, Configuration, Version
from minerva.layers.abstraction.reproducing.comparison import compare
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.training.called import declared_origin
from minerva.layers.abstraction.training.versioning import Versioning


@dataclass(frozen=True)
class Reproducing:
    """Makes a version once more."""

    versioning: Versioning
    name = "reproduce"
    queue = Queue.TRAIN
    apart = True
    backoff = None

    def check(self, configuration: Configuration, payload: dict[str, Any]) -> dict[str, Any]:
        """Decide which version it is. Raises InvalidInput, NotFound, Conflict."""
        stranger = next((name for name in payload if name != "version"), None)
        if stranger is not None:
            raise _misfit(f"/{stranger}", "not known here; known is version")
        number = payload.get("version")
        if number is not None and type(number) is not int:
            raise _misfit("/version", "expected the number of a version")
        version = self._version(configuration.tenant, configuration.service, number)
        self._configuration(version)
        return {"version": version.number}

    def work(self, job: NewJob, attempt: Attempt) -> dict[str, Any]:
        """Return whether the same came out, and what differs."""
        version = self._version(job.tenant, job.service, job.payload["version"])
        configuration = self._configuration(version)
        again = self.versioning.repeat(
            configuration, progress=attempt.progress, scratch=attempt.folder
        )
        found = compare(version.manifest, again.manifest)
        return {
            "version": version.number,
            "identical": found.identical,
            "same_model": found.same_model,
            "verdict": found.verdict,
            "differences": list(found.differences),
            "metrics": {"then": version.manifest.get("metrics"), "now": again.manifest["metrics"]},
        }

    def _version(self, tenant: str, service: str, number: int | None) -> Version:
        registry = self.versioning.registry
        if number is None:
            number = registry.aliases(tenant, service).get(CHAMPION)
            if number is None:
                raise Conflict(f"Service {service!r} has no champion yet: say which version.")
        return registry.version(tenant, service, number)

    def _configuration(self, version: Version) -> Configuration:
        """Return what the version was trained by. Raises Conflict if that does not say its data."""
        configurations = self.versioning.registry.configurations
        revision = version.configuration_revision
        configuration = configurations.get(version.tenant, version.service, revision)
        if configuration is None:
            raise Conflict(f"Configuration revision {revision} is not there any more.")
        origin = version.manifest.get("data", {}).get("origin")
        if origin and origin != declared_origin(parse(configuration.declaration).data):
            raise Conflict(
                f"Version {version.number} was trained on data that a call brought, which the "
                "configuration does not name: train on it again, and compare the digests."
            )
        return configuration


def _misfit(where: str, message: str) -> InvalidInput:
    return InvalidInput("Nothing can be reproduced so.", faults=[Fault(where, message)])
