"""`xgboost.classifier` and `xgboost.regressor`: gradient boosted trees learnt from a service's data.

Categories and missing values are handled by XGBoost itself, so nothing has to be encoded or filled in.
"""

from __future__ import annotations

from collections.abc import Iterable
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
from minerva.layers.application.truth import (
    Classes,
    class_count,
    numbers,
    refuse_rows,
    the_output,
)
from minerva.layers.application.xgboost_booster import TrainedTrees
from minerva.layers.application.xgboost_fitting import Task, balanced_weights, fit
from minerva.layers.application.xgboost_objectives import EXPONENTIAL, reading_of
from minerva.layers.application.xgboost_parameters import (
    SEARCH_SPACE,
    ClassifierParameters,
    RegressorParameters,
    TreeParameters,
)
from minerva.layers.application.xgboost_twin import BoosterTwin, write_twin
from minerva.spelling import doubt

OBJECTIVES = {"squared_error": "reg:squarederror", "poisson": "count:poisson"}
"""What a service calls them → what XGBoost does."""
LARGEST = float(np.finfo(np.float32).max)
"""XGBoost keeps labels as float32."""


class XGBoostClassifier(Algorithm):
    """Boosted trees that tell which value of a category, or whether true; with probabilities."""

    name = "xgboost.classifier"
    example = "examples/catalogue/services/tumours-xgboost.yaml"
    problem = "classification"
    runtime = "inline"
    Parameters = ClassifierParameters
    search_space = SEARCH_SPACE

    def train(self, data: TrainingData, context: TrainingContext) -> TrainedTrees:
        """Learn from `data`. InvalidData: no rows, used text, truth missing or one class only."""
        output = _class(context.schema)
        _check(data, context)
        truth = _labels(data)
        weights = balanced_weights(truth) if context.parameters.class_weight == "balanced" else None
        task = Task(_class_objective(output), truth, class_count(output), weights)
        raw, facts = fit(data, task, context)
        return TrainedTrees.of(raw, context.schema, reading_of(task.objective, output), facts)

    def train_on(self, cluster: Cluster, context: TrainingContext) -> TrainedTrees:
        """Learn from the rows on a cluster; satisfies `minerva.cluster.TrainsOnCluster`."""
        output = _class(context.schema)
        return _train_on(cluster, context, output, _class_objective(output))

    def load(self, folder: Path, context: Context) -> TrainedTrees:
        """Read what `TrainedTrees.save` wrote."""
        output = _class(context.schema)
        reading = reading_of(_class_objective(output), output)
        return TrainedTrees.load(folder, context.schema, reading)

    def twin(self, model: TrainedTrees, folder: Path) -> Batch | None:
        """Write the same trees as ONNX; satisfies `minerva.algorithm.Twins`."""
        return write_twin(model.model, folder)

    def load_twin(self, folder: Path, context: Context) -> BoosterTwin:
        """Read what `twin` wrote, without XGBoost."""
        return BoosterTwin.load(folder, context.schema)


class XGBoostRegressor(Algorithm):
    """Boosted trees that tell a number."""

    name = "xgboost.regressor"
    example = "examples/catalogue/services/diabetes-xgboost.yaml"
    problem = "regression"
    runtime = "inline"
    Parameters = RegressorParameters
    search_space = SEARCH_SPACE

    def train(self, data: TrainingData, context: TrainingContext) -> TrainedTrees:
        """Learn from `data`. InvalidData: no rows, used text, truth missing or beyond the objective."""
        output = _number(context.schema)
        _check(data, context)
        task = Task(OBJECTIVES[context.parameters.objective], _numbers(data))
        if task.objective in EXPONENTIAL:
            refuse_rows(task.labels < 0, context.schema.target()[0], "is below 0, as no count is")
        raw, facts = fit(data, task, context)
        return TrainedTrees.of(raw, context.schema, reading_of(task.objective, output), facts)

    def train_on(self, cluster: Cluster, context: TrainingContext) -> TrainedTrees:
        """Learn from the rows on a cluster; satisfies `minerva.cluster.TrainsOnCluster`."""
        output = _number(context.schema)
        return _train_on(cluster, context, output, OBJECTIVES[context.parameters.objective])

    def load(self, folder: Path, context: Context) -> TrainedTrees:
        """Read what `TrainedTrees.save` wrote."""
        output = _number(context.schema)
        reading = reading_of(OBJECTIVES[context.parameters.objective], output)
        return TrainedTrees.load(folder, context.schema, reading)

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


def _train_on(
    cluster: Cluster, context: TrainingContext, output: Field, objective: str
) -> TrainedTrees:
    from minerva.layers.application.xgboost_cluster import fit_on

    _check_inputs(context)
    task = Task(objective, np.empty(0), class_count(output))
    raw, facts = fit_on(cluster, task, context)
    return TrainedTrees.of(raw, context.schema, reading_of(task.objective, output), facts)


def _class_objective(output: Field) -> str:
    return "multi:softprob" if class_count(output) > 2 else "binary:logistic"  # noqa: PLR2004 - false and true


def _class(schema: Schema) -> Field:
    names = (XGBoostClassifier.name, XGBoostRegressor.name)
    return the_output(schema, names[0], number=False, instead=names[1])[1]


def _number(schema: Schema) -> Field:
    names = (XGBoostRegressor.name, XGBoostClassifier.name)
    return the_output(schema, names[0], number=True, instead=names[1])[1]


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
            said = f"not a used input{doubt(name, schema.features)}"
            faults.append(Fault(f"/parameters/monotone/{name}", said))
        elif schema.inputs[name].type is FieldType.CATEGORY:
            faults.append(
                Fault(f"/parameters/monotone/{name}", "is a category, which has no order")
            )
    if faults:
        raise InvalidConfiguration("The monotone constraints do not fit the schema.", faults=faults)


def _labels(data: TrainingData) -> NDArray[np.float64]:
    classes = Classes.of(data)
    return classes.present[classes.labels].astype(np.float64)


def _numbers(data: TrainingData) -> NDArray[np.float64]:
    truth, name = numbers(data), data.inputs.schema.target()[0]
    refuse_rows(np.abs(truth) > LARGEST, name, "is beyond 3.4e38, the most XGBoost can hold")
    return truth
