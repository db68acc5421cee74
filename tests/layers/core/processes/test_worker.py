"""Whatever callers do to their connections, the others are answered, no worker is lost, and the log holds events only."""

import json
import re
import select
import socket
import struct
import time
from contextlib import ExitStack, suppress

import pytest
from waiting import wait_until

from .conftest import heard

PATH = b"/v1/services/churn/predict"
HEAD = b"POST " + PATH + b" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
LIVE = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
CALLERS_HAVE_S = 6
"""As short as a busy machine allows: a test waits for the end of it."""
BYE = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def server(start_once):
    """A server that nobody stops between tests; callers have more time than any stands still here."""
    return start_once(MINERVA_CALLER_TIMEOUT_S="60", MINERVA_MAX_BODY_BYTES="1000000")


@pytest.fixture(scope="module")
def impatient(start_once):
    """Another one, whose callers have few seconds."""
    return start_once(
        MINERVA_CALLER_TIMEOUT_S=str(CALLERS_HAVE_S), MINERVA_MAX_BODY_BYTES="1000000"
    )


@pytest.fixture(autouse=True)
def unharmed(request):
    """Afterwards the same workers are there, answer, and logged nothing but events."""
    name = "impatient" if "impatient" in request.fixturenames else "server"
    server = request.getfixturevalue(name)
    workers = server.workers()
    yield
    assert server.get("/livez") == (200, {"status": "alive"})
    assert server.workers() == workers
    assert server.troubles() == []


def counted(body):
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def statuses(answered):
    """The status of each answer in a row of them."""
    return [int(code) for code in re.findall(rb"^HTTP/1\.1 (\d{3}) ", answered, re.MULTILINE)]


def promptly(server, predict_body, within_s):
    """Be answered as usual, twenty times, in less time than a slow caller has."""
    began = time.monotonic()
    for _ in range(20):
        answered = server.say(counted(predict_body)[:-1], predict_body[-1:] + BYE)
        assert statuses(answered) == [200, 200]
    assert time.monotonic() - began < within_s


