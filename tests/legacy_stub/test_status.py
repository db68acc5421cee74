"""The state of the units, from nothing to everything."""

import threading

from legacy_stub.clock import now
from legacy_stub.orchestration import Orchestration
from legacy_stub.preprocessing import Preprocessing
from legacy_stub.status import status
from legacy_stub.unit import Progress


def test_before_anything_happened(engine, sidecar):
    found = status(engine, sidecar)

    assert found["main"] == {"customers": 600, "scored": 0, "version": None, "scored_at": None}
    assert found["preprocessing"] is None
    assert found["orchestration"] is None
    assert found["sidecar"] == {"service": "churn", "reachable": True}


def test_after_everything_happened(engine, sidecar):
    Preprocessing(engine, now).step()
    unit = Orchestration(engine, sidecar, now, threading.Event())
    while unit.step() is not Progress.IDLE:
        pass

    found = status(engine, sidecar)

    assert found["main"]["scored"] == 600
    assert found["main"]["version"] == "1"
    assert found["preprocessing"]["rows"] == 600
    assert found["orchestration"]["outcome"] == "succeeded"
    assert found["orchestration"]["progress"] == 1.0


def test_a_sidecar_that_is_away(sqlite_engine, fake, sidecar):
    fake.stop()

    assert status(sqlite_engine, sidecar)["sidecar"]["reachable"] is False
