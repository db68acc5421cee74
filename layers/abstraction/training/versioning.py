"""From a configuration to a registered and, if it passes its gate, promoted version."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import structlog

from minerva.algorithm import Progress, TrainingData
from minerva.errors import MinervaError, Unavailable
from minerva.events import Training
from minerva.layers.abstraction.callbacks.tell import Tell, nobody
from minerva.layers.abstraction.callbacks.training import around_training
from minerva.layers.abstraction.drift.bins import Bins
from minerva.layers.abstraction.drift.stored import read_bins
from minerva.layers.abstraction.plugins.catalogue import Catalogue
from minerva.layers.abstraction.plugins.parameters import read_parameters
from minerva.layers.abstraction.problems.problem import Problem, problem_of
from minerva.layers.abstraction.registry.records import (
    CHAMPION,
    Configuration,
    NewVersion,
    Version,
)
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.registry.store import ArtefactStore
from minerva.layers.abstraction.runtimes.choice import check_runtime, trains_apart
from minerva.layers.abstraction.services.declaration import (
    DataChecks,
    DataDeclaration,
    ServiceDeclaration,
)
from minerva.layers.abstraction.services.environment import expand, expand_text
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.serving.loading import Loader
from minerva.layers.abstraction.serving.terms import Terms
from minerva.layers.abstraction.training.called import Brought, declared_origin
from minerva.layers.abstraction.training.engine import Engines, check_engine, check_source
from minerva.layers.abstraction.training.gate import (
    Verdict,
    check_gate,
    demand_better,
    demand_worth,
    judge,
)
from minerva.layers.abstraction.training.preparation import Preparation
from minerva.layers.abstraction.training.rivals import Rivals
from minerva.layers.abstraction.training.source import DataSource, OpenSource
from minerva.layers.abstraction.training.train import OnCluster, Trained, Trainer
from minerva.layers.abstraction.tuning.space import check_tuning
from minerva.schema import Schema

log = structlog.get_logger()

HOLD_BACK = "hold_back"


@dataclass(frozen=True)
class Versioning:
    """Makes versions: in a job's process, or at once for algorithms that need no data."""

    registry: Registry
    artefacts: ArtefactStore
    loader: Loader
    catalogue: Callable[[], Catalogue]
    prepare: Preparation
    trainer: Trainer
    open_source: OpenSource
    engines: Engines
    environment: Mapping[str, str]
    scratch: Path
    now: Callable[[], datetime]
    tell: Tell = nobody

    def check(self, declaration: ServiceDeclaration) -> None:
        """Raise InvalidConfiguration for an unknown algorithm, wrong parameters or gate."""
        algorithm = self.catalogue().find(declaration.algorithm)
        read_parameters(algorithm, declaration.parameters)
        check_runtime(algorithm, declaration)
        apart = trains_apart(algorithm, declaration)
        problem = problem_of(algorithm, declaration)
        check_engine(self.engines, declaration, algorithm, problem, apart=apart)
        check_gate(declaration.training.gate, problem)
        check_tuning(algorithm, declaration, problem)

    def problem(self, declaration: ServiceDeclaration) -> Problem:
        """Return what a service is to solve. Raises InvalidConfiguration."""
        return problem_of(self.catalogue().find(declaration.algorithm), declaration)

    def make(
        self,
        configuration: Configuration,
        *,
        job_id: str | None,
        author: str,
        progress: Progress,
        scratch: Path | None = None,
        brought: Brought | None = None,
    ) -> dict[str, Any]:
        """Train, store, register and promote; return what a job's result tells.

        `scratch` is the job's own folder, if there is one, and `brought` the data that takes the place
        of the declared. May be repeated after a crash at any point: artefact, version and alias come
        out the same.
        """
        declaration = parse(configuration.declaration)
        training = Training(
            tenant=configuration.tenant,
            service=configuration.service,
            algorithm=declaration.algorithm,
            configuration_revision=configuration.revision,
            author=author,
            job_id=job_id,
        )

        def make() -> dict[str, Any]:
            return self._make(
                configuration,
                declaration,
                job_id,
                author,
                progress,
                scratch or self.scratch,
                brought,
            )

        return around_training(self.tell, training, make)

    def repeat(self, configuration: Configuration, *, progress: Progress, scratch: Path) -> Trained:
        """Train as `make` does, and keep nothing of it but what it tells. Raises as `make`."""
        declaration = parse(configuration.declaration)
        tenant = configuration.tenant
        return self._train(tenant, declaration, progress, scratch, None, None, keep=False)

    def _make(
        self,
        configuration: Configuration,
        declaration: ServiceDeclaration,
        job_id: str | None,
        author: str,
        progress: Progress,
        scratch: Path,
        brought: Brought | None,
    ) -> dict[str, Any]:
        before = self._champions_rows(configuration, declaration.schema)
        tenant = configuration.tenant
        trained = self._train(tenant, declaration, progress, scratch, brought, before)
        version = self._register(configuration, trained, job_id)
        progress(0.97, "deciding on promotion")
        verdict = self._decide(declaration, version, trained, author)
        return _result(version, trained, verdict)

    def _train(
        self,
        tenant: str,
        declaration: ServiceDeclaration,
        progress: Progress,
        scratch: Path,
        brought: Brought | None,
        before: Bins | None,
        *,
        keep: bool = True,
    ) -> Trained:
        progress(0.0, "preparing")
        prepared = self.prepare(declaration)
        if brought is None:
            data, origin = self._declared(declaration), declared_origin(declaration.data)
        else:
            data, origin = _as_checked(brought.declaration, declaration.data), brought.origin
            declaration = replace(declaration, data=data)
        prepared = replace(prepared, origin=origin, house=self.loader.house_of(tenant))
        source = self._source(declaration, data)
        try:
            scratch.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=scratch, prefix="train-") as name:
                trained = self.trainer.train(
                    declaration, prepared, source, Path(name), progress, before
                )
                if keep:
                    self.artefacts.put(trained.digest, trained.folder)
        except OSError as error:
            raise Unavailable(
                f"The version cannot be written below {scratch} ({error.strerror}): "
                "free space there or make it writable, then try again."
            ) from error
        return trained

    def _champions_rows(self, configuration: Configuration, schema: Schema) -> Bins | None:
        """Return how the champion's training rows were spread, if it has the same inputs."""
        tenant, service = configuration.tenant, configuration.service
        number = self.registry.aliases(tenant, service).get(CHAMPION)
        if number is None:
            return None
        champion = self.registry.version(tenant, service, number)
        if champion.manifest["schema"].get("inputs") != schema.to_json().get("inputs"):
            return None
        try:
            return read_bins(self.artefacts.fetch(champion.digest), schema)
        except MinervaError as error:
            log.warning("champion.not_compared", version=number, reason=error.message)
            return None

    def _declared(self, declaration: ServiceDeclaration) -> DataDeclaration | None:
        return None if declaration.data is None else expand(declaration.data, self.environment)

    def _source(
        self, declaration: ServiceDeclaration, data: DataDeclaration | None
    ) -> DataSource | OnCluster | None:
        if data is None:
            return None
        if declaration.training.engine is None:
            return self.open_source(data)
        check_source(data)
        engine = expand_text(declaration.training.engine, self.environment, "engine")
        return OnCluster(self.engines.open(engine), data)

    def _register(
        self, configuration: Configuration, trained: Trained, job_id: str | None
    ) -> Version:
        version = self.registry.version_store.register(
            NewVersion(
                tenant=configuration.tenant,
                service=configuration.service,
                digest=trained.digest,
                manifest=trained.manifest,
                metrics=trained.metrics,
                configuration_revision=configuration.revision,
                job_id=job_id,
                created_at=self.now(),
            )
        )
        log.info(
            "version.registered",
            tenant=version.tenant,
            service=version.service,
            version=version.number,
            digest=version.digest[:12],
            **trained.metrics,
        )
        return version

    def _decide(
        self, declaration: ServiceDeclaration, version: Version, trained: Trained, author: str
    ) -> Verdict:
        gate = declaration.training.gate
        compared = gate is not None and gate.not_worse_than is not None
        terms, rows = Terms.of(declaration), trained.held_out
        problem, rivals = self.problem(declaration), Rivals(self.registry, self.loader)
        champion = rivals.champion(version, problem, rows, terms) if compared else None
        verdict = judge(gate, version.metrics, champion)
        if verdict.passed and declaration.training.below_baseline == HOLD_BACK:
            verdict = demand_worth(trained.baseline, verdict)
        if verdict.passed and declaration.training.beat is not None:
            verdict = self._against(declaration.training.beat, declaration, version, rows)
        if not verdict.passed:
            log.warning("version.held_back", version=version.number, reason=verdict.reason)
        elif declaration.training.promote:
            self.registry.promote(
                version.tenant,
                version.service,
                version.number,
                author=author,
                reason=verdict.reason,
            )
        else:
            return Verdict(False, f"{verdict.reason} Promotion is left to a person.")
        return verdict

    def _against(
        self, rival: str, declaration: ServiceDeclaration, version: Version, rows: TrainingData
    ) -> Verdict:
        """Compare a version with what another service answers, on the same rows."""
        problem = self.problem(declaration)
        try:
            theirs = Rivals(self.registry, self.loader).other(version.tenant, rival, problem, rows)
        except MinervaError as error:
            return Verdict(False, f"It cannot be compared with {rival}: {error.message}")
        gate = declaration.training.gate
        asked = (gate.metric,) if gate is not None and gate.metric else problem.telling()
        return demand_better(rival, asked, version.metrics, theirs)


def _as_checked(brought: DataDeclaration, declared: DataDeclaration | None) -> DataDeclaration:
    """Return where the call's own data is, with the checks that the service declares."""
    checks = DataChecks() if declared is None else declared.checks
    return msgspec.structs.replace(brought, checks=checks)


def _result(version: Version, trained: Trained, verdict: Verdict) -> dict[str, Any]:
    return {
        "version": version.number,
        "digest": version.digest,
        "metrics": version.metrics,
        "rows": trained.manifest["data"]["rows"],
        "held_out_rows": trained.manifest["data"]["held_out_rows"],
        "training_seconds": round(trained.seconds, 3),
        "promoted": verdict.passed,
        "verdict": verdict.reason,
        "worth": None if trained.baseline is None else trained.baseline.sentence,
        "warnings": trained.warnings,
    }
