"""What an objective's raw numbers mean for a service's output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva import Field, FieldType, InvalidConfiguration
from minerva.layers.application.truth import class_count

Convert = Callable[[NDArray[Any], Field], NDArray[np.float64]]

CHANCES = ("binary:logistic", "binary:logitraw", "reg:logistic")
CLASSES = ("multi:softprob", "multi:softmax")
NUMBERS = (
    "reg:squarederror",
    "reg:linear",
    "reg:squaredlogerror",
    "reg:logistic",
    "reg:pseudohubererror",
    "reg:absoluteerror",
    "reg:quantileerror",
    "reg:gamma",
    "reg:tweedie",
    "count:poisson",
)

EXPONENTIAL = ("count:poisson", "reg:gamma", "reg:tweedie")
"""Their base score is a number, and the sum of their trees its logarithm."""


@dataclass(frozen=True)
class Reading:
    """How to read a booster: which numbers to ask for, how many per row, and what they become."""

    objective: str
    convert: Convert
    margin: bool = False
    width: int = 1


def reading_of(objective: str, output: Field) -> Reading:
    """Return how `objective` answers `output`. Raises InvalidConfiguration if it does not."""
    classes = class_count(output)
    if objective in NUMBERS and classes == 0:
        return Reading(objective, _number)
    if objective in CHANCES and classes == 2:  # noqa: PLR2004 - false and true
        return Reading(objective, _from_logit if objective == "binary:logitraw" else _from_chance)
    if objective in CLASSES and classes > 0:
        softmax = objective == "multi:softmax"  # its value is the class only; its margin says more
        return Reading(objective, _softmax if softmax else _classes, softmax, classes)
    fits = NUMBERS if classes == 0 else CLASSES if classes != 2 else (*CHANCES, *CLASSES)  # noqa: PLR2004 - as above
    raise InvalidConfiguration(
        f"Objective {objective!r} does not give {_described(output)}; what does: {', '.join(fits)}."
    )


def _described(output: Field) -> str:
    if output.type is FieldType.CATEGORY:
        return f"a category of {len(output.values)} values"
    return f"an output of type {output.type.value}"


def _number(raw: NDArray[Any], _: Field) -> NDArray[np.float64]:
    return raw.astype(np.float64)


def _from_chance(raw: NDArray[Any], output: Field) -> NDArray[np.float64]:
    chance = raw.astype(np.float64)
    if output.type is FieldType.BOOLEAN:
        return chance
    both = np.empty((len(chance), 2))
    both[:, 0], both[:, 1] = 1.0 - chance, chance
    return both


def _from_logit(raw: NDArray[Any], output: Field) -> NDArray[np.float64]:
    return _from_chance(0.5 * (1.0 + np.tanh(0.5 * raw.astype(np.float64))), output)


def _classes(raw: NDArray[Any], output: Field) -> NDArray[np.float64]:
    shares = raw.astype(np.float64)
    shares /= shares.sum(axis=1, keepdims=True)  # float32 rows miss 1 by up to 1e-6
    if output.type is FieldType.BOOLEAN:
        return np.ascontiguousarray(shares[:, 1])
    return shares


def _softmax(raw: NDArray[Any], output: Field) -> NDArray[np.float64]:
    scores = raw.astype(np.float64)
    return _classes(np.exp(scores - scores.max(axis=1, keepdims=True)), output)
