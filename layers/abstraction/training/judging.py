"""Asking an algorithm's own code, and what its model is worth on rows that it has not learnt from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from minerva.algorithm import Model, Predictions, TrainingData
from minerva.errors import AlgorithmFailed, MinervaError
from minerva.layers.abstraction.evaluation.appraisal import appraise
from minerva.layers.abstraction.evaluation.measure import Measure
from minerva.layers.abstraction.problems.metric import METRICS
from minerva.layers.abstraction.problems.problem import Problem
from minerva.layers.abstraction.registry.records import APPRAISAL
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.serving.answers import Answers


@contextmanager
def named(algorithm: str, what: str, *others: type[BaseException]) -> Iterator[None]:
    """Let an algorithm's own exceptions out as AlgorithmFailed; ours and these others as they are.

    Only the error's kind is named: its text may hold values of the data. The job's log has it all.
    """
    ours: tuple[type[BaseException], ...] = (MinervaError, MemoryError, *others)
    try:
        yield
    except ours:
        raise
    except (Exception, SystemExit) as error:
        raise AlgorithmFailed(
            f"Algorithm {algorithm} {what} ({type(error).__name__}); the job's log says where."
        ) from error


def trained(algorithm: str, learn: Callable[[], Model]) -> Model:
    """Learn. Raises what an algorithm raises of ours, AlgorithmFailed for anything else."""
    with named(algorithm, "failed in training"):
        return learn()


def predicted(algorithm: str, model: Model, rows: TrainingData) -> Predictions:
    """Return what a model answers to held-out rows, if there are any. Raises AlgorithmFailed."""
    if not len(rows):
        return {}
    with named(algorithm, "failed in predicting the held-out rows"):
        outputs = model.predict(rows.inputs)
        Answers.of(rows.inputs, outputs)  # raises if the model breaks its contract
    return outputs


def evaluate_model(
    problem: Problem, algorithm: str, model: Model, data: TrainingData
) -> dict[str, float]:
    """Return the metrics of a model on some rows: the same rows for champion and challenger.

    Raises AlgorithmFailed.
    """
    return problem.evaluate(data, predicted(algorithm, model, data))


def appraised(
    problem: Problem,
    declaration: ServiceDeclaration,
    model: Model,
    rows: TrainingData,
    outputs: Predictions,
    metrics: Mapping[str, float],
) -> dict[str, Any]:
    """Return what a manifest tells beside the metrics; nothing where those are not of rows one by one."""
    metric = next((one for one in problem.telling() if one in metrics), None)
    if metric is None or not problem.kind.resampled:
        return {}
    measure = Measure(rows, outputs, problem.evaluate, metric, METRICS[metric].smaller_is_better)
    with named(declaration.algorithm, "failed in predicting the held-out rows again"):
        return {APPRAISAL: appraise(model, measure, metrics, declaration.training.seed)}
