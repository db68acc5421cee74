"""Training one version: data → split → algorithm → evaluation → a sealed folder."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from minerva.algorithm import (
    Algorithm,
    Model,
    Progress,
    TrainingContext,
    TrainingData,
)
from minerva.cluster import TrainsOnCluster
from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.drift.bins import Bins
from minerva.layers.abstraction.drift.stored import write_profile
from minerva.layers.abstraction.evaluation.confidence import learnt as learnt_confidence
from minerva.layers.abstraction.plugins.parameters import read_parameters
from minerva.layers.abstraction.plugins.snapshot import keep
from minerva.layers.abstraction.problems.problem import Problem, problem_of
from minerva.layers.abstraction.registry.manifest import seal
from minerva.layers.abstraction.services.declaration import DataDeclaration, ServiceDeclaration
from minerva.layers.abstraction.serving.goldens import write_goldens
from minerva.layers.abstraction.serving.loading import MODEL
from minerva.layers.abstraction.serving.twin import TWIN
from minerva.layers.abstraction.training.baseline import Baseline, compared
from minerva.layers.abstraction.training.data import ReadData, nothing, read_training_data
from minerva.layers.abstraction.training.engine import Engine
from minerva.layers.abstraction.training.gate import LATENCY, check_gate
from minerva.layers.abstraction.training.judging import appraised, named, predicted, trained
from minerva.layers.abstraction.training.latency import measure_latency
from minerva.layers.abstraction.training.preparation import Prepared
from minerva.layers.abstraction.training.source import DataSource
from minerva.layers.abstraction.training.twin import make_twin
from minerva.layers.abstraction.trust.pickles import refuse_pickles
from minerva.layers.abstraction.trust.signing import Signer
from minerva.layers.abstraction.validation.checks import demand, remarks
from minerva.layers.abstraction.validation.report import DataReport, look
from minerva.schema import Batch, Decoder
from minerva.schema.example import example_record

READ_SHARE = 0.15
"""How much of the progress bar reading takes; the algorithm gets up to `TRAINED_SHARE`."""
TRAINED_SHARE = 0.9
LIBRARIES = (
    "minerva-sidecar",
    "numpy",
    "xgboost-cpu",
    "xgboost",
    "onnxruntime",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "lightgbm",
    "torch",
)


@dataclass(frozen=True, eq=False)
class Trained:
    """A version in a folder, not yet registered."""

    folder: Path
    digest: str
    manifest: dict[str, Any]
    metrics: dict[str, float]
    """Those of the manifest, and what was measured on this machine (latency)."""
    held_out: TrainingData
    seconds: float
    """Time in the algorithm's `train`."""
    warnings: list[str]
    baseline: Baseline | None
    """The model beside the simple answer of its kind of problem; None where nothing was held out."""


@dataclass(frozen=True, eq=False)
class OnCluster:
    """Where and from what a cluster trains, instead of this process."""

    engine: Engine
    data: DataDeclaration
    """Environment references expanded."""


