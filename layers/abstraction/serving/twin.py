"""A version's twin: the same model in another form, quicker for few records and lighter to load.

The twin answers from the start. The model itself is loaded, and proved, when a batch comes that it is
quicker for, off the request path; or at once when only it can answer, as for an explanation.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from numpy.typing import NDArray

from minerva.algorithm import Model, Predictions
from minerva.schema import Batch

log = structlog.get_logger()

TWIN = "twin"
"""The twin's folder in a version's, and what the manifest tells about it."""
EXPLAINS = "explains"
MOST_RECORDS = "twin_most_records"
"""A metric of a registered version: up to so many records its twin was measured to be quicker."""


@dataclass(eq=False)
class Original:
    """The model itself, loaded once, when it is needed."""

    load: Callable[[], Model]
    model: Model | None = None
    """None until it is loaded."""
    _asked: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self) -> Model:
        """Return the model; whoever comes meanwhile waits. Raises what its loading does."""
        with self._lock:
            if self.model is None:
                self.model = self.load()
            return self.model

    def fetch(self) -> None:
        """Have it loaded, and return at once."""
        if not self._asked:
            self._asked = True
            threading.Thread(target=self._fetched, name="original", daemon=True).start()

    def _fetched(self) -> None:
        try:
            self.get()
        except Exception:  # its twin goes on answering
            log.exception("original.not_loaded")


@dataclass(frozen=True, eq=False)
class TwinnedModel:
    """Asks the twin, or for many records the model itself once it is there."""

    twin: Model
    original: Original
    most: int
    """Up to so many records the twin is quicker."""

    def predict(self, batch: Batch) -> Predictions:
        """Satisfy `Model`."""
        if len(batch) <= self.most:
            return self.twin.predict(batch)
        model = self.original.model
        if model is None:
            self.original.fetch()
            model = self.twin
        return model.predict(batch)

    @property
    def most_together(self) -> int:
        """Satisfy `AnswersTogether`: no more than the twin answers itself."""
        return min(self.most, getattr(self.twin, "most_together", 0))

    def many_together(self, sizes: Sequence[int]) -> bool:
        """Tell whether calls of so many records each, too many for the twin, may be asked at once.

        All of them must be: one that the twin answers alone must not be answered by the model.
        """
        asked = self.twin if self.original.model is None else self.original.model
        return min(sizes) > self.most and sum(sizes) <= getattr(asked, "most_together", 0)

    def save(self, folder: Path) -> None:
        """Satisfy `Model`."""
        self.original.get().save(folder)


class _Explaining(TwinnedModel):
    def explain(self, batch: Batch) -> NDArray[Any]:
        """Satisfy `Explains`."""
        model: Any = self.original.get()
        explained: NDArray[Any] = model.explain(batch)
        return explained


def twinned(twin: Model, load: Callable[[], Model], most: int, *, explains: bool) -> TwinnedModel:
    """Return both as one model; it explains if the original does."""
    kind = _Explaining if explains else TwinnedModel
    return kind(twin, Original(load), most)
