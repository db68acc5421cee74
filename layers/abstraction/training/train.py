"""Training one version: data → split → algorithm → evaluation → a sealed folder."""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from minerva.algorithm import Algorithm, Model, Progress, TrainingContext, TrainingData
from minerva.cluster import TrainsOnCluster
from minerva.errors import AlgorithmFailed, InvalidConfiguration, MinervaError
from minerva.layers.abstraction.drift.stored import write_profile
from minerva.layers.abstraction.plugins.snapshot import keep
from minerva.layers.abstraction.registry.manifest import seal
from minerva.layers.abstraction.services.declaration import DataDeclaration, ServiceDeclaration
from minerva.layers.abstraction.serving.answers import Answers
from minerva.layers.abstraction.serving.goldens import write_goldens
from minerva.layers.abstraction.serving.loading import MODEL, read_parameters
from minerva.layers.abstraction.serving.twin import TWIN
from minerva.layers.abstraction.training.data import ReadData, nothing, read_training_data
from minerva.layers.abstraction.training.engine import Engine
from minerva.layers.abstraction.training.gate import LATENCY, check_gate
from minerva.layers.abstraction.training.latency import measure_latency
from minerva.layers.abstraction.training.metrics import evaluate
from minerva.layers.abstraction.training.preparation import Prepared
from minerva.layers.abstraction.training.source import DataSource
from minerva.layers.abstraction.training.split import hold_out
from minerva.layers.abstraction.training.twin import make_twin
from minerva.layers.abstraction.trust.pickles import refuse_pickles
from minerva.layers.abstraction.trust.signing import Signer
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
    facts: Mapping[str, Any] = field(default_factory=dict)


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
    ) -> Trained:
        """Train into the empty `folder`.

        Raises InvalidConfiguration, InvalidData or AlgorithmFailed; equal inputs give equal digests.
        """
        schema, algorithm = declaration.schema, prepared.algorithm
        check_gate(declaration.training.gate, schema.target()[1])
        context = TrainingContext(
            schema=schema,
            parameters=read_parameters(algorithm, declaration.parameters),
            workspace=self.workspace,
            threads=self.threads,
            allow_pickle=declaration.allow_pickle,
            seed=declaration.training.seed,
            progress=_part(progress, READ_SHARE, TRAINED_SHARE),
        )
        progress(0.0, "reading the data")
        if isinstance(source, OnCluster):
            learnt = self._there(declaration, algorithm, source, context, progress)
        else:
            learnt = self._here(declaration, algorithm, source, context, progress)
        return self._finish(declaration, prepared, context, learnt, folder, progress)

    def _here(
        self,
        declaration: ServiceDeclaration,
        algorithm: Algorithm,
        source: DataSource | None,
        context: TrainingContext,
        progress: Progress,
    ) -> _Learnt:
        read = _read(declaration, algorithm, source)
        train_part, held_out = split(read.data, declaration)
        progress(READ_SHARE, f"training on {len(train_part)} rows")
        started = self.clock()
        model = trained(algorithm.name, lambda: algorithm.train(train_part, context))
        seconds = self.clock() - started
        rows = len(read.data)
        return _Learnt(model, seconds, read.fingerprint, rows, held_out, train_part.inputs)

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
            {"engine": dict(spread.facts)},
        )

    def _finish(
        self,
        declaration: ServiceDeclaration,
        prepared: Prepared,
        context: TrainingContext,
        learnt: _Learnt,
        folder: Path,
        progress: Progress,
    ) -> Trained:
        """Evaluate and seal: the same for every model, wherever it was learnt."""
        model, held_out = learnt.model, learnt.held_out
        progress(TRAINED_SHARE, f"evaluating on {len(held_out)} held-out rows")
        metrics = _evaluate(prepared.algorithm.name, model, held_out)
        rows = _golden_rows(held_out, declaration)
        goldens = _save(prepared, model, folder, rows)
        if not declaration.allow_pickle:
            refuse_pickles(folder / MODEL)
        write_profile(folder, learnt.profiled)
        twin = make_twin(prepared.algorithm, model, context, folder, [learnt.profiled, rows])
        facts = {**_facts(declaration, learnt, metrics, goldens), **learnt.facts}
        facts |= {} if twin is None else {TWIN: twin.facts()}
        facts["data"] |= {"origin": dict(prepared.origin)} if prepared.origin else {}
        digest, manifest = seal(folder, {**facts, **prepared.facts}, self.signer)
        latency = _latency(declaration, model, rows, self.clock)
        warnings = _suspicions(metrics)
        told = {**metrics, **latency, **({} if twin is None else twin.measured(self.clock))}
        return Trained(folder, digest, manifest, told, held_out, learnt.seconds, warnings)


