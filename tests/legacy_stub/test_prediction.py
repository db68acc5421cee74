"""The live prediction: a risk in time, or a reason why there is none."""

import time

import pytest
from fake_sidecar import cut_short, hang, problem, trickle
from structlog.testing import capture_logs

from legacy_stub.customers import find
from legacy_stub.prediction import ask_risk
from legacy_stub.risk import Band
from legacy_stub.tracing import Trace

TRACE = Trace("req-1", "a" * 32)


@pytest.fixture
def customer(sqlite_engine):
    return find(sqlite_engine, "C-00003")


def test_a_risk_tells_what_who_and_how_long(sidecar, customer):
    with capture_logs() as log:
        risk = ask_risk(sidecar, customer, TRACE, 10)

    assert (risk.probability, risk.band, risk.churn) == (0.735, Band.HIGH, "Yes")
    assert (risk.version, risk.degraded, risk.request_id) == ("1", False, "req-1")
    assert risk.milliseconds > 0
    assert risk.reason is None
    assert [event["event"] for event in log] == ["prediction.asked", "prediction.received"]


@pytest.mark.parametrize(
    ("behaviour", "seconds", "reason"),
    [
        (problem(500, "internal"), 60, "The sidecar answered 500 (internal)."),
        (cut_short, 60, "The sidecar's answer could not be read."),
        (hang, 0.15, "The sidecar did not answer in time."),
        (trickle(b"HTTP/1.1 200 OK\r\n\r\n"), 0.15, "The sidecar did not answer in time."),
    ],
)
def test_any_failure_is_a_reason_within_the_deadline(
    fake, sidecar, customer, behaviour, seconds, reason
):
    fake.predicting = behaviour

    begun = time.monotonic()
    with capture_logs() as log:
        risk = ask_risk(sidecar, customer, TRACE, seconds)

    assert time.monotonic() - begun < 30  # neither of the last two would ever end
    assert (risk.reason, risk.probability, risk.band) == (reason, None, None)
    assert [event["event"] for event in log] == ["prediction.asked", "prediction.failed"]
