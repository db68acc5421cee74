"""Kinds `tune` and `tune.trial`: jobs that share out the trials of a study, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from typing import Any

from minerva.errors import (
    AlgorithmFailed,
    Conflict,
    Fault,
    InvalidConfiguration,
    InvalidData,
    InvalidInput,
    MinervaError,
    NotFound,
)
from minerva.layers.abstraction.jobs.job import Job, JobState, NewJob, Queue
from minerva.layers.abstraction.jobs.kind import Attempt, Part, Parts
from minerva.layers.abstraction.jobs.store import JobStore
from minerva.layers.abstraction.registry.following import refuse_follower
from minerva.layers.abstraction.registry.records import Configuration
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.training.versioning import Versioning
from minerva.layers.abstraction.tuning.concluding import Concluding
from minerva.layers.abstraction.tuning.conclusion import Found, SoFar
from minerva.layers.abstraction.tuning.measuring import Measuring
from minerva.layers.abstraction.tuning.proposals import Proposals
from minerva.layers.abstraction.tuning.space import metric_of, space_of
from minerva.layers.abstraction.tuning.store import TrialStore
from minerva.layers.abstraction.tuning.trial import Ended, Trial, TrialState
from minerva.layers.abstraction.tuning.trying import Study, Trying
from minerva.layers.abstraction.tuning.wishes import Wishes

TUNE = "tune"
TRIAL = "tune.trial"


@dataclass(frozen=True)
class Tuning:
    """Shares the trials out, and concludes when all who ran them have ended."""

    versioning: Versioning
    trials: TrialStore
    jobs: JobStore
    proposals: Proposals
    now: Callable[[], datetime]
    look_up: Callable[[str], object] = find_spec
    """Finds a library without importing it; None if it is not installed."""
    name = TUNE
    queue = Queue.TRAIN
    apart = True
    backoff = None

    def check(self, configuration: Configuration, payload: dict[str, Any]) -> dict[str, Any]:
        """Refuse what cannot be tuned, and wishes out of range."""
        refuse_follower(configuration, "tune")
        if self.look_up("optuna") is None:
            raise Conflict(
                "Tuning needs Optuna, which is not installed here: pip install 'minerva-sidecar[tune]'."
            )
        declaration = parse(configuration.declaration)
        try:
            self._demand_a_question(declaration)
        except InvalidConfiguration as error:  # of the service; whoever asks did nothing wrong
            raise Conflict(error.message, faults=error.faults) from error
        Wishes.read(payload, declaration)
        return payload

    def _demand_a_question(self, declaration: ServiceDeclaration) -> None:
        space_of(self.versioning.catalogue().find(declaration.algorithm), declaration)
        metric_of(declaration, self.versioning.problem(declaration))
        if declaration.data is None:
            raise InvalidConfiguration(
                f"Service {declaration.service!r} declares no data to compare parameters by: add a "
                "`data:` part.",
                faults=[Fault("/data", "is missing")],
            )
        if declaration.training.engine is not None:
            raise InvalidConfiguration(
                f"Service {declaration.service!r} trains on a cluster, and trials run on one machine: "
                "tune a service that declares a part of the data and no engine.",
                faults=[Fault("/training/engine", "is declared")],
            )

    def work(self, job: NewJob, attempt: Attempt) -> dict[str, Any] | Parts:
        """Return parts while there is something to try, then the result."""
        declaration = declaration_of(self.versioning, job)
        wishes = Wishes.read(job.payload, declaration)
        parts = self.jobs.parts(job.tenant, job.id)
        self._bury(job)
        trials = self.trials.list(job.tenant, job.id)
        if not parts or self._interrupted(wishes, parts, trials):
            return self._plan(job, wishes, parts, len(trials))
        found = Found(metric_of(declaration, self.versioning.problem(declaration)), trials)
        if not trials:
            raise _reason(parts)
        found.demand_one()
        concluding = Concluding(self.versioning, self.proposals, self.now)
        return concluding.conclude(job, declaration, wishes, found, attempt.progress)

    def _plan(self, job: NewJob, wishes: Wishes, parts: Sequence[Job], begun: int) -> Parts:
        until = _until(parts) if parts else wishes.until(self.now())
        payload = {"study": job.id, "trials": wishes.trials, "begun": begun, "until": until}
        count = min(wishes.parallel, wishes.trials + 1 - begun)
        planned = [Part(TRIAL, payload, f"{begun}-{number}") for number in range(count)]
        return Parts(planned, f"{wishes.trials} trials, {count} at a time")

    def _bury(self, job: NewJob) -> None:
        """End the trials of parts that were killed as often as they may be."""
        for trial in self.trials.list(job.tenant, job.id):
            if trial.state is TrialState.RUNNING:
                ended = Ended(TrialState.FAILED, error="Its process ended before it did.")
                self.trials.end(trial.tenant, trial.study, trial.number, ended, self.now())

    def _interrupted(self, wishes: Wishes, parts: Sequence[Job], trials: Sequence[Trial]) -> bool:
        """Whether the last parts were killed, got somewhere, and left trials to others."""
        last = max(part.payload["begun"] for part in parts)
        killed = any(part.state is JobState.DEAD for part in parts if part.payload["begun"] == last)
        until = _until(parts)
        late = until is not None and self.now() > datetime.fromisoformat(until)
        return killed and not late and last < len(trials) <= wishes.trials


@dataclass(frozen=True)
class Trials:
    """Runs trials of a study until none is left, beside others that do the same."""

    versioning: Versioning
    trials: TrialStore
    jobs: JobStore
    now: Callable[[], datetime]
    name = TRIAL
    queue = Queue.TRAIN
    apart = True
    backoff = None

    def check(self, configuration: Configuration, payload: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the port's
        """Refuse to be asked for alone."""
        raise InvalidInput(f"A job of kind {TRIAL} is part of a tuning: ask for kind {TUNE}.")

    def work(self, job: NewJob, attempt: Attempt) -> dict[str, Any]:
        """Return how many trials this attempt ended."""
        declaration = declaration_of(self.versioning, job)
        algorithm = self.versioning.catalogue().find(declaration.algorithm)
        told = job.payload
        study = Study(
            tenant=job.tenant,
            id=told["study"],
            space=space_of(algorithm, declaration),
            trials=told["trials"],
            pruning=Wishes.read({}, declaration).tuning.pruning,
            until=None if told["until"] is None else datetime.fromisoformat(told["until"]),
        )
        attempt.progress(0.0, "reading the data")
        measuring = Measuring.read(self.versioning, declaration)

        def tell(found: SoFar) -> None:
            told = (found.share, found.message, found.seconds_left)
            self.jobs.tell(study.tenant, study.id, *told)

        trying = Trying(self.trials, study, job.id, measuring, self.now, tell)
        return {"trials": trying.run(attempt.progress)}


def declaration_of(versioning: Versioning, job: NewJob) -> ServiceDeclaration:
    """Return what a job was asked about. Raises NotFound."""
    revision = job.configuration_revision
    configurations = versioning.registry.configurations
    configuration = configurations.get(job.tenant, job.service, revision)
    if configuration is None:
        raise NotFound(f"Service {job.service!r} has no configuration revision {revision}.")
    return parse(configuration.declaration)


def _until(parts: Sequence[Job]) -> str | None:
    until: str | None = parts[0].payload["until"]
    return until


def _reason(parts: Sequence[Job]) -> MinervaError:
    """Return why no part began a trial, as the error that it was if another attempt cannot help."""
    told = next((part.error for part in parts if part.error), None)
    if told is None:
        return Conflict("No trial was begun: the parts of the tuning were cancelled.")
    kinds = {kind.code: kind for kind in (InvalidData, InvalidConfiguration, NotFound)}
    faults = [Fault(one["where"], one["message"]) for one in told.get("faults", [])]
    return kinds.get(told["code"], AlgorithmFailed)(told["message"], faults=faults)
