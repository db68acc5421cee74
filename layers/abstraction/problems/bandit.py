"""Bandits: which action to take, learnt from actions that were taken and what they brought."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Predictions
from minerva.errors import Fault
from minerva.layers.abstraction.problems.kind import (
    Floats,
    Role,
    Rows,
    Simple,
    Truth,
    Way,
    demand_truth,
    refuse_missing_truth,
    wrong_type,
)
from minerva.layers.abstraction.problems.live import Live
from minerva.schema import Field, FieldType, Schema
from minerva.schema.field import NUMERIC

PROPENSITY = "propensity"
"""What a truth that came later may hold: how likely the action that was taken was to be taken."""
LEAST_PROPENSITY = 1e-6
CHANCE = Field(type=FieldType.NUMBER, minimum=LEAST_PROPENSITY, maximum=1.0)
LACKING = "Nowhere was the told action taken."
WANTS = "a category, the action; then a number, its reward"


@dataclass(frozen=True)
class Bandit:
    """Tells which action to take."""

    name: str = "bandit"
    truth: Truth = "all"
    truths: int | None = None
    resampled: bool = True
    wants: str = WANTS
    roles: tuple[Role, ...] = ()
    ways: tuple[Way, ...] = ("random", "time", "group")
    baseline: str = "always the action that brought most"

    def misfits(self, schema: Schema) -> Iterator[Fault]:
        """Satisfy `Kind`."""
        yield from wrong_type(schema, frozenset({FieldType.CATEGORY}), "a category")
        others = [field.type for field in schema.output.values()][1:]
        if len(others) != 1 or others[0] not in NUMERIC:
            yield Fault("/schema/output", f"is to be {WANTS}")
        if PROPENSITY in schema.output:
            message = "is what a truth calls the chance of an action: name it otherwise"
            yield Fault(f"/schema/output/{PROPENSITY}", message)

    def check(self, rows: Rows) -> None:
        """Satisfy `Kind`."""
        demand_truth(rows)
        name, field = _reward(rows)
        refuse_missing_truth(rows.data.targets[name], name, field, first_row=1)

    def judged(self, rows: Rows, learnt: Rows) -> Rows:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return rows

    def metrics(self, field: Field) -> tuple[str, ...]:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return ("reward", "matched", "taken_reward")

    def telling(self, field: Field) -> tuple[str, ...]:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return ("reward",)

    def evaluate(self, rows: Rows, outputs: Predictions) -> dict[str, float]:
        """Look at the rows where the same action was taken as is told now."""
        said = np.asarray(outputs[rows.output[0]])
        return _measured(rows, (said.argmax(axis=1) if said.ndim > 1 else said).astype(np.int64))

    def live(self, schema: Schema) -> Live:
        """Be told the reward, and the action where another one was taken; perhaps how likely it was."""
        action, reward = schema.output
        told = {reward: schema.output[reward], action: schema.output[action], PROPENSITY: CHANCE}
        return Live(truth=told, outputs=(action,), lacking=LACKING)

    def simple(self, rows: Rows, learnt: Rows | None) -> Simple | None:
        """Answer the action that brought most among the rows learnt from, or else among these very rows."""
        known = rows if learnt is None else learnt
        taken, brought = known.data.target(), known.data.targets[_reward(known)[0]]
        best = max(np.unique(taken), key=lambda one: float(brought[taken == one].mean()))
        return Simple(self.baseline, _measured(rows, np.full(len(rows), best)))


def _reward(rows: Rows) -> tuple[str, Field]:
    return [*rows.data.inputs.schema.output.items()][1]


def _measured(rows: Rows, said: NDArray[Any]) -> dict[str, float]:
    taken, brought = rows.data.target(), rows.data.targets[_reward(rows)[0]].astype(np.float64)
    same = taken == said
    return {
        "reward": policy_value(brought, same, _likely(rows)),
        "matched": float(same.mean()),
        "taken_reward": float(brought.mean()),
    }


def _likely(rows: Rows) -> Floats:
    """Return how likely each action that was taken was to be taken, as far as it is known.

    In training data, as often as it was: as if actions had been taken without a look at the inputs. Of
    what was told later, what was told; else the answer was sure to be taken.
    """
    told = rows.data.targets.get(PROPENSITY)
    return often(rows.data.target()) if told is None else np.where(np.isnan(told), 1.0, told)


def often(taken: NDArray[Any]) -> Floats:
    """Return the share of the rows that have each row's action, shape (n,)."""
    codes = taken.astype(np.int64)
    return np.asarray((np.bincount(codes) / len(codes))[codes], np.float64)


def policy_value(brought: Floats, same: NDArray[np.bool_], likely: Floats) -> float:
    """Return what the told actions would have brought on the average; NaN if none of them was taken.

    Weighted by how unlikely an action was to be taken (self-normalised importance sampling; Swaminathan,
    Joachims, 2015). `same`: whether the told action was taken; each of shape (n,).
    """
    if not same.any():
        return float("nan")
    rare = 1 / likely[same]
    return float((rare * brought[same]).sum() / rare.sum())
