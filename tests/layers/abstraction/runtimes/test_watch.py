"""What looks after a host from inside."""

import os
import threading

import pytest
from structlog.testing import capture_logs
from waiting import wait_until

from minerva.layers.abstraction.runtimes.host import Calls
from minerva.layers.abstraction.runtimes.watch import GRACE_S, Watch, cut


@pytest.fixture
def log_file(tmp_path):
    """A log, open as a host's is."""
    opened = os.open(tmp_path / "log", os.O_RDWR | os.O_APPEND | os.O_CREAT)
    yield opened
    os.close(opened)


@pytest.mark.parametrize(
    ("deadline_ms", "seconds", "ended"),
    [(500, 0.5 + GRACE_S + 0.1, True), (500, 0.5 + GRACE_S - 0.1, False), (0, 9999.0, False)],
)
def test_a_call_beyond_deadline_and_grace_ends_the_host(log_file, deadline_ms, seconds, ended):
    now = iter([0.0, 0.0, seconds, seconds, seconds])
    calls = Calls(one_at_a_time=False, most_s=None, now=lambda: next(now))
    ends = []
    watch = Watch(calls, deadline_ms, log_file, lambda: ends.append(1))

    with calls.call(), capture_logs() as events:
        watch.look()

    assert ends == [1] * ended
    assert [event["event"] for event in events] == ["host.hangs"] * ended


def test_an_idle_host_is_left_alone(log_file):
    ends = []
    watch = Watch(Calls(one_at_a_time=False, most_s=None), 1, log_file, lambda: ends.append(1))
    stopping = threading.Event()
    running = threading.Thread(target=watch.run, args=(stopping,))
    running.start()

    os.write(log_file, b"x" * (9 * 1024 * 1024))
    wait_until(lambda: os.fstat(log_file).st_size < 2 * 1024 * 1024)
    stopping.set()
    running.join()

    assert ends == []


def test_a_log_that_grew_too_long_loses_its_beginning(log_file):
    os.write(log_file, b"first\n" + b"x" * 100 + b"last\n")

    cut(log_file, most=1000, kept=5)
    assert os.fstat(log_file).st_size == 111
    cut(log_file, most=100, kept=5)
    os.write(log_file, b"more\n")

    told = os.pread(log_file, 1000, 0)
    assert told == b"... the log was too long, its beginning is gone\nlast\nmore\n"
