"""Why a chance is what it is: contributions to scores told as contributions to the chance itself.

Scores become chances along a straight way from the usual scores to a record's own; what each part of the
way adds belongs to the fields by their shares in it (Aumann and Shapley, Values of Non-Atomic Games, 1974;
Sundararajan and others, Axiomatic attribution for deep networks, 2017). So they add up to the chance less
the usual one, and a field keeps its sign where there are two classes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva import Field, FieldType

Floats = NDArray[np.float64]
STEPS = 24
"""Of the quadrature (Gauss and Legendre); what it misses is shared out in proportion."""
NOTHING = 1e-9
"""A way so short has no direction."""


def in_units(output: Field, usual: Floats, parts: Floats) -> Floats:
    """Return contributions in the output's unit, shape (n, fields).

    A number's own, those to the probability of true, or to that of each row's most likely class. `usual`
    are the scores that every row begins with, shape (n, scores), `parts` what each field adds to them,
    shape (n, scores, fields); of two classes one score will do, the second one's.
    """
    if output.type not in {FieldType.CATEGORY, FieldType.BOOLEAN}:
        return parts[:, 0]
    if parts.shape[1] == 1:
        usual, parts = _pair(usual), _pair(parts)
    likeliest = (usual + parts.sum(axis=2)).argmax(axis=1)
    chosen = np.ones_like(likeliest) if output.type is FieldType.BOOLEAN else likeliest
    return to_chances(usual, parts, chosen)


def to_chances(usual: Floats, parts: Floats, chosen: NDArray[Any]) -> Floats:
    """Return contributions to the chance of each row's chosen class, shape (n, fields).

    `usual` are the scores of the classes that every row begins with, shape (n, classes), `parts` what each
    field adds to them, shape (n, classes, fields), `chosen` the classes, int of shape (n,).
    """
    rows = np.arange(len(chosen))
    way = parts.sum(axis=2)
    slopes = np.zeros_like(way)
    for at, weight in zip(*_quadrature(), strict=True):
        chances = _softmax(usual + at * way)
        own = chances[rows, chosen][:, None]
        slope = -own * chances
        slope[rows, chosen] += own[:, 0]
        slopes += weight * slope
    told: Floats = np.einsum("nc,ncf->nf", slopes, parts)
    gained = (_softmax(usual + way) - _softmax(usual))[rows, chosen]
    return told * _exactly(told.sum(axis=1), gained)[:, None]


def to_rates(usual: Floats, parts: Floats) -> Floats:
    """Return contributions to a rate whose logarithm is a sum, shape (n, fields).

    `usual` is what every row's logarithm begins with, shape (n,), `parts` what each field adds to it.
    """
    way = parts.sum(axis=1)
    gained = np.exp(usual) * np.expm1(way)
    slope = np.where(np.abs(way) < NOTHING, np.exp(usual), gained / np.where(way == 0, 1, way))
    return np.asarray(parts * slope[:, None], np.float64)


def _pair(second: Floats) -> Floats:
    """Return what is told of the second of two classes for both; the first one's score is 0."""
    return np.concatenate([np.zeros_like(second), second], axis=1)


def _exactly(found: Floats, wanted: Floats) -> Floats:
    """Return what to multiply by so that sums are as they must be."""
    short = np.abs(found) < NOTHING
    return np.where(short, 1.0, wanted / np.where(short, 1.0, found))


def _quadrature() -> tuple[Floats, Floats]:
    """Return points in 0..1 and their weights, which add up to 1."""
    points, weights = np.polynomial.legendre.leggauss(STEPS)
    return (points + 1) / 2, weights / 2


def _softmax(scores: Floats) -> Floats:
    grown = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: Floats = grown / grown.sum(axis=1, keepdims=True)
    return found
