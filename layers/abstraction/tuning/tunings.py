"""Tunings as callers meet them while they run: their trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from minerva.errors import NotFound
from minerva.layers.abstraction.jobs.jobs import Jobs
from minerva.layers.abstraction.problems.metric import METRICS
from minerva.layers.abstraction.problems.problem import ProblemOf
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.tuning.kinds import TUNE
from minerva.layers.abstraction.tuning.space import metric_of
from minerva.layers.abstraction.tuning.store import TrialStore
from minerva.layers.abstraction.tuning.trial import Trial, TrialState
from minerva.layers.abstraction.tuning.wishes import Wishes


@dataclass(frozen=True)
class Progressed:
    """How far a tuning is."""

    metric: str
    planned: int
    """How many trials there shall be, besides the present parameters."""
    trials: Sequence[Trial]

    def to_json(self) -> dict[str, Any]:
        """Return what a caller may see."""
        return {
            "metric": self.metric,
            "less_is_better": METRICS[self.metric].smaller_is_better,
            "planned": self.planned,
            "trials": [trial.to_json() for trial in self.trials],
        }


@dataclass(frozen=True)
class Tunings:
    """Looks at studies."""

    jobs: Jobs
    store: TrialStore
    problem: ProblemOf

    def study(self, tenant: str, job_id: str) -> Progressed:
        """Return the trials of a tuning's job so far, by number. Raises NotFound."""
        job = self.jobs.get(tenant, job_id)
        configuration = self.jobs.registry.configurations.get(
            tenant, job.service, job.configuration_revision
        )
        if job.kind != TUNE or configuration is None:
            raise NotFound(f"Job {job_id!r} is no tuning, so it has no trials.")
        declaration = parse(configuration.declaration)
        found = self.store.list(tenant, job_id)
        trials = [_left(trial) for trial in found] if job.state.ended else found
        planned = Wishes.read(job.payload, declaration).trials
        metric = metric_of(declaration, self.problem(declaration))
        return Progressed(metric, planned, trials)


def _left(trial: Trial) -> Trial:
    """Nothing runs any more once the job has ended: it was cancelled, say."""
    if trial.state is not TrialState.RUNNING:
        return trial
    return replace(trial, state=TrialState.FAILED, error="The tuning ended before it did.")
