"""A web worker takes what it starts with out of the garbage collector's view; versions still go."""

import gc
import weakref

import pytest
from waiting import wait_until


@pytest.fixture
def freeze():
    """Do as `create_application` does at its end; then all tests go on as they began."""
    yield gc.freeze
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def test_a_version_that_was_there_at_the_start_is_let_go(sidecar, freeze):
    model = weakref.ref(sidecar.house.live.get("default", "churn").loaded.model)
    freeze()

    for chance in (0.5, 0.7, 0.6):
        sidecar.declare(chance)

    def gone() -> bool:
        sidecar.refresh()
        return model() is None

    wait_until(gone)
