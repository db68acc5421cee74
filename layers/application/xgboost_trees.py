"""`xgboost.classifier` and `xgboost.regressor`: gradient boosted trees learnt from a service's data.

Categories and missing values are handled by XGBoost itself, so nothing has to be encoded or filled in.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from minerva import (
    Algorithm,
    Batch,
    Context,
    Field,
    FieldType,
    InvalidConfiguration,
    InvalidData,
    Schema,
    TrainingContext,
    TrainingData,
    hookimpl,
)
from minerva.cluster import Cluster
from minerva.errors import Fault
from minerva.layers.application.xgboost_booster import TrainedTrees
from minerva.layers.application.xgboost_fitting import Task, balanced_weights, fit
from minerva.layers.application.xgboost_objectives import NUMERIC, class_count, reading_of
from minerva.layers.application.xgboost_parameters import (
    SEARCH_SPACE,
    ClassifierParameters,
    RegressorParameters,
    TreeParameters,
)
from minerva.layers.application.xgboost_twin import BoosterTwin, write_twin

LARGEST = float(np.finfo(np.float32).max)
"""XGBoost keeps labels as float32."""


class XGBoostClassifier(Algorithm):
    """Boosted trees that tell which value of a category, or whether true; with probabilities."""

    name = "xgboost.classifier"
    runtime = "inline"
    Parameters = ClassifierParameters
    search_space = SEARCH_SPACE

    def train(self, data: TrainingData, context: TrainingContext) -> TrainedTrees:
        """Learn from `data`. InvalidData: no rows, used text, truth missing or one class only."""
        output = _output(context.schema, self.name)
        _check(data, context)
        truth = _labels(data, output, context.schema.target()[0])
        weights = balanced_weights(truth) if context.parameters.class_weight == "balanced" else None
        task = Task(_objective(output), truth, class_count(output), weights)
        raw, facts = fit(data, task, context)
        return TrainedTrees.of(raw, context.schema, reading_of(task.objective, output), facts)

    def train_on(self, cluster: Cluster, context: TrainingContext) -> TrainedTrees:
        """Learn from the rows on a cluster; satisfies `minerva.cluster.TrainsOnCluster`."""
        return _train_on(cluster, context, _output(context.schema, self.name))

    def load(self, folder: Path, context: Context) -> TrainedTrees:
        """Read what `TrainedTrees.save` wrote."""
        output = _output(context.schema, self.name)
        return TrainedTrees.load(folder, context.schema, reading_of(_objective(output), output))

    def twin(self, model: TrainedTrees, folder: Path) -> Batch | None:
        """Write the same trees as ONNX; satisfies `minerva.algorithm.Twins`."""
        return write_twin(model.model, folder)

    def load_twin(self, folder: Path, context: Context) -> BoosterTwin:
        """Read what `twin` wrote, without XGBoost."""
        return BoosterTwin.load(folder, context.schema)


class XGBoostRegressor(Algorithm):
    """Boosted trees that tell a number."""

    name = "xgboost.regressor"
    runtime = "inline"
    Parameters = RegressorParameters
    search_space = SEARCH_SPACE

    def train(self, data: TrainingData, context: TrainingContext) -> TrainedTrees:
        """Learn from `data`. InvalidData: no rows, used text, truth missing or beyond float32."""
        output = _output(context.schema, self.name)
        _check(data, context)
        task = Task(_objective(output), _numbers(data, context.schema.target()[0]))
        raw, facts = fit(data, task, context)
        return TrainedTrees.of(raw, context.schema, reading_of(task.objective, output), facts)

    def train_on(self, cluster: Cluster, context: TrainingContext) -> TrainedTrees:
        """Learn from the rows on a cluster; satisfies `minerva.cluster.TrainsOnCluster`."""
        return _train_on(cluster, context, _output(context.schema, self.name))

    def load(self, folder: Path, context: Context) -> TrainedTrees:
        """Read what `TrainedTrees.save` wrote."""
        output = _output(context.schema, self.name)
        return TrainedTrees.load(folder, context.schema, reading_of(_objective(output), output))

    def twin(self, model: TrainedTrees, folder: Path) -> Batch | None:
        """Write the same trees as ONNX; satisfies `minerva.algorithm.Twins`."""
        return write_twin(model.model, folder)

    def load_twin(self, folder: Path, context: Context) -> BoosterTwin:
        """Read what `twin` wrote, without XGBoost."""
        return BoosterTwin.load(folder, context.schema)


@hookimpl
def minerva_algorithms() -> Iterable[Algorithm]:
    """Bring both algorithms; XGBoost itself is imported when one of them works."""
    return [XGBoostClassifier(), XGBoostRegressor()]


def _train_on(cluster: Cluster, context: TrainingContext, output: Field) -> TrainedTrees:
    from minerva.layers.application.xgboost_cluster import fit_on

    _check_inputs(context)
    task = Task(_objective(output), np.empty(0), class_count(output))
    raw, facts = fit_on(cluster, task, context)
    return TrainedTrees.of(raw, context.schema, reading_of(task.objective, output), facts)


def _objective(output: Field) -> str:
    classes = class_count(output)
    if classes == 0:
        return "reg:squarederror"
    return "multi:softprob" if classes > 2 else "binary:logistic"  # noqa: PLR2004 - false and true


def _output(schema: Schema, algorithm: str) -> Field:
    """Return the one output, if it is of a type that the algorithm gives."""
    name, field = schema.target()
    if len(schema.output) > 1:
        raise InvalidConfiguration(
            f"{algorithm} gives one output, but the schema has {len(schema.output)}: declare one "
            "service for each.",
            faults=[Fault("/schema/output", "has more than one output")],
        )
    wants_number = algorithm == XGBoostRegressor.name
    if wants_number != (field.type in NUMERIC):
        other = XGBoostClassifier.name if wants_number else XGBoostRegressor.name
        raise InvalidConfiguration(
            f"{algorithm} does not give an output of type {field.type.value}: use {other}.",
            faults=[Fault(f"/schema/output/{name}", f"is of type {field.type.value}")],
        )
    return field


def _check(data: TrainingData, context: TrainingContext) -> None:
    _check_inputs(context)
    if not len(data):
        raise InvalidData("The training data has no rows.")


def _check_inputs(context: TrainingContext) -> None:
    schema = context.schema
    texts = [name for name in schema.features if schema.inputs[name].type is FieldType.TEXT]
    if texts:
        raise InvalidData(
            "XGBoost cannot learn from text: set `use: false` on it, or make it a category.",
            faults=[Fault(f"/schema/inputs/{name}", "is text") for name in texts],
        )
    if not schema.features:
        raise InvalidData("Every input has `use: false`: there is nothing to learn from.")
    _check_monotone(schema, context.parameters)


def _check_monotone(schema: Schema, parameters: TreeParameters) -> None:
    faults = []
    for name in parameters.monotone:
        if name not in schema.features:
            close = get_close_matches(name, schema.features, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            faults.append(Fault(f"/parameters/monotone/{name}", f"not a used input{hint}"))
        elif schema.inputs[name].type is FieldType.CATEGORY:
            faults.append(
                Fault(f"/parameters/monotone/{name}", "is a category, which has no order")
            )
    if faults:
        raise InvalidConfiguration("The monotone constraints do not fit the schema.", faults=faults)


def _labels(data: TrainingData, output: Field, name: str) -> NDArray[np.float64]:
    labels = np.asarray(data.target(), dtype=np.float64)
    _refuse_rows(~np.isfinite(labels) | (labels < 0), name, "has no truth")
    if len(np.unique(labels)) < 2:  # noqa: PLR2004 - one class teaches nothing
        raise InvalidData(
            f"Every row has the same {name!r}: a classifier needs at least two classes.",
            faults=[Fault(f'column "{name}"', f"one of {class_count(output)} values occurs")],
        )
    return labels


def _numbers(data: TrainingData, name: str) -> NDArray[np.float64]:
    numbers = np.asarray(data.target(), dtype=np.float64)
    _refuse_rows(~np.isfinite(numbers), name, "has no truth")
    _refuse_rows(np.abs(numbers) > LARGEST, name, "is beyond 3.4e38, the most XGBoost can hold")
    return numbers


def _refuse_rows(wrong: NDArray[np.bool_], name: str, reason: str) -> None:
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0]) + 1
        raise InvalidData(
            f"The training data cannot be learnt from: {int(wrong.sum())} rows have no usable "
            f"{name!r}; leave them out.",
            faults=[Fault(f'column "{name}", row {row}', reason)],
        )
