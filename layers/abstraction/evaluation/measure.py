"""Some rows, a model's answers to them, and the metric that tells most: what all appraisals start from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from minerva.algorithm import Predictions, TrainingData

Metrics = Mapping[str, float]
Evaluate = Callable[[TrainingData, Predictions], Metrics]
"""Returns metric → value of answers to some rows; a metric that these rows do not give may be NaN."""


@dataclass(frozen=True, eq=False)
class Measure:
    """A model's answers to rows that it has not learnt from."""

    rows: TrainingData
    outputs: Predictions
    evaluate: Evaluate
    metric: str
    """The one that slices and importances are told in."""
    smaller_is_better: bool

    def of(self, indices: NDArray[Any]) -> Measure:
        """Return the same of some of the rows; `indices` has shape (m,), rows may repeat."""
        chosen = {name: output[indices] for name, output in self.outputs.items()}
        return replace(self, rows=self.rows.take(indices), outputs=chosen)

    def on(self, indices: NDArray[Any]) -> Metrics:
        """Return the metrics on some of the rows."""
        some = self.of(indices)
        return self.evaluate(some.rows, some.outputs)

    def worse_by(self, value: float, than: float) -> float:
        """Return how much worse a value is than another; negative if it is better."""
        return value - than if self.smaller_is_better else than - value
