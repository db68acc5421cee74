"""Listening and ending."""

import os
import signal
import socket
import threading

import pytest

from legacy_stub.errors import PortTakenError
from legacy_stub.serving import StopSignals, Worker, listen, run_until_told


def test_a_taken_port_is_named_with_its_setting():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(PortTakenError, match=rf"port {port} .*LEGACY_PORT"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1"])
def test_an_address_that_is_not_ours_is_named(host):
    with pytest.raises(PortTakenError, match="LEGACY_HOST"):
        listen(host, 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all_workers(number):
    stop = threading.Event()
    ended = []

    def work(told):
        told.wait()
        ended.append(threading.current_thread().name)

    def signal_us(_):
        os.kill(os.getpid(), number)

    with StopSignals() as signals:
        workers = [Worker("a", work), Worker("b", work), Worker("c", signal_us)]
        run_until_told(workers, stop, signals)

    assert stop.is_set()
    assert sorted(ended) == ["a", "b"]


def test_workers_that_end_by_themselves_end_the_run():
    stop = threading.Event()

    with StopSignals() as signals:
        run_until_told([Worker("a", lambda _: None)], stop, signals)

    assert stop.is_set()


def test_a_signal_that_came_early_is_not_forgotten():
    stop = threading.Event()

    with StopSignals() as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        run_until_told([Worker("a", lambda told: told.wait())], stop, signals)

    assert stop.is_set()


def test_afterwards_signals_mean_what_they_meant_before():
    before = signal.getsignal(signal.SIGTERM)

    with StopSignals():
        assert signal.getsignal(signal.SIGTERM) != before

    assert signal.getsignal(signal.SIGTERM) == before
