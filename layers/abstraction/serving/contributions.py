"""Why a prediction came out so, for any model at all: Shapley values, sampled by asking the model.

A record's fields take the place of another record's one after the other, in an order drawn by lot, and what
each changes in the answer is its contribution; the mean is taken over the version's goldens as the other
records, and for each over one order and its reverse. Strumbelj, Kononenko, Explaining prediction models and
individual predictions with feature contributions, 2014; the reversal: Mitchell and others, Sampling
permutations for Shapley value estimation, 2022.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Model, Predictions
from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.serving.goldens import stored_records
from minerva.schema import Batch, Decoder, FieldType
from minerva.schema.batch import Column

LEAST_BACKGROUND = 5
"""Fewer other records say nothing about what is usual."""
MOST_RECORDS = 1_000
"""So many records are explained in one call; each asks the model hundreds of rows."""
SEED = 0
"""The same record has the same explanation, whoever asks it with what else."""


@dataclass(frozen=True, eq=False)
class Background:
    """The other records that a version's answers are compared with: its goldens."""

    folder: Path
    decoder: Decoder

    def records(self) -> Batch | None:
        """Return them; None if the version has too few, as one that learnt nothing from data."""
        found = stored_records(self.folder)
        return self.decoder.records(found) if len(found) >= LEAST_BACKGROUND else None


def contributions(
    model: Model,
    background: Batch,
    batch: Batch,
    *,
    labels: bool = False,
    where: str = "/explain",
) -> NDArray[np.float64]:
    """Return contributions, shape (n, features); a row's add up to its answer less the usual one.

    In units of the output: the number itself, the probability of true, or that of each row's most likely
    class. Of `labels`, numbers that are names as those of clusters are, it is explained why this one.
    The usual answer is the mean over the background. Raises InvalidInput for too many records,
    told to be asked for at `where`.
    """
    if len(batch) > MOST_RECORDS:
        raise InvalidInput(
            f"This service explains {MOST_RECORDS:,} records at once at most.",
            faults=[Fault(where, f"asked for {len(batch):,} records")],
        )
    orders = _orders(len(background), len(batch.columns))
    told = np.empty((len(batch), len(batch.columns)))
    for row in range(len(batch)):
        told[row] = _of_one(model, background, batch.take(np.array([row])), orders, labels=labels)
    return told


def _orders(others: int, fields: int) -> NDArray[np.intp]:
    """Return two orders of the fields for each other record, int of shape (2 * others, fields).

    Entry [i, f] is when field f is taken over: 0 first.
    """
    chance = np.random.default_rng(SEED)
    drawn = np.array([chance.permutation(fields) for _ in range(others)], dtype=np.intp)
    drawn = drawn.reshape(others, fields)
    return np.concatenate([drawn, fields - 1 - drawn])


def _of_one(
    model: Model, background: Batch, record: Batch, orders: NDArray[np.intp], *, labels: bool
) -> NDArray[np.float64]:
    walks, fields = orders.shape
    others = np.tile(np.arange(len(background)), 2)
    steps = np.arange(fields + 1)
    taken = orders[:, None, :] < steps[None, :, None]  # (walks, steps, fields)
    columns = {
        name: _mixed(column, record.columns[name], others, taken[:, :, place])
        for place, (name, column) in enumerate(background.columns.items())
    }
    count = walks * len(steps)
    outputs = model.predict(Batch(record.schema, columns, count, _keys(record, count)))
    answers = _in_units(record, outputs, model.predict(record), labels=labels).reshape(
        walks, len(steps)
    )
    gains = np.diff(answers, axis=1)  # of the field that each step takes over
    told: NDArray[np.float64] = np.take_along_axis(gains, orders, axis=1).mean(axis=0)
    return told


def _mixed(
    usual: Column, own: Column, others: NDArray[np.intp], taken: NDArray[np.bool_]
) -> Column:
    """Return one field of all walks: the other record's value, and from its turn on the own one."""
    mixed = np.repeat(usual[others], taken.shape[1])
    mixed[taken.ravel()] = own[0]
    return mixed


def _keys(record: Batch, count: int) -> list[Any] | None:
    return None if record.keys is None else [record.keys[0]] * count


def _in_units(
    record: Batch, outputs: Predictions, own: Predictions, *, labels: bool
) -> NDArray[np.float64]:
    """Return one number per row: of a category, the chance of what the record itself is taken for."""
    name, field = record.schema.target()
    values: NDArray[np.float64] = np.asarray(outputs[name]).astype(np.float64)
    answer = np.asarray(own[name])[0]
    if field.type is not FieldType.CATEGORY and not labels:
        return values
    if values.ndim == 1:  # labels without chances
        same: NDArray[np.float64] = np.equal(values, answer).astype(np.float64)
        return same
    return np.ascontiguousarray(values[:, int(answer.argmax())])
