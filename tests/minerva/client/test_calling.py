"""The client against servers that misbehave: retries, deadline, breaker and default, over real sockets."""

import threading
import time
from datetime import UTC, datetime

import pytest
from answering import hang_up

from minerva.client import ONE_TRY, Client, Policy
from minerva.client.answers import retry_after_s
from minerva.client.clock import Clock
from minerva.errors import InvalidConfiguration, InvalidInput, NotFound, Unavailable

SERVICES = (200, {"services": []})
ANSWERED = (200, {"predictions": [{"churn": "Yes"}], "degraded": False})
DEFAULT = {"churn": "No"}
JOB = (202, {"job": {"id": "j1"}})


class Sleeper:
    """Time that passes as it does, but for pauses: they are noted."""

    def __init__(self):
        self.slept = []

    def clock(self):
        return Clock(sleep=self.slept.append, chance=lambda: 0.5)


@pytest.fixture
def sleeper():
    return Sleeper()


@pytest.fixture
def connect(server, sleeper):
    """A function that makes a client with a policy, whose pauses take no time."""
    made = []

    def client(policy=Policy(), timeout_s=60.0):  # noqa: B008 - it is frozen
        url = f"http://127.0.0.1:{server.server_address[1]}"
        made.append(Client(url, "mk_key", timeout_s, policy, sleeper.clock()))
        return made[-1]

    yield client
    for one in made:
        one.close()


@pytest.fixture
def over():
    """Is set when the test ends, so that what stalls ends too."""
    event = threading.Event()
    yield event
    event.set()


def busy(status, retry_after):
    def answer(handler):
        body = b'{"code": "unavailable", "detail": "Busy."}'
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("Retry-After", retry_after)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def half(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
    hang_up(handler)


@pytest.mark.parametrize("trouble", [hang_up, half, busy(503, "0"), busy(429, "0")])
def test_a_prediction_is_asked_for_again_under_the_same_request_id(server, connect, trouble):
    server.prepared.extend([trouble, trouble, ANSWERED])

    assert connect().predict("churn", [{}]) == ANSWERED[1]

    assert len(server.asked) == 3
    assert len({headers["X-Request-ID"] for _, _, headers, _ in server.asked}) == 1


def test_a_submission_is_repeated_with_its_idempotency_key(server, connect):
    server.prepared.extend([hang_up, JOB])

    assert connect().train("churn") == {"id": "j1"}

    assert len({headers["Idempotency-Key"] for _, _, headers, _ in server.asked}) == 1
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.promote("churn", 2),
        lambda c: c.rollback("churn"),
        lambda c: c.cancel("j1"),
        lambda c: c.retry("j1"),
        lambda c: c.decide("churn", 1, "accept"),
        lambda c: c.quarantine("churn", 2, "bad"),
        lambda c: c.retire("churn", "shadow"),
    ],
)
@pytest.mark.parametrize("trouble", [hang_up, busy(503, "0")])
def test_a_change_without_a_key_is_never_repeated(server, connect, change, trouble):
    server.prepared.extend([trouble] * 2)

    with pytest.raises(Unavailable):
        change(connect())

    assert len(server.asked) == 1


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (422, InvalidInput)])
def test_a_callers_own_mistake_is_neither_repeated_nor_hidden(server, connect, status, kind):
    server.prepared.extend([(status, {"code": kind.code, "detail": "No."})] * 2)

    with pytest.raises(kind):
        connect().predict("churn", [{}], default=DEFAULT)

    assert len(server.asked) == 1


def test_pauses_are_those_that_were_asked_for_and_random_ones_on_top(server, connect, sleeper):
    server.prepared.extend([busy(503, "2"), busy(503, "0"), SERVICES])

    connect(Policy(first_pause_s=0.2)).services()

    assert sleeper.slept == [2.1, 0.2]


def test_does_not_wait_longer_than_its_deadline_and_tells_how_long_it_should(server, connect):
    server.prepared.extend([busy(503, "70"), SERVICES])

    with pytest.raises(Unavailable, match="Busy") as caught:
        connect().services()

    assert caught.value.retry_after_s == 70
    assert len(server.asked) == 1


def test_retries_of_all_calls_together_have_a_budget(server, connect):
    client = connect(Policy(retry_share=0.0, spare_retries=3, breaker_failures=None))
    server.prepared.extend([hang_up] * 20)

    for _ in range(5):
        with pytest.raises(Unavailable):
            client.predict("churn", [{}])

    assert len(server.asked) == 5 + 3


