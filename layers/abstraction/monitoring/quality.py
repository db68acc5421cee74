"""How good recorded answers were: the metrics of training, on live rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Predictions, TrainingData
from minerva.layers.abstraction.monitoring.record import InferenceRecord
from minerva.layers.abstraction.monitoring.turned_out import read, rows_of, seen
from minerva.layers.abstraction.problems.kind import Rows, Simple
from minerva.layers.abstraction.problems.metric import is_better
from minerva.layers.abstraction.problems.ranked import numbered
from minerva.layers.abstraction.problems.solved import Solved
from minerva.layers.abstraction.problems.space import sample

MOST_DRAWN = 5000
"""Of more rows the newest so many make the interval."""
DRAWS = 200
PARTS, PART = 30, 200
"""Where rows are compared with each other: so many parts are drawn, of so many rows at most."""
MARGIN = 1e-9
FEW = 30
"""Fewer truths say nothing about a metric."""

Indices = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Judged:
    """Truths and answers of one version, row by row; what does not fit its schema is left out."""

    solved: Solved
    rows: Rows
    answers: Predictions
    told: int
    """How many rows have a truth."""

    @classmethod
    def of(cls, solved: Solved, records: Sequence[InferenceRecord]) -> Judged:
        """Read records; those without a truth where the kind of problem looks at such."""
        live = solved.live
        found = read(solved, records)
        if live.inputs:
            found = [one for one in found if seen(solved, one)]
        elif not live.taken:
            found = [one for one in found if one.told]
        rows, answers = rows_of(solved, found)
        return cls(solved, rows, answers, sum(one.told for one in found))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def drawn(self) -> tuple[int, str]:
        """How many there are of what stands for itself, and what that is."""
        if self.solved.live.group is not None:
            return len(np.unique(self._groups())), "lists"
        if self.solved.live.inputs:
            return len(self), "answers"
        return len(self), "truths"

    def metrics(self) -> dict[str, float]:
        """Return metric → value; none without rows, and none that cannot be computed."""
        if self.solved.unseen is not None:
            return {}
        return self._metrics(np.arange(len(self)), None)

    def simple(self) -> Simple | None:
        """Return what is to be beaten on these rows; None if nothing can be compared."""
        if not len(self) or self.solved.unseen is not None:
            return None
        found = self.solved.kind.simple(self.rows, None)
        return None if found is None else Simple(found.answer, _finite(found.metrics))

    def interval(self, metric: str, confidence: float = 0.95) -> tuple[float, float] | None:
        """Return between what a metric lies, by drawing rows, or whole groups, again (Efron, 1979).

        None where there are too few, or none of both kinds. The same rows give the same interval.
        """
        if self.drawn[0] < FEW:
            return None
        if not self.solved.kind.resampled:
            return self._by_parts(metric, confidence)
        values = [one[metric] for one in self._draws() if metric in one]
        if len(values) < DRAWS / 2:
            return None
        tail = (1 - confidence) / 2
        low, high = np.quantile(values, [tail, 1 - tail]).tolist()
        return low, high

    def _by_parts(self, metric: str, confidence: float) -> tuple[float, float] | None:
        """Return that of a metric that compares rows with each other, so that none may be drawn twice.

        Parts of the rows vary about the whole as the whole does about the truth, but for their size
        (delete-d jackknife: Shao, Wu, 1989). As many rows are looked at as the metric looks at.
        """
        looked_at, generator = sample(len(self)), np.random.default_rng(0)
        size = min(len(looked_at) // 2, PART)
        parts = (generator.permutation(looked_at)[:size] for _ in range(PARTS))
        found = [self._metrics(part, None) for part in parts]
        values, whole = [one[metric] for one in found if metric in one], self.metrics().get(metric)
        if whole is None or len(values) < PARTS / 2:
            return None
        deviation = float(np.std(values, ddof=1)) * math.sqrt(size / (len(looked_at) - size))
        away = NormalDist().inv_cdf((1 + confidence) / 2) * deviation
        return whole - away, whole + away

    def _draws(self) -> Iterator[dict[str, float]]:
        generator, count = np.random.default_rng(0), min(len(self), MOST_DRAWN)
        if self.solved.live.group is None:
            for _ in range(DRAWS):
                yield self._metrics(generator.integers(count, size=count), None)
            return
        numbers = numbered(self._groups())
        ends = np.cumsum(np.bincount(numbers))
        most = max(1, int(np.searchsorted(ends, MOST_DRAWN, side="right")))
        members = np.split(np.argsort(numbers, kind="stable"), ends[:-1])[:most]
        for _ in range(DRAWS):
            drawn = [members[one] for one in generator.integers(len(members), size=len(members))]
            names = np.repeat(np.arange(len(drawn)), [len(one) for one in drawn])
            yield self._metrics(np.concatenate(drawn), names)

    def _groups(self) -> NDArray[Any]:
        group = self.solved.live.group
        return self.rows.role(group or "")

    def _metrics(self, chosen: Indices, groups: NDArray[Any] | None) -> dict[str, float]:
        """Return the metrics of some rows; a group that is drawn twice is two, so they may be renamed."""
        if not len(chosen):
            return {}
        rows = self.rows.take(chosen)
        if groups is not None:
            rows = _regrouped(rows, self.solved.live.group or "", groups)
        answers = {name: column[chosen] for name, column in self.answers.items()}
        return _finite(self.solved.kind.evaluate(rows, answers))


def _regrouped(rows: Rows, role: str, groups: NDArray[Any]) -> Rows:
    batch = rows.data.inputs
    columns = {**batch.columns, rows.roles[role]: groups}
    inputs = type(batch)(batch.schema, columns, len(batch))
    return Rows(TrainingData(inputs, rows.data.targets), rows.roles)


def _finite(found: Any) -> dict[str, float]:
    return {name: value for name, value in found.items() if math.isfinite(value)}


def worse(metric: str, value: float, than: float, part: float) -> bool:
    """Tell whether a value is worse than another by more than a part of it."""
    return is_better(metric, than, value, part * abs(than) + MARGIN)
