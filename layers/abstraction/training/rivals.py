"""What a new version is compared with, on the rows that it has not learnt from: versions that serve."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from minerva.algorithm import TrainingData
from minerva.errors import Conflict, MinervaError
from minerva.layers.abstraction.problems.problem import Problem
from minerva.layers.abstraction.registry.records import CHAMPION, Version
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.serving.loading import LoadedVersion, Loader
from minerva.layers.abstraction.serving.terms import Terms
from minerva.layers.abstraction.training.judging import evaluate_model
from minerva.schema import Batch, Schema

log = structlog.get_logger()


@dataclass(frozen=True)
class Rivals:
    """Versions that serve, as they are at the moment."""

    registry: Registry
    loader: Loader

    def champion(
        self, version: Version, problem: Problem, rows: TrainingData, terms: Terms
    ) -> dict[str, float] | None:
        """Return the metrics of the service's own champion; None if that cannot be done."""
        number = self.registry.aliases(version.tenant, version.service).get(CHAMPION)
        if number is None or number == version.number or not len(rows):
            return None
        try:
            champion = self._load(version.tenant, version.service, number, terms)
            return _metrics_on(problem, rows, champion)
        except MinervaError as error:
            log.warning("champion.not_compared", version=number, reason=error.message)
            return None

    def other(
        self, tenant: str, service: str, problem: Problem, rows: TrainingData
    ) -> dict[str, float]:
        """Return the metrics of another service's champion.

        Raises NotFound if there is none, Conflict if it asks or answers something else, AlgorithmFailed.
        """
        number = self.registry.aliases(tenant, service).get(CHAMPION)
        if number is None:
            raise Conflict(f"Service {service!r} has no champion yet.")
        rival = self._load(tenant, service, number, Terms())
        algorithm = rival.version.manifest["algorithm"]
        return evaluate_model(problem, algorithm, rival.model, _as_asked(rows, rival.schema))

    def _load(self, tenant: str, service: str, number: int, terms: Terms) -> LoadedVersion:
        return self.loader.load(self.registry.version(tenant, service, number), terms)


def _metrics_on(problem: Problem, rows: TrainingData, champion: LoadedVersion) -> dict[str, float]:
    """Return the champion's metrics on these rows, or its own if it asks for other inputs.

    Raises Conflict if it answers with another output, AlgorithmFailed if it fails.
    """
    schema = rows.inputs.schema
    if champion.schema.output != schema.output:
        raise Conflict("The champion answers with another output.")
    if champion.schema.inputs != schema.inputs:
        return champion.version.metrics
    algorithm = champion.version.manifest["algorithm"]
    return evaluate_model(problem, algorithm, champion.model, rows)


def _as_asked(rows: TrainingData, schema: Schema) -> TrainingData:
    """Return the rows as another service asks for them. Raises Conflict if they do not have it all."""
    ours = rows.inputs
    if schema.output != ours.schema.output:
        raise Conflict("It answers with another output.")
    foreign = [
        name
        for name in schema.features
        if name not in ours.columns
        or schema.inputs[name].type != ours.schema.inputs[name].type
        or schema.inputs[name].values != ours.schema.inputs[name].values
    ]
    if foreign:
        raise Conflict(f"It asks for {', '.join(foreign)}, which the rows do not have alike.")
    columns = {name: ours.columns[name] for name in schema.features}
    return TrainingData(Batch(schema, columns, len(ours), ours.keys), rows.targets)
