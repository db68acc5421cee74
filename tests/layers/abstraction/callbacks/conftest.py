"""What tests of callbacks share: a clock that somebody turns, and callbacks that are closed."""

import pytest
from hooked import BUDGETS, Clock, always, catalogue

from minerva.layers.abstraction.callbacks.callbacks import Budgets, Callbacks


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(clock):
    """Make callbacks of hooks: plugin name → (hook, function)."""
    made: list[Callbacks] = []

    def with_hooks(budgets: Budgets = BUDGETS, /, **plugins) -> Callbacks:
        callbacks = Callbacks(always(catalogue(**plugins)), budgets, clock)
        made.append(callbacks)
        return callbacks

    yield with_hooks
    for callbacks in made:
        callbacks.close(0.5)
