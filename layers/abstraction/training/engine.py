"""The port to a cluster that trains where one machine is outgrown."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from minerva.algorithm import Algorithm, Progress, TrainingData
from minerva.cluster import Cluster, TrainsOnCluster
from minerva.errors import Fault, InvalidConfiguration
from minerva.layers.abstraction.problems.problem import Problem
from minerva.layers.abstraction.services.declaration import DataDeclaration, ServiceDeclaration
from minerva.schema import Batch, FieldType

WHERE = "/training/engine"


@dataclass(frozen=True, eq=False)
class Spread:
    """A service's rows, decoded, split and spread over the workers of a cluster."""

    cluster: Cluster
    """Holds the training rows."""
    rows: int
    """All of them, those held out too."""
    fingerprint: str
    held_out: TrainingData
    profiled: Batch
    """Enough training rows to tell how values are spread."""
    facts: Mapping[str, Any]
    """What a manifest says about the engine."""


class Engine(Protocol):
    """One cluster."""

    def spread(
        self,
        data: DataDeclaration,
        declaration: ServiceDeclaration,
        reading: Progress,
        training: Progress,
    ) -> AbstractContextManager[Spread]:
        """Read all rows on the workers; what lies there is removed at the end.

        `data` is the declaration's, environment references expanded; `reading` is told of until it
        yields, `training` then. Raises Unavailable (cluster or data away, worker lost), InvalidData as
        local training does, or InvalidConfiguration for workers that cannot do it.
        """


class Engines(Protocol):
    """What engines there are."""

    def check(self, engine: str) -> None:
        """Raise InvalidConfiguration for an address that is none, or where a library is missing.

        Quick and without the network; `engine` is as declared, its references not expanded.
        """

    def open(self, engine: str) -> Engine:
        """Return the engine at an address with its references expanded; connects nowhere yet."""


def check_engine(
    engines: Engines,
    declaration: ServiceDeclaration,
    algorithm: Algorithm,
    problem: Problem,
    *,
    apart: bool,
) -> None:
    """Raise InvalidConfiguration if the declared engine cannot train this service.

    `apart`: the algorithm trains in a process of its own.
    """
    engine = declaration.training.engine
    if engine is None:
        return
    engines.check(engine)
    _check_algorithm(algorithm, apart=apart)
    _check_problem(problem)
    _check_data(declaration)


def _check_algorithm(algorithm: Algorithm, *, apart: bool) -> None:
    if apart or not isinstance(algorithm, TrainsOnCluster):
        why = "in a process of its own" if apart else "on one machine only"
        raise InvalidConfiguration(
            f"Algorithm {algorithm.name} trains {why}: leave `engine` out, or take xgboost.classifier "
            "or xgboost.regressor.",
            faults=[Fault(WHERE, f"is nothing for {algorithm.name}")],
        )


def _check_problem(problem: Problem) -> None:
    if problem.split.by != "random":
        raise InvalidConfiguration(
            "An engine holds rows out at random, each worker its own: leave `split` out.",
            faults=[Fault("/training/split", f"by {problem.split.by} is nothing for an engine")],
        )
    if not problem.labelled:
        raise InvalidConfiguration(
            f"An engine needs the truth in every row, which {problem.kind.name} does not have.",
            faults=[Fault(WHERE, f"is nothing for {problem.kind.name}")],
        )


def _check_data(declaration: ServiceDeclaration) -> None:
    data, schema = declaration.data, declaration.schema
    if data is None:
        raise InvalidConfiguration(
            "An engine reads the data itself: add a `data:` part.",
            faults=[Fault(WHERE, "has no data to read")],
        )
    check_source(data)
    texts = [name for name in schema.features if schema.inputs[name].type is FieldType.TEXT]
    if texts:
        raise InvalidConfiguration(
            "An engine spreads numbers and categories: set `use: false` on text.",
            faults=[Fault(f"/schema/inputs/{name}", "is text") for name in texts],
        )


def check_source(data: DataDeclaration) -> None:
    """Raise InvalidConfiguration for data that workers cannot share out: declared, or named in a call."""
    if data.source == "ndjson":
        raise InvalidConfiguration(
            "An engine reads parquet, csv and sql: convert JSON lines to parquet.",
            faults=[Fault("/data/source", "is ndjson, which no engine reads")],
        )
    if data.source == "sql" and data.split_by is None:
        raise InvalidConfiguration(
            "Workers share out a query by ranges of one column: name it in `split_by` under `data`.",
            faults=[Fault("/data", "engine needs 'split_by', a column of whole numbers or dates")],
        )