@pytest.mark.parametrize(
    ("start", "status"),
    [
        pytest.param(b"", None, id="nothing"),
        pytest.param(HEAD, 408, id="half a head"),
        pytest.param(HEAD + b"Content-Length: 9\r\n\r\n{", 408, id="a body"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{", 408, id="a chunk"),
        pytest.param(HEAD + b"Content-Length: 900000\r\n\r\n{", 408, id="a large body"),
        pytest.param(HEAD + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n", 408, id="expect"),
    ],
)
def test_64_callers_who_send_no_more_hold_nobody_up(impatient, predict_body, start, status):
    with ExitStack() as opened:
        slow = [opened.enter_context(impatient.dial()) for _ in range(64)]
        for one in slow:
            one.sendall(start)

        promptly(impatient, predict_body, CALLERS_HAVE_S)

        if status is not None:
            found = {statuses(heard(one))[-1] for one in slow}
            assert found <= {status, 503}
            assert status in found


def test_a_large_body_that_trickles_is_given_up(impatient):
    with impatient.dial() as slow:
        slow.sendall(HEAD + b"Content-Length: 900000\r\n\r\n")
        while not select.select([slow], [], [], 0.05)[0]:
            slow.sendall(b" ")

        assert statuses(heard(slow)) == [408]


def test_a_large_body_that_keeps_coming_is_read(server, predict_body):
    body = predict_body + b" " * (900_000 - len(predict_body))
    request = HEAD + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body

    assert statuses(server.say(request[:500], request[500:300_000], request[300_000:])) == [200]


@pytest.mark.parametrize("length", [100_000_000, 10**18])
def test_a_body_of_100_mb_is_refused_before_it_is_read(server, length):
    with server.dial() as connection:
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % length)

        assert statuses(heard(connection)) == [413]


def test_a_body_of_100_mb_that_is_sent_all_the_same_is_refused(server):
    head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    piece = b"10000\r\n" + b" " * 65536 + b"\r\n"

    answered = server.say(head, *[piece] * 1600)

    assert statuses(answered) in ([413], [])  # who is still sending may not hear it


@pytest.mark.parametrize("lost", ["closed", "reset"])
@pytest.mark.parametrize("sent", [0, 1, 30, len(HEAD), -30, -1, None])
def test_a_connection_that_is_lost_half_way_is_nobodys_trouble(server, predict_body, sent, lost):
    for _ in range(10):
        with server.dial() as connection:
            connection.sendall(counted(predict_body)[:sent])
            if lost == "reset":
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def test_a_caller_who_said_everything_too_early_hears_what_is_missing(server, predict_body):
    with server.dial() as connection:
        connection.sendall(counted(predict_body)[:-1])
        connection.shutdown(socket.SHUT_WR)

        answered = heard(connection)

    assert statuses(answered) == [400]
    assert b"ends too early" in answered


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"\r\n\r\n", 400),
        (b"hello\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\n\n", 400),
        (b"GET /livez HTTP/9\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", 400),
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /livez HTTP/1.1\r\nA: " + b"a" * 9000 + b"\r\n\r\n", 431),
        (b"GET /livez HTTP/1.1\r\n" + b"A: a\r\n" * 101 + b"\r\n", 431),
        (b"GET /livez HTTP/1.1\r\n" + b"A: a\r\n" * 30_000, 431),
        (b"GET /livez HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nA : a\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nA: a\x00\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nA: a\r\n folded\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\nExpect: a-miracle\r\n\r\n", 417),
        (HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400),
        (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
        (HEAD + b"Content-Length: 2, 2\r\n\r\n{}", 400),
        (HEAD + b"Content-Length: +2\r\n\r\n{}", 400),
        (HEAD + b"Content-Length: -2\r\n\r\n{}", 400),
        (HEAD + b"Content-Length: 0x2\r\n\r\n{}", 400),
        (HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}", 400),
        (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: identity\r\n\r\n{}", 400),
        (HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
        (HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nno\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2 \r\n{}\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nno colon\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nHost: a\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 9000, 400),
    ],
)
def test_what_is_no_request_is_refused_and_what_follows_it_is_not_read(server, request_, status):
    with server.dial() as connection:
        connection.sendall(request_ + LIVE)

        answered = heard(connection)

    assert statuses(answered) == [status]
    head, _, body = answered.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == status


def test_what_is_refused_is_not_repeated(server):
    answered = server.say(b"GET /livez HTTP/1.1\r\nBearer mk_secret\r\nno-value\r\n\r\n")

    assert statuses(answered) == [400]
    assert b"secret" not in answered
    assert not any("mk_secret" in json.dumps(line) for line in server.log())


def test_many_requests_are_answered_on_one_connection(server, predict_body):
    with server.dial() as connection:
        answers = connection.makefile("rb")
        for _ in range(50):
            connection.sendall(counted(predict_body))
            head = list(iter(answers.readline, b"\r\n"))
            length = next(line for line in head if line.startswith(b"Content-Length"))
            assert head[0] == b"HTTP/1.1 200 OK\r\n"
            assert json.loads(answers.read(int(length[15:])))["version"] == "1"


def test_requests_that_come_together_are_answered_in_order(server, predict_body):
    named = HEAD.replace(b"Host", b"X-Request-ID: %d\r\nHost")
    requests = [
        named % number + b"Content-Length: %d\r\n\r\n" % len(predict_body) + predict_body
        for number in range(20)
    ]

    answered = server.say(b"".join(requests) + BYE)

    assert statuses(answered) == [200] * 21
    ids = [
        json.loads(line)["request_id"] for line in answered.splitlines() if b'"request_id"' in line
    ]
    assert ids == [str(number) for number in range(20)]


def test_requests_that_come_together_in_shreds_are_answered_in_order(server, predict_body):
    row = (counted(predict_body) + LIVE) * 2 + BYE

    answered = server.say(*[row[start : start + 7] for start in range(0, len(row), 7)])

    assert statuses(answered) == [200] * 5


def test_a_connection_that_is_closed_between_requests_takes_nobody_along(server, predict_body):
    for _ in range(20):
        with server.dial() as connection:
            connection.sendall(counted(predict_body))
            assert connection.recv(12) == b"HTTP/1.1 200"


def test_callers_who_do_not_hang_up_hold_nobody_up(server, predict_body):
    with ExitStack() as opened:
        for _ in range(64):
            connection = opened.enter_context(server.dial())
            connection.sendall(BYE)
            assert heard(connection)  # and yet our end stays open

        promptly(server, predict_body, 30)


def test_an_expectation_is_met(server, predict_body):
    with server.dial() as connection:
        connection.sendall(
            HEAD
            + b"Content-Length: %d\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
            % len(predict_body)
        )
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(predict_body)

        assert statuses(heard(connection)) == [200]


def test_nobody_tells_by_headers_where_the_application_lies(server):
    answered = server.say(BYE.replace(b"Host", b"SCRIPT_NAME: /else\r\nHost"))

    assert statuses(answered) == [200]


def test_a_worker_that_stops_waits_for_nobody_who_asks_nothing(start):
    server = start(MINERVA_GRACEFUL_TIMEOUT_S="60")
    with ExitStack() as opened:
        for _ in range(20):
            opened.enter_context(server.dial())
        wait_until(lambda: server.get("/livez"), what="another caller's answer")
        began = time.monotonic()

        server.process.terminate()

        assert server.process.wait(60) == 0
        assert time.monotonic() - began < 30


@pytest.mark.parametrize("coding", [b"", b"Content-Encoding: gzip\r\n"], ids=["plain", "no gzip"])
def test_a_body_that_is_refused_unread_is_no_trouble(server, coding):
    body = b"this is no gzip" * 1000
    head = (
        b"POST /v1/services/nobody/train HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
        b"%sContent-Length: %d\r\n\r\n" % (coding, len(body))
    )

    assert statuses(server.say(head + body)) == [404]


def test_a_caller_who_reads_none_of_many_quick_answers_holds_nobody_up(server, predict_body):
    question = counted(predict_body)
    with server.dial() as greedy:
        for _ in range(50):  # now the service is known to be quick
            greedy.sendall(question)
            answered = b""
            while not answered.endswith(b"}\n"):
                answered += greedy.recv(65536)
            assert statuses(answered) == [200]

        greedy.settimeout(1)
        with suppress(TimeoutError):
            while True:
                greedy.sendall(question * 100)

        promptly(server, predict_body, 30)
