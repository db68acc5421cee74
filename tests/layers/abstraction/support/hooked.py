"""Plugins with one hook each, made of functions, and calls to tell them of."""

from collections.abc import Callable
from typing import Any

from minerva.events import Drift, PredictCall
from minerva.layers.abstraction.callbacks.callbacks import Budgets
from minerva.layers.abstraction.plugins.catalogue import Catalogue
from minerva.layers.abstraction.plugins.plugin import Hook, Plugin

BUDGETS = Budgets(before_predict=60, after_predict=60, event=60)
"""Longer than a busy machine stands still."""
SHORT = Budgets(before_predict=0.2, after_predict=0.2, event=0.2)
"""For hooks that take longer."""
BEFORE, AFTER, DRIFT = "minerva_before_predict", "minerva_after_predict", "minerva_drift"
ARGUMENTS = {BEFORE: ("call",), AFTER: ("call", "outcome"), DRIFT: ("drift",)}
DRIFTED = Drift(
    tenant="default", service="s", version=1, name="x", measure="psi", value=0.5, threshold=0.2
)


class Clock:
    """A clock that somebody turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def catalogue(**plugins: Any) -> Catalogue:
    """Return a catalogue of plugins with one hook each."""
    return Catalogue.of(
        [
            Plugin(
                name,
                "workspace",
                hooks=(Hook(name, hook, function, ARGUMENTS[hook], False, False),),
            )
            for name, (hook, function) in plugins.items()
        ]
    )


def always(value: Any) -> Callable[[], Any]:
    """Return a function that returns it."""
    return lambda: value


def call(*records: Any) -> PredictCall:
    """Return a call with these records."""
    return PredictCall(tenant="default", service="s", records=records)


def failing(**_: Any) -> None:
    """Fail."""
    raise ValueError("could not")


def names(events: list[Any]) -> list[str]:
    """Return the names of events."""
    return [event["event"] for event in events]
