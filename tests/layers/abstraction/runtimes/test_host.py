"""Hosts as their callers meet them: whatever the plugin does, the caller gets an answer."""

import json
import signal
import socket
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import pytest
from hosts import a_batch, a_host
from waiting import wait_until

from minerva.errors import AlgorithmFailed, DeadlineExceeded, InvalidData, InvalidInput, Unavailable
from minerva.layers.abstraction.runtimes.host import Calls
from minerva.layers.abstraction.runtimes.hosted import ExplainingHostedModel
from minerva.layers.abstraction.runtimes.talk import ping
from minerva.layers.abstraction.runtimes.watch import GRACE_S


@pytest.fixture(scope="module")
def host():
    """A host with limits, which survives what it is asked here."""
    with a_host(memory_mb=2000, threads=3, cpus=1) as running:
        yield running


@pytest.fixture
def model(host):
    """A caller's model."""
    with_connections = host.model()
    yield with_connections
    with_connections.close()


def test_an_answer_is_the_one_that_the_model_gave(model):
    outputs = model.predict(a_batch(x=4.0, rows=3))

    assert list(outputs) == ["y"]
    assert outputs["y"].tolist() == [8.0, 8.0, 8.0]


def test_a_batch_arrives_as_it_was_sent_but_for_its_keys(model):
    (echo,) = model.predict(a_batch("records", "grün", x=1.5, rows=2))

    record = {"x": 1.5, "plan": "gold", "way": "records", "at": "grün", "since": None}
    assert json.loads(echo) == [record, record | {"plan": None}]


def test_a_model_may_write_into_its_batch_and_harms_nobody(model):
    batch = a_batch("write in", x=1.0)

    assert model.predict(batch)["y"].tolist() == [7.0, 7.0]
    assert batch["x"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("rows", [0, 1, 50_000])
def test_batches_of_any_size_are_answered(model, rows):
    batch = a_batch(rows=max(rows, 1)).take(np.arange(rows))
    if not rows:  # the plugin looks at its first record
        with pytest.raises(AlgorithmFailed, match="IndexError"):
            model.predict(batch)
        return

    assert len(model.predict(batch)["y"]) == rows


@pytest.mark.parametrize(
    ("way", "error"),
    [
        ("raise", "ValueError"),
        ("exit", "SystemExit"),
        ("interrupt", "KeyboardInterrupt"),
        ("deep", "RecursionError"),
        ("odd", "Odd"),
        ("none", "AttributeError"),
        ("memory", "ran out of memory"),
        ("files", "OSError"),
    ],
)
def test_whatever_a_plugin_raises_is_a_failure_of_the_algorithm(host, model, way, error):
    with pytest.raises(AlgorithmFailed, match=error) as raised:
        model.predict(a_batch(way))

    assert "Algorithm wild" in raised.value.message
    assert "secret" not in raised.value.message
    assert model.predict(a_batch())["y"].tolist() == [2.0, 2.0]
    assert host.troubles == []
    assert host.process.running


def test_the_traceback_is_in_the_log_of_the_host(host, model):
    with pytest.raises(AlgorithmFailed):
        model.predict(a_batch("raise"))

    assert "plugins/wild.py" in host.log
    assert '"event":"model.raised"' in host.log
    assert '"algorithm":"wild"' in host.log


def test_an_error_of_ours_keeps_its_kind_and_its_sentence(model):
    with pytest.raises(InvalidData, match=r"^Nothing to learn from\.$"):
        model.predict(a_batch("invalid"))


@pytest.mark.parametrize("way", ["text", "object"])
def test_what_is_not_numbers_is_refused(model, way):
    with pytest.raises(AlgorithmFailed, match=r"Output 'y' holds .*, not numbers"):
        model.predict(a_batch(way))


def test_numbers_of_every_kind_arrive(model):
    assert model.predict(a_batch("bool"))["y"].tolist() == [1, 1]
    outputs = model.predict(a_batch("extended"))
    assert outputs["y"].dtype == np.float64
    assert outputs["z"].tolist() == [1, 1]


def test_an_answer_of_the_wrong_length_passes_for_others_to_judge(model):
    assert model.predict(a_batch("long"))["y"].shape == (3,)


def test_what_a_plugin_prints_goes_to_the_log(host, model):
    assert model.predict(a_batch("print"))["y"].tolist() == [2.0, 2.0]

    assert "plugin was here" in host.log


def test_threads_and_cpus_are_as_the_spec_says(model):
    assert model.predict(a_batch("threads"))["y"].tolist() == [3.0, 3.0]
    assert model.predict(a_batch("cpus"))["y"].tolist() == [1.0, 1.0]


def test_a_model_that_cannot_explain_says_so(host):
    assert host.told.explains is False
    assert not isinstance(host.model(), ExplainingHostedModel)
    with pytest.raises(InvalidInput, match="cannot explain"):
        host.model(explains=True).explain(a_batch())


def test_a_model_that_explains_is_asked_why():
    with a_host(algorithm="wild.explaining") as host:
        model = host.model()

        assert model.explain(a_batch()).tolist() == np.ones((2, 5)).tolist()
        with pytest.raises(AlgorithmFailed, match="ValueError"):
            model.explain(a_batch("raise"))
        with pytest.raises(AlgorithmFailed, match=r"not of shape \(2, 5\)"):
            model.explain(a_batch("long"))


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff\xff\xff\xff",
        b"\xff\xff\xff\x3f" + b"x" * 1000,
        b"\x05\x00\x00\x00hello",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x04\x00",
        b"\x08\x00\x00\x00\x92",
        b"\x01\x00\x00\x00\x90",
        b"\x09\x00\x00\x00\x92\x01\x94\x05\xc4\x00\xc4\x00\x90",
    ],
    ids=["length", "promise", "text", "http", "head", "cut", "empty", "columns"],
)
def test_nonsense_ends_its_connection_and_nothing_else(host, model, sent):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(host.process.spec.socket)
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)

        assert connection.recv(100) == b""

    assert model.predict(a_batch())["y"].tolist() == [2.0, 2.0]


