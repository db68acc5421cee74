"""All kinds of problems, by name."""

from __future__ import annotations

from collections.abc import Mapping

from minerva.algorithm import Algorithm
from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.problems.anomaly_detection import AnomalyDetection
from minerva.layers.abstraction.problems.bandit import Bandit
from minerva.layers.abstraction.problems.classification import CLASSES, Classification
from minerva.layers.abstraction.problems.clustering import Clustering
from minerva.layers.abstraction.problems.density_estimation import DensityEstimation
from minerva.layers.abstraction.problems.dimension_reduction import DimensionReduction
from minerva.layers.abstraction.problems.forecasting import Forecasting
from minerva.layers.abstraction.problems.kind import Kind
from minerva.layers.abstraction.problems.ranking import Ranking
from minerva.layers.abstraction.problems.recommendation import Recommendation
from minerva.layers.abstraction.problems.regression import Regression
from minerva.schema import Schema
from minerva.spelling import hint

CLASSIFICATION, REGRESSION = Classification(), Regression()
_ALL: tuple[Kind, ...] = (
    CLASSIFICATION,
    REGRESSION,
    Classification(name="semi-supervised", truth="some"),
    Clustering(),
    AnomalyDetection(),
    DimensionReduction(),
    Forecasting(),
    Recommendation(),
    Ranking(),
    DensityEstimation(),
    Bandit(),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}


def kind_of(algorithm: Algorithm, schema: Schema) -> Kind:
    """Return the kind of problem that an algorithm solves; by the output, if it does not say.

    Raises InvalidConfiguration for a word that names none.
    """
    if not algorithm.problem:
        return CLASSIFICATION if schema.target()[1].type in CLASSES else REGRESSION
    if algorithm.problem not in KINDS:
        raise InvalidConfiguration(
            f"Algorithm {algorithm.name} says that it solves {algorithm.problem!r}, which is no kind of "
            f"problem; {hint(algorithm.problem, KINDS)}."
        )
    return KINDS[algorithm.problem]