@dataclass(frozen=True, eq=False)
class _Learnt:
    """A model, and the rows that it was and was not learnt from."""

    model: Model
    seconds: float
    fingerprint: str
    rows: int
    held_out: TrainingData
    profiled: Batch
    """Rows that it was learnt from: all, or enough of them to tell how values are spread."""
    whole: TrainingData | None = None
    """All of them, with their truth; None where no process holds them."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    report: DataReport | None = None
    """What was seen of the rows before; None where there are none, or not here."""

    @property
    def put_aside(self) -> int:
        """Rows of the data that were held out; others may be judged by beside them."""
        return len(self.held_out) if self.whole is None else self.rows - len(self.whole)


@dataclass(frozen=True)
class Trainer:
    """What every training of this process shares."""

    workspace: Path
    threads: int
    signer: Signer
    clock: Callable[[], float] = time.monotonic

    def train(
        self,
        declaration: ServiceDeclaration,
        prepared: Prepared,
        source: DataSource | OnCluster | None,
        folder: Path,
        progress: Progress,
        before: Bins | None = None,
    ) -> Trained:
        """Train into the empty `folder`; the data is compared with `before`, the champion's rows.

        Raises InvalidConfiguration, InvalidData or AlgorithmFailed; equal inputs give equal digests.
        """
        schema, algorithm = declaration.schema, prepared.algorithm
        problem = problem_of(algorithm, declaration)
        check_gate(declaration.training.gate, problem)
        context = TrainingContext(
            schema=schema,
            parameters=read_parameters(algorithm, declaration.parameters),
            workspace=self.workspace,
            threads=self.threads,
            allow_pickle=declaration.allow_pickle,
            seed=declaration.training.seed,
            progress=_part(progress, READ_SHARE, TRAINED_SHARE),
            service=declaration.service,
            house=prepared.house,
        )
        progress(0.0, "reading the data")
        if isinstance(source, OnCluster):
            learnt = self._there(declaration, algorithm, source, context, progress)
        else:
            learnt = self._here(declaration, problem, prepared, source, context, progress, before)
        return self._finish(declaration, problem, prepared, context, learnt, folder, progress)

    def _here(
        self,
        declaration: ServiceDeclaration,
        problem: Problem,
        prepared: Prepared,
        source: DataSource | None,
        context: TrainingContext,
        progress: Progress,
        before: Bins | None,
    ) -> _Learnt:
        algorithm = prepared.algorithm
        read = _read(declaration, problem, prepared, source)
        report = _looked_at(declaration, read.data, before)
        train_part, held_out = split(read, problem, declaration)
        progress(READ_SHARE, f"training on {len(train_part)} rows")
        started = self.clock()
        model = trained(algorithm.name, lambda: algorithm.train(train_part, context))
        seconds = self.clock() - started
        rows = len(read.data)
        return _Learnt(
            model,
            seconds,
            read.fingerprint,
            rows,
            held_out,
            train_part.inputs,
            train_part,
            report=report,
        )

    def _there(
        self,
        declaration: ServiceDeclaration,
        algorithm: Algorithm,
        where: OnCluster,
        context: TrainingContext,
        progress: Progress,
    ) -> _Learnt:
        if not isinstance(algorithm, TrainsOnCluster):
            raise InvalidConfiguration(f"Algorithm {algorithm.name} trains on one machine only.")
        reading = _part(progress, 0.0, READ_SHARE)
        with where.engine.spread(where.data, declaration, reading, context.progress) as spread:
            cluster = spread.cluster
            progress(READ_SHARE, f"training on {cluster.rows} rows with {cluster.workers} workers")
            started = self.clock()
            model = trained(algorithm.name, lambda: algorithm.train_on(cluster, context))
            seconds = self.clock() - started
        return _Learnt(
            model,
            seconds,
            spread.fingerprint,
            spread.rows,
            spread.held_out,
            spread.profiled,
            facts={"engine": dict(spread.facts)},
        )

    def _finish(
        self,
        declaration: ServiceDeclaration,
        problem: Problem,
        prepared: Prepared,
        context: TrainingContext,
        learnt: _Learnt,
        folder: Path,
        progress: Progress,
    ) -> Trained:
        """Evaluate and seal: the same for every model, wherever it was learnt."""
        model, held_out = learnt.model, learnt.held_out
        progress(TRAINED_SHARE, f"evaluating on {len(held_out)} held-out rows")
        outputs = predicted(prepared.algorithm.name, model, held_out)
        metrics = problem.evaluate(held_out, outputs)
        rows = _golden_rows(held_out, declaration, repeats=prepared.repeats)
        goldens = _save(prepared, model, folder, rows)
        if not declaration.allow_pickle:
            refuse_pickles(folder / MODEL)
        write_profile(folder, learnt.profiled, model, held_out.inputs)
        twin = make_twin(prepared.algorithm, model, context, folder, [learnt.profiled, rows])
        baseline = compared(problem, metrics, held_out, learnt.whole)
        facts = {**_facts(declaration, problem, learnt, metrics, goldens), **learnt.facts}
        facts |= {} if baseline is None else {"baseline": baseline.to_json()}
        facts |= appraised(problem, declaration, model, held_out, outputs, metrics)
        facts |= learnt_confidence(held_out, outputs) if problem.labelled else {}
        facts |= {} if twin is None else {TWIN: twin.facts()}
        facts["data"] |= {"origin": dict(prepared.origin)} if prepared.origin else {}
        digest, manifest = seal(folder, {**facts, **prepared.facts}, self.signer)
        latency = _latency(declaration, model, rows, self.clock)
        warnings = [
            *(_suspicions(metrics) if problem.labelled else []),
            *([] if learnt.report is None else remarks(learnt.report)),
        ]
        told = {**metrics, **latency, **({} if twin is None else twin.measured(self.clock))}
        return Trained(folder, digest, manifest, told, held_out, learnt.seconds, warnings, baseline)


def _read(
    declaration: ServiceDeclaration,
    problem: Problem,
    prepared: Prepared,
    source: DataSource | None,
) -> ReadData:
    if not prepared.needs_data:
        return nothing(declaration.schema)
    if source is None or declaration.data is None:
        raise InvalidConfiguration(
            f"Service {declaration.service!r} declares no data, but algorithm "
            f"{prepared.algorithm.name} learns from data: add a `data:` part."
        )
    return read_training_data(source, problem, declaration.data.decimal)


def _looked_at(
    declaration: ServiceDeclaration, data: TrainingData, before: Bins | None
) -> DataReport | None:
    """Return what is seen of the data, if there is any. Raises InvalidData if it fails its checks."""
    if not len(data) or declaration.data is None:
        return None
    report = look(data, before)
    demand(report, declaration.data.checks)
    return report


def split(
    read: ReadData, problem: Problem, declaration: ServiceDeclaration
) -> tuple[TrainingData, TrainingData]:
    """Return the rows to train on and those to evaluate on; the same for the same seed."""
    if not len(read.data):
        return read.data, read.data
    training = declaration.training
    pair = problem.hold_out(read.data, read.by, training.holdout, training.seed)
    return problem.parted(read.data, pair)


def _save(prepared: Prepared, model: Model, folder: Path, rows: Batch) -> int:
    """Write model, plugin and goldens; return how many goldens. An OSError is the disk's fault."""
    target = folder / MODEL
    target.mkdir()
    if prepared.source is not None:
        keep(prepared.source, folder)
    with named(prepared.algorithm.name, "failed in saving its model", OSError):
        model.save(target)
        return write_goldens(folder, model, rows)


