"""Predictions are counted and timed, and told once a minute."""

import atexit
import subprocess
import sys

import pytest
from structlog.testing import capture_logs

from minerva.events import PredictCall, PredictOutcome
from minerva.layers.application.callbacks.metrics import EVERY_S, Metrics


class Clock:
    """A clock that somebody turns."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def metrics(clock):
    made = Metrics(clock)
    yield made
    atexit.unregister(made.report)


def asked(service: str = "churn", records: int = 1) -> PredictCall:
    """Return a call with so many records."""
    return PredictCall(tenant="default", service=service, records=[{}] * records)


def answered(**parts) -> PredictOutcome:
    """Return an outcome of version 1 after 10 ms."""
    return PredictOutcome(**{"version": "1", "seconds": 0.01, **parts})


def test_nothing_is_told_within_the_minute(metrics, clock):
    with capture_logs() as events:
        metrics.count(asked(), answered())
        clock.now = EVERY_S - 0.1
        metrics.count(asked(), answered())

    assert events == []


def test_what_was_counted_is_told_after_a_minute_and_counted_anew(metrics, clock):
    with capture_logs() as events:
        metrics.count(asked(records=3), answered())
        metrics.count(asked(), answered(degraded=True, code="unavailable"))
        clock.now = EVERY_S
        metrics.count(asked(), answered(code="algorithm_failed"))
        clock.now += EVERY_S
        metrics.count(asked(), answered())

    first, second = events
    assert first == {
        "event": "metrics.predictions", "log_level": "info", "tenant": "default",
        "service": "churn", "version": "1", "calls": 3, "records": 5, "failed": 2, "degraded": 1,
        "p50_ms": pytest.approx(10, rel=0.03), "p99_ms": pytest.approx(10, rel=0.03),
        "seconds": 60.0,
    }  # fmt: skip
    assert (second["calls"], second["failed"]) == (1, 0)


def test_each_service_and_version_has_a_line_of_its_own(metrics):
    metrics.count(asked("churn"), answered())
    metrics.count(asked("churn"), answered(version="2"))
    metrics.count(asked("churn"), answered(version=None, code="unavailable"))
    metrics.count(asked("price"), answered())

    with capture_logs() as events:
        metrics.report()

    assert {(one["service"], one["version"]) for one in events} == {
        ("churn", "1"), ("churn", "2"), ("churn", None), ("price", "1"),
    }  # fmt: skip


def test_quantiles_are_close_to_the_truth(metrics):
    for millisecond in range(1, 1001):
        metrics.count(asked(), answered(seconds=millisecond / 1000))

    with capture_logs() as events:
        metrics.report()

    assert events[0]["p50_ms"] == pytest.approx(500, rel=0.03)
    assert events[0]["p99_ms"] == pytest.approx(990, rel=0.03)


def test_a_call_that_took_no_time_is_counted_too(metrics):
    metrics.count(asked(), answered(seconds=0.0))

    with capture_logs() as events:
        metrics.report()

    assert (events[0]["calls"], events[0]["p50_ms"]) == (1, pytest.approx(0.001, rel=0.03))


def test_the_rest_is_told_when_the_process_ends():
    program = """
from minerva.events import PredictCall, PredictOutcome
from minerva.layers.application.callbacks.metrics import minerva_after_predict
call = PredictCall(tenant="default", service="churn", records=[{}])
minerva_after_predict(call=call, outcome=PredictOutcome(version="1"))
"""

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.count("metrics.predictions") == 1
