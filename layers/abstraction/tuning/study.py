"""Which parameters to try next, and which trials to end early: Optuna over trials that we keep.

Optuna's own storage is not used. A study is made anew from the stored trials before each question, so
that its answer follows from them, the seed and the trial's number alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from minerva.layers.abstraction.problems.metric import METRICS
from minerva.layers.abstraction.tuning.space import Choice, Range, Space, everything, inside, size
from minerva.layers.abstraction.tuning.trial import Trial, TrialState

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

STARTUP = 10
"""So many trials are drawn by chance before the others are drawn by what they showed."""
LISTED = 100_000
"""A space of at most so many parameters is looked through for what was not tried yet."""
ATTEMPTS = 20
PATIENCE = 5
"""So many complete trials are needed before one is pruned."""
WARM_UP = 20
"""Percent of the effort that every trial is granted: a small learning rate begins slowly."""
LARGE_PRIME = 1_000_003


def suggest(
    space: Space, metric: str, trials: Sequence[Trial], number: int, seed: int
) -> dict[str, Any] | None:
    """Return parameters for trial `number` that no trial had before; None if there are no others."""
    known = [trial.parameters for trial in trials]
    if size(space) <= sum(inside(space, parameters) for parameters in known):
        return None
    for attempt in range(ATTEMPTS):
        study = _study(space, metric, trials, _mixed(seed, number, attempt))
        asked = study.ask(_distributions(space))
        parameters = {name: asked.params[name] for name in space}
        if parameters not in known:
            return parameters
    if size(space) > LISTED:
        return parameters
    return next((one for one in everything(space) if one not in known), None)


class Pruning:
    """Ends trials that are worse than the median of complete ones after the same step."""

    def __init__(self, trials: Sequence[Trial]) -> None:
        """`trials`: all of the study, of which the complete ones count."""
        _hush()
        import optuna

        self._pruner = optuna.pruners.MedianPruner(
            n_startup_trials=PATIENCE, n_warmup_steps=WARM_UP, n_min_trials=PATIENCE
        )
        self._study = optuna.create_study()  # of losses: less is better, whatever the metric
        for trial in trials:
            if trial.state is TrialState.COMPLETE and trial.steps:
                losses = _numbered(trial.steps)
                self._study.add_trial(optuna.create_trial(value=0.0, intermediate_values=losses))

    def hopeless(self, steps: Mapping[int, float]) -> bool:
        """Tell whether a trial with these losses so far, by step, need not go on."""
        import optuna

        running = optuna.trial.TrialState.RUNNING
        trial = optuna.create_trial(state=running, intermediate_values=dict(steps))
        return self._pruner.prune(self._study, trial)


def _study(space: Space, metric: str, trials: Sequence[Trial], seed: int) -> Study:
    """Return a study that minimises, as the losses that trials report are to be minimised."""
    _hush()
    import optuna

    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP, constant_liar=True)
    study = optuna.create_study(sampler=sampler)
    distributions = _distributions(space)
    for trial in sorted(trials, key=lambda one: one.number):
        if inside(space, trial.parameters):
            study.add_trial(_frozen(trial, metric, distributions))
    return study


def _frozen(trial: Trial, metric: str, distributions: dict[str, BaseDistribution]) -> FrozenTrial:
    import optuna

    states = optuna.trial.TrialState
    state = {
        TrialState.RUNNING: states.RUNNING,
        TrialState.COMPLETE: states.COMPLETE,
        TrialState.PRUNED: states.PRUNED,
        TrialState.FAILED: states.FAIL,
    }[trial.state]
    value = trial.value
    if value is not None and not METRICS[metric].smaller_is_better:
        value = -value
    return optuna.create_trial(
        state=state,
        value=value if trial.state is TrialState.COMPLETE else None,
        params={name: trial.parameters[name] for name in distributions},
        distributions=distributions,
        intermediate_values=_numbered(trial.steps or {}),
    )


def _distributions(space: Space) -> dict[str, BaseDistribution]:
    return {name: _distribution(one) for name, one in space.items()}


def _distribution(one: Range | Choice) -> BaseDistribution:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if isinstance(one, Choice):
        return CategoricalDistribution(one.values)
    if one.whole:
        return IntDistribution(int(one.low), int(one.high), log=one.log)
    return FloatDistribution(one.low, one.high, log=one.log)


def _hush() -> None:
    """Keep Optuna from telling of each study that is made. It is imported only where trials are run."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)


def _numbered(steps: Mapping[str, float]) -> dict[int, float]:
    return {int(step): loss for step, loss in steps.items()}


def _mixed(seed: int, number: int, attempt: int) -> int:
    """Return a seed of one question: near numbers and attempts draw unlike things."""
    return (seed * LARGE_PRIME + number * ATTEMPTS + attempt) % 2**32