def test_two_callers_are_answered_at_once(host, model):
    with ThreadPoolExecutor(2) as threads:
        try:
            waits = threads.submit(model.predict, a_batch("wait"))
            wait_until((host.scratch / "waiting").exists)

            assert model.predict(a_batch())["y"].tolist() == [2.0, 2.0]
            told = ping(host.process.spec.socket, 60)
            assert told.busy_s > 0
            assert not waits.done()
        finally:
            (host.scratch / "go on").write_text("")
        assert waits.result()["y"].tolist() == [2.0, 2.0]
    after = ping(host.process.spec.socket, 60)
    assert after.busy_s == 0
    assert after.calls > told.calls


def test_a_model_that_is_not_thread_safe_is_asked_one_call_at_a_time():
    with a_host(thread_safe=False) as host, ThreadPoolExecutor(6) as threads:
        model = host.model()

        answers = list(threads.map(lambda _: model.predict(a_batch("alone")), range(12)))

        assert [one["y"].tolist() for one in answers] == [[1.0]] * 12


def test_whoever_waits_too_long_for_a_turn_is_told_so():
    calls = Calls(one_at_a_time=True, most_s=0.01)

    with calls.call(), ThreadPoolExecutor(1) as other:
        waits = other.submit(lambda: calls.call().__enter__())

        with pytest.raises(DeadlineExceeded, match="one call at a time"):
            waits.result()

    assert calls.pong().calls == 1


def test_a_crash_is_told_to_the_caller_and_seen_from_outside():
    with a_host() as host:
        model = host.model()

        with pytest.raises(AlgorithmFailed, match="ended while it was asked"):
            model.predict(a_batch("segfault"))

        assert host.troubles == ["ended"]
        wait_until(lambda: not host.process.running)
        assert host.process.process.wait() == -signal.SIGSEGV
        assert "Segmentation fault" in host.log


def test_a_call_without_end_ends_at_the_deadline_and_its_host_soon_after():
    with a_host(deadline_ms=2000) as host:
        model = host.model(deadline_ms=300)  # long before its host ends

        with pytest.raises(DeadlineExceeded, match="within 300 ms"):
            model.predict(a_batch("endless"))

        assert host.troubles == ["deadline"]
        wait_until(lambda: not host.process.running)
        (hangs,) = [json.loads(line) for line in host.log.splitlines() if "host.hangs" in line]
        assert hangs["seconds"] >= 2 + GRACE_S
        assert not (host.scratch / "h").exists()


def test_a_host_that_is_stopped_answers_no_ping():
    with a_host() as host:
        with pytest.raises(DeadlineExceeded):
            host.model(deadline_ms=200).predict(a_batch("stop"))
        process = psutil.Process(host.process.pid)
        wait_until(lambda: process.status() == psutil.STATUS_STOPPED)

        with pytest.raises(Unavailable):
            ping(host.process.spec.socket, 0.2)


def test_many_threads_get_each_their_own_answer(model):
    def ask(number):
        return model.predict(a_batch(x=float(number), rows=1))["y"].tolist()

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(400)))

    assert answers == [[2.0 * number] for number in range(400)]