def _latency(
    declaration: ServiceDeclaration, model: Model, rows: Batch, clock: Callable[[], float]
) -> dict[str, float]:
    """Measure only if the gate asks: it differs from machine to machine, so no manifest holds it."""
    gate = declaration.training.gate
    if gate is None or gate.latency_ms is None:
        return {}
    return {LATENCY: measure_latency(model, rows, clock)}


def _golden_rows(
    held_out: TrainingData, declaration: ServiceDeclaration, *, repeats: bool
) -> Batch:
    if not repeats:
        return Decoder(declaration.schema).records([])
    if len(held_out):
        return held_out.inputs
    schema = declaration.schema
    return Decoder(schema).records([example_record(schema)])


def _facts(
    declaration: ServiceDeclaration,
    problem: Problem,
    learnt: _Learnt,
    metrics: dict[str, float],
    goldens: int,
) -> dict[str, Any]:
    """What a version is, and nothing that differs between two equal trainings (no time, no id)."""
    return {
        "service": declaration.service,
        "algorithm": declaration.algorithm,
        "problem": problem.kind.name,
        **({"roles": dict(problem.roles)} if problem.roles else {}),
        "parameters": declaration.parameters,
        "schema": declaration.schema.to_json(),
        "data": {
            "fingerprint": learnt.fingerprint,
            "rows": learnt.rows,
            "trained_rows": learnt.rows - learnt.put_aside,
            "held_out_rows": learnt.put_aside,
            "seed": declaration.training.seed,
            **({} if learnt.report is None else {"report": learnt.report.facts()}),
        },
        "metrics": metrics,
        "goldens": goldens,
        "libraries": _libraries(),
    }


def _libraries() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _suspicions(metrics: dict[str, float]) -> list[str]:
    perfect = metrics.get("roc_auc", 0) >= 1 - 1e-12 or metrics.get("r2", 0) >= 1 - 1e-12
    if not perfect:
        return []
    return [
        (
            "The held-out rows are predicted without any error. That is suspicious: an input probably "
            "holds the answer (a leak). Look for a field that is known only afterwards."
        )
    ]


def _part(progress: Progress, start: float, end: float) -> Progress:
    """Map the algorithm's 0..1 onto its part of the whole."""

    def report(fraction: float, message: str = "") -> None:
        progress(start + (end - start) * min(max(fraction, 0.0), 1.0), message)

    return report
