"""`factors.recommender`: users and items are told by some numbers each, whose product is the liking.

Ratings: alternating least squares beside the means of users and items (Koren, Bell, Volinsky, 2009). What
was taken: the same where all else counts as a weak no (Hu, Koren, Volinsky, 2008).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import (
    Algorithm,
    Batch,
    Context,
    FieldType,
    InvalidConfiguration,
    InvalidData,
    Parameters,
    Predictions,
    TrainingContext,
    TrainingData,
)
from minerva.errors import Fault
from minerva.layers.application.catalogue.arrays import load_arrays, save_arrays
from minerva.layers.application.catalogue.beside import members, names, part, places
from minerva.layers.application.catalogue.features import Matrix
from minerva.layers.application.truth import numbers

RECOMMENDATION = "recommendation"


class RecommenderParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `factors.recommender`."""

    user: Annotated[str, Meta(description="Input that tells who")]
    item: Annotated[str, Meta(description="Input that tells what")]
    factors: Annotated[int, Meta(ge=1, le=200, description="Numbers that tell a user or item")] = 12
    rounds: Annotated[int, Meta(ge=1, le=200, description="How often both are improved")] = 12
    penalty: Annotated[
        float,
        Meta(gt=0, le=1e6, description="How strongly the numbers are held back, for each rating"),
    ] = 0.2
    certainty: Annotated[
        float,
        Meta(gt=0, le=1e6, description="What was taken counts so much more than what was not"),
    ] = 20.0


@dataclass(frozen=True, eq=False)
class RecommenderModel:
    """Factors; a user or an item that is not known has the usual ones."""

    context: Context
    arrays: Mapping[str, NDArray[Any]]

    def predict(self, batch: Batch) -> Predictions:
        """Satisfy `Model`."""
        found, wanted = self.arrays, self.context.parameters
        user = places(found["users"], names(batch, wanted.user))
        item = places(found["items"], names(batch, wanted.item))  # -1: the last row, which is 0
        product = (found["of_users"][user] * found["of_items"][item]).sum(axis=1)
        mean, low, high = found["range"].tolist()
        said = mean + found["user_means"][user] + found["item_means"][item] + product
        return {self.context.schema.target()[0]: np.clip(said, low, high)}

    def save(self, folder: Path) -> None:
        """Satisfy `Model`."""
        save_arrays(folder, self.arrays, {"algorithm": Recommender.name})


class Recommender(Algorithm):
    """How much a user likes an item, by who else liked what; from ratings, or from what was taken."""

    name = "factors.recommender"
    example = "examples/catalogue/services/movies-recommender.yaml"
    problem = RECOMMENDATION
    runtime = "inline"
    Parameters = RecommenderParameters
    search_space = {  # noqa: RUF012 - nobody changes it
        "factors": {"low": 2, "high": 40, "log": True},
        "penalty": {"low": 0.01, "high": 1.0, "log": True},
    }

    def train(self, data: TrainingData, context: TrainingContext) -> RecommenderModel:
        """Learn. Raises InvalidData, or InvalidConfiguration for other outputs and inputs."""
        _check(context)
        if not len(data):
            raise InvalidData("The training data has no rows.")
        truth, wanted = numbers(data), context.parameters
        users, of = np.unique(names(data.inputs, wanted.user), return_inverse=True)
        items, what = np.unique(names(data.inputs, wanted.item), return_inverse=True)
        if context.schema.target()[1].type is FieldType.BOOLEAN:
            found = _from_taken(of, what, truth, (len(users), len(items)), context)
        else:
            found = _from_ratings(of, what, truth, (len(users), len(items)), context)
        return RecommenderModel(context, {**found, "users": users, "items": items})

    def load(self, folder: Path, context: Context) -> RecommenderModel:
        """Read back what `save` wrote. Raises InvalidData if it is damaged."""
        _check(context)
        arrays, _ = load_arrays(folder)
        for known, factors in (("users", "of_users"), ("items", "of_items")):
            if len(arrays[known]) + 1 != len(arrays[factors]):
                raise InvalidData("The model's files are damaged.")
        return RecommenderModel(context, arrays)