def test_one_deadline_holds_for_an_answer_that_never_comes(server, connect, over):
    server.prepared.extend([lambda _: over.wait(30)] * 3)
    started = time.monotonic()

    answer = connect().predict("churn", [{}], default=DEFAULT, timeout_s=1)

    assert (answer["degraded"], answer["reason"]) == (True, "deadline")
    assert 1 <= time.monotonic() - started < 20
    assert len(server.asked) <= 1  # none, if all the time was over before


def test_one_deadline_holds_for_an_answer_that_comes_byte_by_byte(server, connect, over):
    def trickle(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")
        while not over.wait(0.02):
            try:
                handler.wfile.write(b" ")
            except OSError:
                return

    server.prepared.append(trickle)
    started = time.monotonic()

    with pytest.raises(Unavailable, match=r"did not answer in 0\.3 s"):
        connect().predict("churn", [{}], timeout_s=0.3)

    assert time.monotonic() - started < 20


def test_a_service_that_keeps_failing_is_left_alone_and_others_are_not(server, connect):
    client = connect(Policy(attempts=1, breaker_failures=2, breaker_open_s=60))
    failed = (502, {"code": "algorithm_failed", "detail": "The model failed."})
    server.prepared.extend([failed, failed, ANSWERED])

    reasons = [client.predict("churn", [{}], default=DEFAULT)["reason"] for _ in range(3)]

    assert reasons == ["algorithm_failed", "algorithm_failed", "breaker"]
    assert client.predict("value", [{}]) == ANSWERED[1]
    assert len(server.asked) == 3
    with pytest.raises(Unavailable, match="left alone"):
        client.predict("churn", [{}])


def test_a_breaker_lets_one_call_try_and_closes_on_its_answer(server, connect):
    client = connect(Policy(attempts=1, breaker_failures=1, breaker_open_s=0))
    server.prepared.extend([hang_up, ANSWERED, ANSWERED])

    assert client.predict("churn", [{}], default=DEFAULT)["reason"] == "connection"
    assert [client.predict("churn", [{}]) for _ in range(2)] == [ANSWERED[1]] * 2


def test_there_is_a_default_for_each_record_with_its_key(free_port):
    with Client(f"http://127.0.0.1:{free_port()}", policy=ONE_TRY) as client:
        answer = client.predict(
            "churn",
            [{"id": "C-1", "x": 1}, {"x": 2}],
            default=DEFAULT,
            key="id",
            request_id="legacy-7",
        )
        by_key = client.predict("churn", keys=["a", 2], default=DEFAULT, key="id")
        nameless = client.predict("churn", keys=["a", 2], default=DEFAULT)

    assert answer == {
        "predictions": [{"id": "C-1", "churn": "No"}, {"churn": "No"}],
        "service": "churn",
        "version": None,
        "request_id": "legacy-7",
        "degraded": True,
        "reason": "connection",
    }
    assert by_key["predictions"] == [{"id": "a", "churn": "No"}, {"id": 2, "churn": "No"}]
    assert nameless["predictions"] == [DEFAULT, DEFAULT]


def test_threads_share_a_client_and_each_gets_its_own_answer(server, connect):
    def echo(handler):
        body = b'{"service": {"name": "%s"}}' % handler.path.rsplit("/", 1)[1].encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    server.prepared.extend([echo] * 400)
    client, wrong = connect(), []

    def ask(thread):
        for number in range(50):
            name = f"s{thread}-{number}"
            if client.service(name) != {"name": name}:
                wrong.append(name)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert len(server.asked) == 400
    assert server.connections <= 8


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("3", 3), (" 120 ", 120), ("", 0), ("soon", 0), ("-1", 0), ("1.5", 0), ("²", 0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 9), ("Fri, 31 Dec 1999 23:00:00 GMT", 0),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(told, seconds):
    now = datetime(1999, 12, 31, 23, 59, 50, tzinfo=UTC)

    assert retry_after_s(told, now) == seconds


@pytest.mark.parametrize(
    "wrong",
    [{"attempts": 0}, {"breaker_failures": 0}, {"retry_share": 2}, {"longest_pause_s": -1}],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(InvalidConfiguration):
        Policy(**wrong)
