"""The plugin hooks: this file is their manual.

A plugin is a module or object with functions marked `@minerva.hookimpl`. It is found through an
entry point in the group `minerva`, or as a Python file or package in the workspace's `plugins/`. A
function takes those of the arguments that it names, and must take no others.

Implementations of one hook are called one after the other: those marked `@hookimpl(tryfirst=True)`
first, those marked `trylast=True` last; between equals the workspace's before installed ones, then by
name. Wrappers are not offered.

A hook may not take longer than its budget: 50 ms for `minerva_before_predict`, 0.5 s for
`minerva_after_predict` (nobody waits for it), 5 s for the others. One that does is abandoned: it may run
on in its thread, its result is not waited for. One that raises, whatever it raises, harms nobody else;
both are logged (`hook.failed`, `hook.overran`), at most once a minute for each plugin and hook. A predict
hook that does so five times in a row is switched off until its plugin changes (`hook.switched_off`).

Hooks run in Minerva's own processes, not in the models': what ends the process ends it for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pluggy

from minerva.algorithm import Algorithm
from minerva.events import (
    AliasMoved,
    Drift,
    JobChange,
    PredictCall,
    PredictOutcome,
    Quarantined,
    ServiceDeclared,
    Training,
    TrainingResult,
    VersionMade,
)
from minerva.job_kind import JobKind
from minerva.step import Step

PROJECT = "minerva"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def minerva_algorithms() -> Iterable[Algorithm]:  # type: ignore[empty-body] # a specification
    """Return the algorithms that this plugin brings.

    When: when plugins are discovered, and again whenever this one's source changes.
    Where: every process of Minerva. Must do no I/O and import no heavy library.
    Result: the algorithms. Two of one name: the first one found stays (workspace before installed),
    the second is reported.
    An exception: takes this plugin out, named in the log and in `minerva plugins`; every other plugin
    goes on.
    """


@hookspec
def minerva_job_kinds() -> Iterable[JobKind]:  # type: ignore[empty-body] # a specification
    """Return the kinds of jobs that this plugin adds.

    When: when plugins are discovered, and again whenever this one's source changes.
    Where: every process of Minerva. Must do no I/O and import no heavy library. The jobs themselves
    run in a process each.
    Result: the kinds. Of two with one name the first one found stays, and a plugin's never takes the
    place of a built-in one; the second is reported.
    An exception: takes this plugin out, as with `minerva_algorithms`.
    """


@hookspec
def minerva_steps() -> Iterable[Step]:  # type: ignore[empty-body] # a specification
    """Return the kinds of steps that this plugin adds to those that flows are made of.

    When: when plugins are discovered, and again whenever this one's source changes.
    Where: every process of Minerva. Must do no I/O and import no heavy library. The steps themselves
    run in the web worker, or where their flow says.
    Result: the steps. Of two of one role and name the first one found stays; the second is reported.
    An exception: takes this plugin out, as with `minerva_algorithms`.
    """


@hookspec
def minerva_before_predict(call: PredictCall) -> Sequence[Any] | None:
    """Complete what a caller sends: request enrichment.

    When: before the records of a predict call are decoded. Not for questions by key, whose records
    come from the data source. The caller waits: 50 ms are the most, and count for the deadline.
    Where: the web worker, in a thread beside the caller's.
    Result: as many records as there were, in the same order, or None to leave them as they are. The
    next plugin is given what this one returned. They are checked against the schema like any.
    An exception: the records stay as they were. So for one that overruns, or returns anything else.
    """


@hookspec
def minerva_after_predict(call: PredictCall, outcome: PredictOutcome) -> None:
    """Look at an answered call: metrics, sampling.

    When: within a second after the answer, one call after the other; nobody waits. Calls that come
    faster than the hooks can look are left out, with `hook.dropped` in the log.
    Where: the web worker, in the background.
    An exception: is logged; the caller got the answer long ago.
    """


@hookspec
def minerva_before_train(training: Training) -> None:
    """Learn that a training begins.

    When: before data is read. The training does not wait.
    Where: the job's own process; the web worker for an algorithm that needs no data.
    An exception: is logged; the training goes on.
    """


@hookspec
def minerva_after_train(training: Training, result: TrainingResult) -> None:
    """Learn how a training ended, whether it failed or not.

    When: after the decision on promotion. A process that is killed tells nothing: see
    `minerva_job_state`.
    Where: as `minerva_before_train`.
    An exception: is logged; the version stays as it is.
    """


@hookspec
def minerva_service_declared(configuration: ServiceDeclared) -> None:
    """Learn that a service has a new configuration revision: who changed it, and why.

    When: after it stands in the registry; web workers answer by it within a second.
    Where: the process that did it: the one that saw the file first, or where a person decided.
    An exception: is logged; the revision stays.
    """


@hookspec
def minerva_version_ready(version: VersionMade, alias: str) -> None:
    """Learn that this process can serve a version.

    When: after it was loaded and repeated its goldens, for `champion`, `challenger`, `shadow` or
    `standby`.
    Where: every web worker, each for itself.
    An exception: is logged; the version serves.
    """


@hookspec
def minerva_version_promoted(change: AliasMoved) -> None:
    """Learn that an alias was pointed at a version.

    When: after it stands in the registry; web workers serve it within a second.
    Where: the process that did it: web worker, job or command line.
    An exception: is logged; the change stays.
    """


@hookspec
def minerva_version_rolled_back(change: AliasMoved) -> None:
    """Learn that the champion was returned to an earlier version, by a person or by quarantine.

    When, where, an exception: as `minerva_version_promoted`, which is not called besides.
    """


@hookspec
def minerva_version_quarantined(quarantine: Quarantined) -> None:
    """Learn that a version failed so often that it must not serve.

    When: once a version, after it stands in the registry.
    Where: the web worker that noticed, or the process of the person who did it.
    An exception: is logged; the quarantine stays.
    """


@hookspec
def minerva_job_state(job: JobChange) -> None:
    """Learn that a job came into another state.

    When: after it stands in the database. A job may be `running` several times, an attempt each.
    Where: the process that did it: web worker (queued, cancelled), worker (running and the end) or
    beat (dead, after its worker was lost).
    An exception: is logged; the job goes on.
    """


@hookspec
def minerva_drift(drift: Drift) -> None:
    """Learn that what comes in, or how good the answers are, is not any more what it was.

    Measured is every input field that the champion sees, apart from text and personal ones: the
    population stability index (`psi`) of the newest 400 rows beside its training rows. Besides, the
    metric that tells, by the truths that came: its own name is its measure, its value in training the
    threshold.

    When: when a measure crosses its threshold, once until it has come back below half of it; a metric
    when it has decayed, once until it has not.
    Where: the web worker that measured it, each for what it was asked itself: several may tell of one
    drift. A metric: beat.
    An exception: is logged.
    """
