"""Kind `profile`: look at a service's data, or at other that is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from minerva.errors import InvalidInput
from minerva.layers.abstraction.jobs.data import brought_data, check_data
from minerva.layers.abstraction.jobs.job import NewJob, Queue
from minerva.layers.abstraction.jobs.kind import Attempt
from minerva.layers.abstraction.profiling.profile import Profile
from minerva.layers.abstraction.registry.records import Configuration
from minerva.layers.abstraction.registry.store import ConfigurationStore
from minerva.layers.abstraction.services.environment import expand
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.training.called import CalledData, declared_origin
from minerva.layers.abstraction.training.source import OpenSource

CHUNK_ROWS = 10_000
TOLD_AT_ROWS = 1_000_000
"""So many rows count as half of the work, as nobody knows how many there are."""


@dataclass(frozen=True)
class Profiling:
    """Reads all rows once, and keeps little of them."""

    configurations: ConfigurationStore
    called: CalledData
    open_source: OpenSource
    environment: Mapping[str, str]
    name = "profile"
    queue = Queue.BATCH
    apart = True
    backoff = None

    def check(self, configuration: Configuration, payload: dict[str, Any]) -> dict[str, Any]:
        """Take data other than the declared; without either there is nothing to look at."""
        kept = check_data(self.called, configuration, payload, "A profile")
        if not kept and parse(configuration.declaration).data is None:
            raise InvalidInput(
                f"Service {configuration.service!r} declares no data: name some in `data`."
            )
        return kept

    def work(self, job: NewJob, attempt: Attempt) -> dict[str, Any]:
        """Return the report."""
        found = self.configurations.get(job.tenant, job.service, job.configuration_revision)
        declaration = parse(found.declaration if found is not None else {})
        brought = brought_data(self.called, job, attempt)
        if brought is not None:
            data, origin = brought.declaration, brought.origin
        elif declaration.data is not None:
            data, origin = (
                expand(declaration.data, self.environment),
                declared_origin(declaration.data),
            )
        else:
            raise InvalidInput(f"Service {job.service!r} declares no data.")
        profile = Profile(declaration.schema, data.decimal)
        for frame in self.open_source(data).frames(CHUNK_ROWS):
            profile.add(frame)
            share = profile.rows / (profile.rows + TOLD_AT_ROWS)
            attempt.progress(share, f"{profile.rows} rows")
        return {"origin": origin, **profile.report()}
