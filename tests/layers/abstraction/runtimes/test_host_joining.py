"""A host that joins its callers' calls, whoever they are and however they connect."""

import contextvars
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hosts import a_batch, a_host
from waiting import wait_until

from minerva.errors import DeadlineExceeded
from minerva.layers.abstraction.runtimes.talk import ping
from minerva.layers.abstraction.serving.patience import UNTIL

CALLERS, ROWS = 8, 2


@pytest.fixture(scope="module")
def host():
    """A host that asks its model once there are sixteen records, or nothing else is asked."""
    with a_host(max_batch=CALLERS * ROWS, max_wait_ms=60_000, tenant="default") as running:
        yield running


@pytest.fixture
def busy(host):
    """The host's model, which answers somebody until `go on`; and threads to ask it from."""
    (host.scratch / "go on").unlink(missing_ok=True)
    model = host.model()
    with ThreadPoolExecutor(CALLERS + 1) as pool:
        waiting = pool.submit(model.predict, a_batch("wait"))
        wait_until((host.scratch / "waiting").exists)
        try:
            yield model, pool
        finally:
            (host.scratch / "go on").touch()
            waiting.result(60)
            (host.scratch / "waiting").unlink()
            model.close()


def test_callers_on_connections_of_their_own_are_answered_by_one_call(host, busy):
    model, pool = busy
    before = ping(host.process.spec.socket, 60).calls

    calls = [pool.submit(model.predict, a_batch(x=float(n), rows=ROWS)) for n in range(CALLERS)]

    answers = [call.result(60)["y"].tolist() for call in calls]
    assert answers == [[2.0 * n] * ROWS for n in range(CALLERS)]
    assert ping(host.process.spec.socket, 60).calls == before + 1


def test_a_caller_waits_no_longer_than_its_own_deadline(busy):
    model, pool = busy
    context = contextvars.copy_context()
    context.run(UNTIL.set, time.monotonic())

    late = pool.submit(context.run, model.predict, a_batch())

    with pytest.raises(DeadlineExceeded, match="busy with other calls"):
        late.result(60)


def test_a_caller_who_is_alone_is_answered_at_once(host):
    began = time.monotonic()

    assert host.model().predict(a_batch(x=3.0))["y"].tolist() == [6.0, 6.0]

    assert time.monotonic() - began < 30
