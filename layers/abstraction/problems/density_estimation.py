"""Density estimation: how closely rows lie at a place, such as where most happens on a map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from minerva.algorithm import Predictions, TrainingData
from minerva.errors import Fault
from minerva.layers.abstraction.problems.anomaly_detection import average_precision
from minerva.layers.abstraction.problems.classification import roc_auc
from minerva.layers.abstraction.problems.kind import (
    Floats,
    Role,
    Rows,
    Simple,
    Truth,
    Way,
    wrong_type,
)
from minerva.layers.abstraction.problems.live import Live, first_output
from minerva.schema import Batch, Field, FieldType, Schema
from minerva.schema.batch import concatenate
from minerva.schema.field import NUMERIC

AREA = "(area)"
"""Beside the truth: 1 for rows that stand for the area, which are all where nothing is said."""
APART = "in training rows stood beside places drawn by lot, here beside what was asked about"
LACKING = "Tell how often it happened at every place that was asked about, 0 where it did not."


@dataclass(frozen=True)
class DensityEstimation:
    """Tells how closely rows lie."""

    name: str = "density-estimation"
    truth: Truth = "none"
    truths: int | None = None
    resampled: bool = True
    wants: str = "a number, the density; then perhaps a boolean, whether it is a hot spot"
    roles: tuple[Role, ...] = (
        Role("longitude", NUMERIC, needed=False),
        Role("latitude", NUMERIC, needed=False),
    )
    ways: tuple[Way, ...] = ("random", "time", "group")
    baseline: str = "one hill around the middle"

    def misfits(self, schema: Schema) -> Iterator[Fault]:
        """Satisfy `Kind`."""
        yield from wrong_type(schema, frozenset({FieldType.NUMBER}), "a number")
        for name, field in [*schema.output.items()][1:]:
            if field.type is not FieldType.BOOLEAN:
                yield Fault(
                    f"/schema/output/{name}", f"is of type {field.type.value}; here it is a boolean"
                )

    def check(self, rows: Rows) -> None:
        """Satisfy `Kind`: there is no truth to look at."""

    def judged(self, rows: Rows, learnt: Rows) -> Rows:
        """Add as many places drawn by lot from where rows lie at all; theirs is the truth 0."""
        batch, chance = rows.data.inputs, np.random.default_rng(0)
        columns = {}
        for name, column in batch.columns.items():
            known = learnt.data.inputs[name]
            drawn = column[chance.permutation(len(column))]
            if known.dtype.kind == "f" and np.isfinite(known).any():
                drawn = chance.uniform(np.nanmin(known), np.nanmax(known), len(column))
            columns[name] = drawn
        drawn_batch = Batch(batch.schema, columns, len(batch), batch.keys)
        truth = np.repeat([1.0, 0.0], len(batch))
        names = rows.data.targets
        data = TrainingData(
            concatenate([batch, drawn_batch]), {**dict.fromkeys(names, truth), AREA: 1 - truth}
        )
        return Rows(data, rows.roles)

    def metrics(self, field: Field) -> tuple[str, ...]:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return ("roc_auc", "average_precision", "hit_rate", "pai")

    def telling(self, field: Field) -> tuple[str, ...]:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return ("roc_auc",)

    def evaluate(self, rows: Rows, outputs: Predictions) -> dict[str, float]:
        """Tell whether places of rows are denser than others, and how many lie in hot spots."""
        dense, *hot = (
            np.asarray(outputs[name], np.float64) for name in rows.data.inputs.schema.output
        )
        return _measured(rows, dense) | (_met(rows, hot[0]) if hot else {})

    def live(self, schema: Schema) -> Live:
        """Be told how much happened at a place that was asked about."""
        live = replace(first_output(schema), outputs=tuple(schema.output))
        return replace(live, apart=APART, lacking=LACKING)

    def simple(self, rows: Rows, learnt: Rows | None) -> Simple | None:
        """Answer how far a place is from the middle of what was learnt, in deviations."""
        if learnt is None:
            return None
        far = np.zeros(len(rows))
        for name, column in learnt.data.inputs.columns.items():
            if column.dtype.kind == "f" and np.isfinite(column).any():
                spread = np.nanstd(column) or 1.0
                far += np.nan_to_num((rows.data.inputs[name] - np.nanmean(column)) / spread) ** 2
        return Simple(self.baseline, _measured(rows, -far))


def _measured(rows: Rows, said: Floats) -> dict[str, float]:
    positive = rows.data.target() > 0
    if positive.all() or not positive.any():
        return {}
    return {
        "roc_auc": roc_auc(positive, said),
        "average_precision": average_precision(positive, said),
    }


def _met(rows: Rows, hot: Floats) -> dict[str, float]:
    """Return the share of what happened that lies in hot spots, and that by their share of the area."""
    happened = rows.data.target()
    area = rows.data.targets.get(AREA, np.ones(len(rows))) > 0
    inside = hot >= 0.5  # noqa: PLR2004 - more likely than not
    if happened.sum() <= 0:
        return {}
    met = float(happened[inside].sum() / happened.sum())
    share = float(inside[area].mean()) if area.any() else 0.0
    return {"hit_rate": met, "pai": met / share if share > 0 else float("nan")}