def evaluate_model(algorithm: str, model: Model, data: TrainingData) -> dict[str, float]:
    """Return the metrics of a model on some rows: the same rows for champion and challenger.

    Raises AlgorithmFailed.
    """
    return _evaluate(algorithm, model, data)


def _read(
    declaration: ServiceDeclaration, algorithm: Algorithm, source: DataSource | None
) -> ReadData:
    if not algorithm.needs_data:
        return nothing(declaration.schema)
    if source is None or declaration.data is None:
        raise InvalidConfiguration(
            f"Service {declaration.service!r} declares no data, but algorithm "
            f"{algorithm.name} learns from data: add a `data:` part."
        )
    return read_training_data(source, declaration.schema, declaration.data.decimal)


def split(data: TrainingData, declaration: ServiceDeclaration) -> tuple[TrainingData, TrainingData]:
    """Return the rows to train on and those to evaluate on; the same for the same seed."""
    if not len(data):
        return data, data
    field = data.inputs.schema.target()[1]
    training = declaration.training
    train, held = hold_out(data.target(), field, training.holdout, training.seed)
    return data.take(train), data.take(held)


def trained(name: str, learn: Callable[[], Model]) -> Model:
    """Learn. Raises what an algorithm raises of ours, AlgorithmFailed for anything else."""
    try:
        return learn()
    except (MinervaError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        raise _failed(name, "failed in training", error) from error


def _evaluate(name: str, model: Model, held_out: TrainingData) -> dict[str, float]:
    if not len(held_out):
        return {}
    target, field = held_out.inputs.schema.target()
    try:
        outputs = model.predict(held_out.inputs)
        Answers.of(held_out.inputs, outputs)  # raises if the model breaks its contract
    except (MinervaError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        raise _failed(name, "failed in predicting the held-out rows", error) from error
    metrics = evaluate(field, held_out.target(), outputs, target)
    return {metric: value for metric, value in metrics.items() if math.isfinite(value)}


def _save(prepared: Prepared, model: Model, folder: Path, rows: Batch) -> int:
    """Write model, plugin and goldens; return how many goldens. An OSError is the disk's fault."""
    target = folder / MODEL
    target.mkdir()
    if prepared.source is not None:
        keep(prepared.source, folder)
    try:
        model.save(target)
        return write_goldens(folder, model, rows)
    except (MinervaError, MemoryError, OSError):
        raise
    except (Exception, SystemExit) as error:
        raise _failed(prepared.algorithm.name, "failed in saving its model", error) from error


def _latency(
    declaration: ServiceDeclaration, model: Model, rows: Batch, clock: Callable[[], float]
) -> dict[str, float]:
    """Measure only if the gate asks: it differs from machine to machine, so no manifest holds it."""
    gate = declaration.training.gate
    if gate is None or gate.latency_ms is None:
        return {}
    return {LATENCY: measure_latency(model, rows, clock)}


def _failed(name: str, what: str, error: BaseException) -> AlgorithmFailed:
    """Name the error's kind only: its text may hold values of the data. The job's log has it all."""
    return AlgorithmFailed(
        f"Algorithm {name} {what} ({type(error).__name__}); the job's log says where."
    )


def _golden_rows(held_out: TrainingData, declaration: ServiceDeclaration) -> Batch:
    if len(held_out):
        return held_out.inputs
    schema = declaration.schema
    return Decoder(schema).records([example_record(schema)])


def _facts(
    declaration: ServiceDeclaration, learnt: _Learnt, metrics: dict[str, float], goldens: int
) -> dict[str, Any]:
    """What a version is, and nothing that differs between two equal trainings (no time, no id)."""
    return {
        "service": declaration.service,
        "algorithm": declaration.algorithm,
        "parameters": declaration.parameters,
        "schema": declaration.schema.to_json(),
        "data": {
            "fingerprint": learnt.fingerprint,
            "rows": learnt.rows,
            "trained_rows": learnt.rows - len(learnt.held_out),
            "held_out_rows": len(learnt.held_out),
            "seed": declaration.training.seed,
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
