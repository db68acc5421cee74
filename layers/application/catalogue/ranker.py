"""`pairwise.ranker`: a weighted sum of the fields that puts the rows of a group in order.

Learnt from pairs of one group of which one row is more relevant than the other (Joachims, 2002), by
logistic regression of their difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import (
    Algorithm,
    Batch,
    Context,
    InvalidData,
    Parameters,
    Predictions,
    TrainingContext,
    TrainingData,
)
from minerva.layers.application.catalogue.arrays import load_arrays, save_arrays
from minerva.layers.application.catalogue.beside import Beside, names, part
from minerva.layers.application.catalogue.features import Matrix
from minerva.layers.application.catalogue.supervised import sklearn
from minerva.layers.application.truth import numbers, the_output

RANKING = "ranking"


class RankerParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `pairwise.ranker`."""

    group: Annotated[str, Meta(description="Input that tells which rows are put in order together")]
    penalty: Annotated[
        float, Meta(gt=0, le=1e9, description="How strongly large weights are held back (ridge)")
    ] = 1.0
    pairs: Annotated[
        int,
        Meta(ge=1, le=1000, description="Pairs of each row, drawn by lot, that are learnt from"),
    ] = 10


@dataclass(frozen=True, eq=False)
class RankerModel:
    """Weights."""

    context: Context
    beside: Beside
    weights: Matrix

    def predict(self, batch: Batch) -> Predictions:
        """Satisfy `Model`."""
        score = (self.beside.matrix(batch) * self.weights).sum(axis=1)
        return {self.context.schema.target()[0]: score}

    def save(self, folder: Path) -> None:
        """Satisfy `Model`."""
        arrays = {**self.beside.arrays(), "weights": self.weights}
        save_arrays(folder, arrays, {"algorithm": PairwiseRanker.name})


class PairwiseRanker(Algorithm):
    """Which rows of a group come first, by a weighted sum of the fields; only its order means something."""

    name = "pairwise.ranker"
    example = "examples/catalogue/services/travel-ranking.yaml"
    problem = RANKING
    runtime = "inline"
    Parameters = RankerParameters
    search_space = {"penalty": {"low": 0.001, "high": 1000.0, "log": True}}  # noqa: RUF012 - nobody changes it

    def train(self, data: TrainingData, context: TrainingContext) -> RankerModel:
        """Learn. Raises InvalidData, or InvalidConfiguration for other outputs and inputs."""
        the_output(context.schema, self.name, number=True)
        group = part(context, "group")
        if not len(data):
            raise InvalidData("The training data has no rows.")
        beside, truth = Beside.fitted(data.inputs, [group]), numbers(data)
        rows = beside.matrix(data.inputs)
        if not rows.shape[1]:
            raise InvalidData(
                "There is no input beside the group: nothing to put rows in order by."
            )
        better, worse = _pairs(names(data.inputs, group), truth, context)
        apart = rows[better] - rows[worse]
        turned = np.where(np.arange(len(apart)) % 2 == 0, 1.0, -1.0)
        logistic = sklearn("linear_model").LogisticRegression(
            C=1 / context.parameters.penalty, fit_intercept=False, max_iter=1000
        )
        if len(apart) == 1:  # one pair is two, seen from both sides
            apart, turned = np.repeat(apart, 2, axis=0), np.array([1.0, -1.0])
        logistic.fit(apart * turned[:, np.newaxis], turned)
        return RankerModel(context, beside, logistic.coef_[0])

    def load(self, folder: Path, context: Context) -> RankerModel:
        """Read back what `save` wrote."""
        the_output(context.schema, self.name, number=True)
        arrays, _ = load_arrays(folder)
        beside = Beside.kept(context.schema, arrays, [part(context, "group")])
        return RankerModel(context, beside, arrays["weights"])


def _pairs(
    groups: NDArray[np.str_], truth: Matrix, context: TrainingContext
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows, and less relevant ones of their groups. Raises InvalidData if there are none."""
    chance = np.random.default_rng(context.seed)
    _, which = np.unique(groups, return_inverse=True)
    order = np.argsort(which, kind="stable")
    sizes = np.bincount(which)
    starts = np.cumsum(sizes) - sizes
    one = np.repeat(np.arange(len(truth)), context.parameters.pairs)
    drawn = (chance.random(len(one)) * sizes[which[one]]).astype(np.intp)
    other = order[starts[which[one]] + drawn]
    better = truth[one] > truth[other]
    worse = truth[one] < truth[other]
    if not (better | worse).any():
        raise InvalidData(
            "In no group is a row more relevant than another: there is nothing to learn."
        )
    first = np.concatenate([one[better], other[worse]])
    return first, np.concatenate([other[better], one[worse]])
