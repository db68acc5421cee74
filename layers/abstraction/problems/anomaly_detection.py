"""Anomaly detection: rows unlike the others; truth is judged by where some rows hold it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Predictions
from minerva.errors import Fault
from minerva.layers.abstraction.problems.classification import roc_auc
from minerva.layers.abstraction.problems.kind import (
    Floats,
    Role,
    Rows,
    Simple,
    Truth,
    Way,
    labelled,
    wrong_type,
)
from minerva.layers.abstraction.problems.live import Live, first_output
from minerva.schema import Field, FieldType, Schema


@dataclass(frozen=True)
class AnomalyDetection:
    """Tells whether a row is unlike the others."""

    name: str = "anomaly-detection"
    truth: Truth = "none"
    truths: int | None = None
    resampled: bool = True
    wants: str = "a boolean"
    roles: tuple[Role, ...] = ()
    ways: tuple[Way, ...] = ("random", "time", "group")
    baseline: str = "any order of the rows, if some of them hold the truth"

    def misfits(self, schema: Schema) -> Iterator[Fault]:
        """Satisfy `Kind`."""
        return wrong_type(schema, frozenset({FieldType.BOOLEAN}), self.wants)

    def check(self, rows: Rows) -> None:
        """Satisfy `Kind`: there need not be any truth to look at."""

    def judged(self, rows: Rows, learnt: Rows) -> Rows:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return rows

    def metrics(self, field: Field) -> tuple[str, ...]:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return ("roc_auc", "average_precision", "flagged")

    def telling(self, field: Field) -> tuple[str, ...]:  # noqa: ARG002 - the port's
        """Satisfy `Kind`."""
        return ("average_precision",)

    def evaluate(self, rows: Rows, outputs: Predictions) -> dict[str, float]:
        """Compare with the truth where there is some."""
        said = np.asarray(outputs[rows.output[0]], np.float64)
        told = {"flagged": float((said >= 0.5).mean())}  # noqa: PLR2004 - more likely than not
        known = labelled(rows)
        positive = rows.data.target()[known] > 0
        if positive.all() or not positive.any():
            return told
        precision = average_precision(positive, said[known])
        return {"roc_auc": roc_auc(positive, said[known]), "average_precision": precision, **told}

    def live(self, schema: Schema) -> Live:
        """Satisfy `Kind`."""
        return first_output(schema)

    def simple(self, rows: Rows, learnt: Rows | None) -> Simple | None:  # noqa: ARG002 - the port's
        """Answer the same of all."""
        positive = rows.data.target()[labelled(rows)] > 0
        if positive.all() or not positive.any():
            return None
        share = float(positive.mean())
        return Simple("any order of the rows", {"roc_auc": 0.5, "average_precision": share})


def average_precision(positive: NDArray[np.bool_], score: Floats) -> float:
    """Return the area under precision over recall by steps, ties counted together; some row is positive."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    hits: NDArray[Any] = np.cumsum(positive[order])[last]
    gained = np.diff(hits, prepend=0) / positive.sum()
    return float((gained * hits / (last + 1)).sum())
