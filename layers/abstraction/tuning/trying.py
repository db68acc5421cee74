"""Running trials one after another, beside others who do the same for the same study."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from minerva.algorithm import Progress, TrialPruned
from minerva.errors import MinervaError, Unavailable
from minerva.layers.abstraction.tuning.conclusion import SoFar, so_far
from minerva.layers.abstraction.tuning.measuring import Measuring
from minerva.layers.abstraction.tuning.space import Space, present
from minerva.layers.abstraction.tuning.store import TrialStore
from minerva.layers.abstraction.tuning.study import WARM_UP, Pruning, suggest
from minerva.layers.abstraction.tuning.trial import (
    BASELINE,
    Ended,
    NewTrial,
    Trial,
    TrialState,
    best_of,
)

log = structlog.get_logger()

LOOK_EVERY = 15
"""Percent of a trial's effort after which it looks again at who became complete beside it."""
MOST_TRIES = 2
"""A trial whose process ended so often is given up: it may be what ended it."""


Tell = Callable[[SoFar], object]


def _nobody(_so_far: SoFar) -> None:
    """Nobody waits for the study."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """What all who run trials of one tuning agree on."""

    tenant: str
    id: str
    """The id of the tuning's job."""
    space: Space
    trials: int
    """How many, besides the baseline."""
    pruning: bool
    until: datetime | None
    """No trial begins later."""


@dataclass(frozen=True)
class Trying:
    """One job's way through the trials of a study."""

    store: TrialStore
    study: Study
    job_id: str
    measuring: Measuring
    now: Callable[[], datetime]
    tell: Tell = _nobody
    """Told how far the study is, after each trial."""

    def run(self, progress: Progress) -> int:
        """Run trials until there are none left to begin; return how many this call ended."""
        ended = 0
        for trial in self._turns():
            result = self._tried(trial, progress)
            ended += self._end(trial, result)
            metric = self.measuring.metric
            self.tell(so_far(self._list(), self.study.trials, metric, self.now()))
        return ended

    def _turns(self) -> Iterator[Trial]:
        """Yield trials that run by now and are this job's: first those it was killed in."""
        for mine in self._list():
            if mine.state is TrialState.RUNNING and mine.job_id == self.job_id:
                yield from self._again(mine)
        while (trial := self._next()) is not None:
            yield trial

    def _again(self, trial: Trial) -> Iterator[Trial]:
        tries = self.store.begin_again(trial.tenant, trial.study, trial.number, self.now())
        if tries > MOST_TRIES:
            reason = f"Its process ended {tries - 1} times."
            self._end(trial, Ended(TrialState.FAILED, error=reason))
        elif tries:
            yield trial

    def _next(self) -> Trial | None:
        """Begin the next trial; None if there is none: all are begun, the time is over, nothing is new."""
        while True:
            trials = self._list()
            if self._over(trials):
                return None
            parameters = self._parameters(trials)
            if parameters is None:
                return None
            new = NewTrial(
                self.study.tenant, self.study.id, len(trials), self.job_id, parameters, self.now()
            )
            if self.store.begin(new):  # else somebody was faster: look again
                return self._list()[new.number]

    def _over(self, trials: list[Trial]) -> bool:
        late = self.study.until is not None and self.now() > self.study.until
        return len(trials) > self.study.trials or (late and bool(trials))

    def _parameters(self, trials: list[Trial]) -> dict[str, object] | None:
        declaration, space = self.measuring.declaration, self.study.space
        if not trials:
            return present(self.measuring.prepared.algorithm, declaration.parameters, space)
        seed = declaration.training.seed
        return suggest(space, self.measuring.metric, trials, len(trials), seed)

    def _tried(self, trial: Trial, progress: Progress) -> Ended:
        prunes = self.study.pruning and trial.number != BASELINE
        watch = _Watch(self._list if prunes else None)
        try:
            metrics = self.measuring.measure(
                trial.parameters, self._part(trial, progress), watch.take
            )
        except TrialPruned:
            return Ended(TrialState.PRUNED, steps=watch.told)
        except Unavailable:
            raise  # the job is tried again, and the trial with it
        except MinervaError as error:
            return Ended(TrialState.FAILED, steps=watch.told, error=str(error))
        value = metrics[self.measuring.metric]
        return Ended(TrialState.COMPLETE, value, metrics, watch.told)

    def _part(self, trial: Trial, progress: Progress) -> Progress:
        """Tell how far the whole study is, as seen from this trial."""
        metric, count = self.measuring.metric, self.study.trials + 1
        best = best_of(self._list(), metric)
        known = "" if best is None else f", best {metric} {best.value:.4f}"
        told = f"trial {trial.number} of {self.study.trials}{known}"
        if trial.number == BASELINE:
            told = f"the present parameters, {self.study.trials} trials to come"

        def report(fraction: float, message: str = "") -> None:
            ahead = (trial.number + min(max(fraction, 0.0), 1.0)) / count
            progress(ahead, f"{told}: {message}".rstrip(": "))

        return report

    def _end(self, trial: Trial, ended: Ended) -> bool:
        kept = self.store.end(trial.tenant, trial.study, trial.number, ended, self.now())
        log.info(
            "trial.ended",
            study=trial.study,
            trial=trial.number,
            state=ended.state.value,
            value=ended.value,
            kept=kept,
        )
        return kept

    def _list(self) -> list[Trial]:
        return list(self.store.list(self.study.tenant, self.study.id))


@dataclass
class _Watch:
    """Hears the losses of one trial, and ends it if they are hopeless."""

    peers: Callable[[], Sequence[Trial]] | None
    """Returns the study's trials; None: this one is heard to its end."""
    steps: dict[int, float] = field(default_factory=dict)
    _pruning: Pruning | None = None
    _look_at: int = WARM_UP

    def take(self, step: int, loss: float) -> None:
        self.steps[step] = loss
        if self.peers is not None and step >= self._look_at:
            self._pruning, self._look_at = Pruning(self.peers()), step + LOOK_EVERY
        if self._pruning is not None and self._pruning.hopeless(self.steps):
            raise TrialPruned

    @property
    def told(self) -> dict[str, float]:
        return {str(step): loss for step, loss in self.steps.items()}
