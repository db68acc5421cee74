"""Models that are not thread-safe are asked one call at a time."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from minerva.algorithm import Explains, Model, Predictions
from minerva.schema import Batch


@dataclass(frozen=True)
class _Serial:
    """Passes calls on, one after the other."""

    model: Model
    lock: threading.Lock = field(default_factory=threading.Lock)

    def predict(self, batch: Batch) -> Predictions:
        """Satisfy `Model`."""
        with self.lock:
            return self.model.predict(batch)

    def save(self, folder: Path) -> None:
        """Satisfy `Model`."""
        with self.lock:
            self.model.save(folder)


@dataclass(frozen=True)
class _SerialExplaining(_Serial):
    model: Any

    def explain(self, batch: Batch) -> NDArray[Any]:
        """Satisfy `Explains`."""
        with self.lock:
            explained: NDArray[Any] = self.model.explain(batch)
            return explained


def one_at_a_time(model: Model) -> Model:
    """Return the model behind a lock; it explains if the model does."""
    return _SerialExplaining(model) if isinstance(model, Explains) else _Serial(model)