def _from_ratings(
    of: NDArray[Any],
    what: NDArray[Any],
    truth: Matrix,
    counts: tuple[int, int],
    context: TrainingContext,
) -> dict[str, NDArray[Any]]:
    wanted: RecommenderParameters = context.parameters
    mean = truth.mean()
    left = truth - mean
    item_means = _means(what, left, counts[1])
    left = left - item_means[what]
    user_means = _means(of, left, counts[0])
    left = left - user_means[of]
    users, items = _drawn(counts, wanted.factors, context.seed)
    rated, raters = members(of, counts[0]), members(what, counts[1])
    for round_ in range(wanted.rounds):
        _solve(users, items, rated, what, left, wanted.penalty)
        _solve(items, users, raters, of, left, wanted.penalty)
        context.progress((round_ + 1) / wanted.rounds)
    return {
        "of_users": users,
        "of_items": items,
        "user_means": user_means,
        "item_means": item_means,
        "range": np.array([mean, truth.min(), truth.max()]),
    }


def _from_taken(
    of: NDArray[Any],
    what: NDArray[Any],
    truth: Matrix,
    counts: tuple[int, int],
    context: TrainingContext,
) -> dict[str, NDArray[Any]]:
    wanted: RecommenderParameters = context.parameters
    users, items = _drawn(counts, wanted.factors, context.seed)
    taken, takers = members(of, counts[0]), members(what, counts[1])
    for round_ in range(wanted.rounds):
        _solve_taken(users, items, taken, what, truth, wanted)
        _solve_taken(items, users, takers, of, truth, wanted)
        context.progress((round_ + 1) / wanted.rounds)
    return {
        "of_users": users,
        "of_items": items,
        "user_means": np.zeros(counts[0] + 1),
        "item_means": np.zeros(counts[1] + 1),
        "range": np.array([0.0, 0.0, 1.0]),
    }


def _solve(
    own: Matrix,
    others: Matrix,
    rows: list[NDArray[Any]],
    who: NDArray[Any],
    left: Matrix,
    penalty: float,
) -> None:
    """Set the factors of each one to what tells its ratings best, the others' being as they are."""
    same = np.eye(own.shape[1])
    for at, mine in enumerate(rows):
        theirs = others[who[mine]]
        square = theirs.T @ theirs + penalty * max(len(mine), 1) * same
        own[at] = np.linalg.solve(square, theirs.T @ left[mine])


def _solve_taken(
    own: Matrix,
    others: Matrix,
    rows: list[NDArray[Any]],
    who: NDArray[Any],
    truth: Matrix,
    wanted: RecommenderParameters,
) -> None:
    """Do the same where every pair counts, those that were taken more than the others."""
    every = others[:-1].T @ others[:-1] + wanted.penalty * len(others) * np.eye(own.shape[1]) / 20
    for at, mine in enumerate(rows):
        theirs = others[who[mine]]
        square = every + wanted.certainty * theirs.T @ theirs
        own[at] = np.linalg.solve(square, (1 + wanted.certainty) * theirs.T @ truth[mine])


def _drawn(counts: tuple[int, int], factors: int, seed: int) -> tuple[Matrix, Matrix]:
    """Return factors to begin with; the last row, of what is not known, is 0 and stays so."""
    chance = np.random.default_rng(seed)
    both = [chance.normal(scale=0.1, size=(count + 1, factors)) for count in counts]
    for one in both:
        one[-1] = 0
    return both[0], both[1]


def _means(groups: NDArray[Any], values: Matrix, count: int) -> Matrix:
    """Return each group's mean, drawn towards 0 where it has few values; the last one, not known, is 0."""
    sums, sizes = np.bincount(groups, values, count + 1), np.bincount(groups, minlength=count + 1)
    return np.asarray(sums / (sizes + 5.0), np.float64)


def _check(context: Context) -> None:
    for role in ("user", "item"):
        part(context, role)
    name, field = context.schema.target()
    wanted = {FieldType.NUMBER, FieldType.INTEGER, FieldType.BOOLEAN}
    if len(context.schema.output) > 1 or field.type not in wanted:
        raise InvalidConfiguration(
            f"{Recommender.name} gives one number, the rating, or one boolean, whether it is taken.",
            faults=[Fault(f"/schema/output/{name}", f"is of type {field.type.value}")],
        )
