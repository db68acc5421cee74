"""How flows have services predict: through what serves here, or, in a job, by the champion of its time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from minerva.errors import Conflict
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.serving.answers import Answers
from minerva.layers.abstraction.serving.as_of import AS_OF
from minerva.layers.abstraction.serving.loading import LoadedVersion, Loader
from minerva.layers.abstraction.serving.predict import Predictor
from minerva.layers.abstraction.serving.question import Answer, Question
from minerva.layers.abstraction.serving.terms import Terms
from minerva.schema.columns import Columns


@dataclass(frozen=True)
class ServingAsks:
    """Asks as callers do: aliases, circuits, defaults, records and drift apply."""

    predictor: Predictor

    def ask(self, tenant: str, service: str, columns: Columns) -> Answer:
        """See `tenant_house.Asks`."""
        return self.predictor.predict(tenant, service, Question(columns=columns))

    def version(self, tenant: str, service: str) -> str | None:
        """See `tenant_house.Asks`."""
        live = self.predictor.live.get(tenant, service)
        return None if live is None or live.version is None else str(live.version.number)


@dataclass(frozen=True)
class PinnedAsks:
    """Asks the champion that there was when the job was accepted, else when it was first asked.

    So all rows of a job have one version, whichever attempt, part and worker they come from.
    """

    registry: Callable[[], Registry]
    loader: Loader
    _loaded: dict[tuple[str, str, datetime | None], LoadedVersion] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def ask(self, tenant: str, service: str, columns: Columns) -> Answer:
        """See `tenant_house.Asks`."""
        loaded = self._champion(tenant, service)
        batch = loaded.decoder.columns(columns)
        answers = Answers.of(batch, loaded.model.predict(batch))
        return Answer(answers, service, str(loaded.version.number), False, None)

    def version(self, tenant: str, service: str) -> str | None:
        """See `tenant_house.Asks`."""
        return str(self._champion(tenant, service).version.number)

    def _champion(self, tenant: str, service: str) -> LoadedVersion:
        moment = AS_OF.get()
        with self._lock:
            if (tenant, service, moment) not in self._loaded:
                registry = self.registry()
                number = registry.champion(tenant, service, moment)
                if number is None:
                    raise Conflict(f"Service {service!r} has no champion yet: train it first.")
                version = registry.version(tenant, service, number)
                self._loaded[tenant, service, moment] = self.loader.load(version, Terms())
            return self._loaded[tenant, service, moment]
