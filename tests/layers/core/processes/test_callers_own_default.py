"""The client of a real sidecar that stands still for a while: its caller always has an answer in time."""

import json
import os
import signal

import pytest
from waiting import wait_until

from minerva.client import Client, Policy


@pytest.fixture
def stopped(start):
    """A server, and a function that sends its workers a signal."""
    server = start()
    workers = server.workers()
    yield server, lambda sign: [os.kill(pid, sign) for pid in workers]
    for pid in workers:
        os.kill(pid, signal.SIGCONT)


def test_a_caller_is_answered_while_the_sidecar_stands_still_and_served_again_after(
    stopped, predict_body
):
    server, tell = stopped
    records = json.loads(predict_body)["records"]
    policy = Policy(breaker_failures=2, breaker_open_s=6)
    with Client(f"http://127.0.0.1:{server.port}", policy=policy) as client:

        def ask(timeout_s=30):
            return client.predict("churn", records, default={"churn": "No"}, timeout_s=timeout_s)

        assert ask()["degraded"] is False
        tell(signal.SIGSTOP)
        assert [ask(0.5)["reason"] for _ in range(3)] == ["deadline", "deadline", "breaker"]
        tell(signal.SIGCONT)
        wait_until(lambda: not ask()["degraded"], what="an answer of the sidecar")
