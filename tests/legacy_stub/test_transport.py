"""HTTP with a deadline: kept connections, slow answers, absent servers."""

import socket
import threading
import time
from http.client import HTTPException

import pytest
from fake_sidecar import cut_short, hang, raw, reply, trickle

from legacy_stub.deadline import Deadline
from legacy_stub.transport import Answer, Request, Transport

GET = Request("GET", "/livez")
POST = Request("POST", "/v1/services/churn/predict", {"X-Request-ID": "r"}, b"{}")
PATIENT = 60.0
IN_TIME = 30.0
"""Long before PATIENT, and long enough for a busy machine; who knew no deadline would not end at all."""
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture
def transport(fake):
    made = Transport(fake.url)
    yield made
    made.close()


def seconds_until_timeout(transport, seconds, stop=None):
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        transport.call(POST, Deadline(seconds, stop))
    return time.monotonic() - begun


def test_a_call_brings_the_whole_answer(fake, transport):
    fake.predicting = reply(418, {"tea": "pot"})

    assert transport.call(POST, Deadline(PATIENT)) == Answer(418, b'{"tea": "pot"}')
    assert fake.calls[0].headers["X-Request-ID"] == "r"
    assert fake.calls[0].body == b"{}"


def test_the_connection_is_kept_for_whichever_thread_calls_next(fake, transport):
    for _ in range(5):
        thread = threading.Thread(target=transport.call, args=(GET, Deadline(PATIENT)))
        thread.start()
        thread.join()

    assert len(fake.calls) == 5
    assert fake.connections == 1


def test_calls_at_the_same_time_do_not_wait_for_each_other(fake, transport):
    together = threading.Barrier(3)

    def meet(handler, call):
        together.wait(PATIENT)
        reply(200, {})(handler, call)

    fake.predicting = meet
    threads = [
        threading.Thread(target=transport.call, args=(POST, Deadline(PATIENT))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert fake.connections == 3


def test_a_sidecar_that_was_restarted_is_reached_again(fake, transport):
    transport.call(GET, Deadline(PATIENT))
    fake.stop()
    fake.start()

    assert transport.call(GET, Deadline(PATIENT)).status == 200


def test_a_connection_that_is_closed_with_the_answer_is_not_kept(fake, transport):
    fake.predicting = raw(HEAD + b"Connection: close\r\n\r\n{}")

    for _ in range(2):
        assert transport.call(POST, Deadline(PATIENT)).body == b"{}"

    assert fake.connections == 2


@pytest.mark.parametrize(
    "behaviour",
    [
        hang,
        trickle(HEAD + b"Content-Length: 100000\r\n\r\n"),
        trickle(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        trickle(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        trickle(b"", b"H"),
    ],
    ids=["silence", "slow body", "slow chunks", "slow header", "slow status line"],
)
def test_no_slow_answer_outlasts_the_deadline(fake, transport, behaviour):
    fake.predicting = behaviour

    assert 0.2 <= seconds_until_timeout(transport, 0.25) < IN_TIME


def test_a_late_answer_is_not_mistaken_for_the_next_one(fake, transport):
    fake.predicting = hang
    seconds_until_timeout(transport, 0.05)
    fake.predicting = reply(200, {"fresh": True})

    assert transport.call(POST, Deadline(PATIENT)).body == b'{"fresh": true}'


def test_a_server_that_takes_nothing_is_given_up_in_time():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        transport = Transport(f"http://127.0.0.1:{deaf.getsockname()[1]}")
        large = Request("POST", "/", {}, b"x" * 50_000_000)

        begun = time.monotonic()
        with pytest.raises(TimeoutError):
            transport.call(large, Deadline(0.25))

        assert time.monotonic() - begun < IN_TIME


def test_a_name_that_takes_long_to_look_up_is_given_up_in_time(monkeypatch):
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(PATIENT))

    assert seconds_until_timeout(Transport("http://somewhere"), 0.1) < IN_TIME

    released.set()


def test_a_stop_ends_the_wait_at_once(fake, transport):
    stop = threading.Event()

    def stop_meanwhile(handler, call):
        stop.set()
        hang(handler, call)

    fake.predicting = stop_meanwhile

    assert seconds_until_timeout(transport, PATIENT, stop) < IN_TIME


def test_nobody_there_is_an_os_error(fake, transport):
    fake.stop()

    with pytest.raises(OSError, match="refused"):
        transport.call(GET, Deadline(PATIENT))


@pytest.mark.parametrize("behaviour", [cut_short, raw(b"220 mail.example.com ESMTP\r\n")])
def test_what_is_no_complete_http_answer_is_an_http_exception(fake, transport, behaviour):
    fake.predicting = behaviour

    with pytest.raises(HTTPException):
        transport.call(POST, Deadline(PATIENT))


def test_a_path_in_the_address_comes_before_every_path(fake):
    transport = Transport(f"{fake.url}/behind/proxy")

    transport.call(GET, Deadline(PATIENT))

    assert fake.calls[0].path == "/behind/proxy/livez"
    transport.close()
