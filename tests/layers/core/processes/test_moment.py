"""Requests that are there at one moment are answered together, and each caller notices nothing of it."""

import json
import os
import signal
import socket
from contextlib import ExitStack, contextmanager

import pytest
from waiting import wait_until

from minerva.layers.core.processes.exchange import AheadOfTime
from minerva.layers.core.processes.moment import MOST_TOGETHER, Moment, prepare

CALLERS = 12
NOTING = """
    most_together = 1000

    def predict(self, batch):
        import threading
        from pathlib import Path

        from minerva.layers.core.processes import quick

        quick.QUICK_S = 0.1  # others may want the processor
        with Path({file!r}).open("a") as file:
            file.write(f"{{threading.current_thread().name}} {{len(batch)}}\\n")
"""


@pytest.fixture
def noted(workspace):
    """Have the model note who asks it, and about how many records; return those notes."""
    (plugin,) = (workspace / "plugins").glob("*.py")
    code = plugin.read_text()
    assert code.count("\n    def predict(self, batch):\n") == 1
    file = workspace / "asked"
    noting = NOTING.format(file=str(file))
    plugin.write_text(code.replace("\n    def predict(self, batch):\n", noting))
    return lambda: [line.split() for line in file.read_text().splitlines()]


def asking(number, *, tenure=3, head=b"", body=None):
    """Return a request by its number."""
    record = {"customer_id": f"A-{number}", "tenure": tenure, "contract": "One year"}
    content = json.dumps({"records": [record]}).encode() if body is None else body
    return (
        b"POST /v1/services/churn/predict HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/json\r\nX-Request-ID: r-%d\r\n%sContent-Length: %d\r\n\r\n"
    ) % (number, head, len(content)) + content


class Caller:
    """A connection that is kept."""

    def __init__(self, connection):
        self.connection, self.told = connection, connection.makefile("rb")
        self.ask = connection.sendall

    def leave(self):
        """Hear and say no more."""
        self.connection.shutdown(socket.SHUT_RDWR)

    def answer(self):
        """Return status, headers and body of the next answer; None where the connection ended."""
        first = self.told.readline()
        if not first:
            return None
        headers = {}
        while (line := self.told.readline().strip()) != b"":
            name, _, value = line.partition(b": ")
            headers[name.lower()] = value
        body = self.told.read(int(headers[b"content-length"]))
        return int(first.split()[1]), headers, json.loads(body)


@pytest.fixture
def callers(start, noted):
    """A server, and callers whom its loops answer themselves."""
    server = start()
    with ExitStack() as opened:
        dialled = [Caller(opened.enter_context(server.dial())) for _ in range(CALLERS)]

        def by_loops():
            before = len(noted())
            for number, caller in enumerate(dialled):
                caller.ask(asking(number))
                assert caller.answer()[0] == 200
            return all(name == "MainThread" for name, _ in noted()[before:])

        noted_file = server.workspace / "asked"
        noted_file.touch()
        wait_until(by_loops)
        yield server, dialled


@contextmanager
def at_one_moment(server):
    """Let the workers see nothing until the end of the block, and then all of it."""
    workers = server.workers()
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def test_each_caller_gets_the_own_answer(callers, noted):
    server, dialled = callers

    def asked_together():
        before = len(noted())
        with at_one_moment(server):
            for number, caller in enumerate(dialled):
                caller.ask(asking(number))
        for number, caller in enumerate(dialled):
            status, headers, body = caller.answer()
            assert (status, headers[b"x-request-id"]) == (200, b"r-%d" % number)
            assert body["predictions"][0]["customer_id"] == f"A-{number}"
        sizes = [int(size) for _, size in noted()[before:]]
        assert sum(sizes) == CALLERS
        return max(sizes) > 1

    wait_until(asked_together)
    assert server.troubles() == []


def test_what_is_wrong_with_one_is_told_to_that_one_alone(callers):
    server, dialled = callers
    with at_one_moment(server):
        for number, caller in enumerate(dialled):
            match number % 4:
                case 0:
                    caller.ask(asking(number))
                case 1:
                    caller.ask(asking(number, tenure=1001))
                case 2:
                    caller.ask(asking(number, tenure=666))
                case 3:
                    caller.ask(asking(number, head=b"bad header\r\n"))

    for number, caller in enumerate(dialled):
        status, headers, body = caller.answer()
        assert status == (200, 422, 502, 400)[number % 4]
        if status != 400:
            assert headers[b"x-request-id"] == b"r-%d" % number
        else:
            assert body["status"] == 400
            assert caller.answer() is None


def test_connections_go_on_or_end_as_their_callers_say(callers):
    server, dialled = callers
    with at_one_moment(server):
        for number, caller in enumerate(dialled):
            match number % 3:
                case 0:
                    caller.ask(asking(number, head=b"Connection: close\r\n"))
                case 1:
                    caller.ask(asking(number) + asking(100 + number))
                case 2:
                    caller.ask(asking(number))

    for number, caller in enumerate(dialled):
        assert caller.answer()[2]["request_id"] == f"r-{number}"
        match number % 3:
            case 0:
                assert caller.answer() is None
            case 1:
                assert caller.answer()[2]["request_id"] == f"r-{100 + number}"
            case 2:
                caller.ask(asking(200 + number))
                assert caller.answer()[2]["request_id"] == f"r-{200 + number}"
    assert server.troubles() == []


def test_who_went_away_meanwhile_harms_nobody(callers):
    server, dialled = callers
    with at_one_moment(server):
        for number, caller in enumerate(dialled):
            caller.ask(asking(number))
            if number % 2:
                caller.leave()

    for number, caller in enumerate(dialled):
        if number % 2 == 0:
            assert caller.answer()[2]["request_id"] == f"r-{number}"
    assert server.troubles() == []
    assert len(server.workers()) == 2


def test_many_who_ask_the_same_are_answered_some_at_a_time():
    moment = Moment()
    for number in range(MOST_TOGETHER + 3):
        moment.add(b"churn", number)
    moment.add(b"other", "another")

    groups = [(line, len(conns)) for line, conns in moment.groups()]

    assert groups == [(b"churn", MOST_TOGETHER), (b"churn", 3), (b"other", 1)]
    assert list(moment.groups()) == []


class Prepared:
    """A connection with a request that can be read."""

    class Exchange:
        call = ({}, print)
        answer = None

    def __init__(self):
        self.exchange = None

    def deliver(self):
        pass

    def look_ahead(self):
        self.exchange = self.Exchange()
        return self.exchange


def test_an_application_that_fails_on_all_is_told_of_in_each_ones_turn():
    conns = [Prepared(), Prepared()]

    def failing(_calls):
        raise ValueError("all of it")

    prepare(conns, failing)

    for conn in conns:
        with pytest.raises(ValueError, match="all of it"):
            conn.exchange.answer()


class Parser:
    """Gives requests, and raises at the end."""

    def __init__(self):
        self.unreader, self.mesg, self.come = object(), None, iter(["first", "second"])

    def __next__(self):
        return next(self.come)

    def finish_body(self, **_limits):
        return True


def test_a_request_that_was_read_ahead_comes_in_its_turn_and_so_does_an_error():
    parser = AheadOfTime(Parser())

    assert parser.look() == "first"
    assert next(parser) == "first"
    assert next(parser) == "second"
    assert parser.look() is None
    with pytest.raises(StopIteration):
        next(parser)
