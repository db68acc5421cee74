"""The client, against a real HTTP server that answers as a test tells it."""

import json
import os
import socket
import tempfile
import threading
from collections import deque
from pathlib import Path
from socketserver import UnixStreamServer

import pytest
from answering import Handler, hang_up

from minerva import errors
from minerva.client import Client, problem
from minerva.errors import Fault, InvalidConfiguration, MinervaError, Unavailable


def asked(server):
    """Method, path and JSON body of the last request."""
    method, path, _, body = server.asked[-1]
    return method, path, json.loads(body) if body else None


CHURN = {"service": "churn"}
JOB = {"id": "j1", "state": "queued"}
ALIAS = {"alias": "champion", "version": "2"}


@pytest.mark.parametrize(
    ("call", "request_sent", "answer", "returned"),
    [
        (lambda c: c.services(), ("GET", "/v1/services", None), {"services": [CHURN]}, [CHURN]),
        (lambda c: c.service("a b"), ("GET", "/v1/services/a%20b", None), {"service": CHURN}, CHURN),
        (
            lambda c: c.predict("churn", [{"x": 1}], explain=True),
            ("POST", "/v1/services/churn/predict", {"records": [{"x": 1}], "explain": True}),
            {"predictions": []},
            {"predictions": []},
        ),
        (
            lambda c: c.predict("churn", keys=["a", 2]),
            ("POST", "/v1/services/churn/predict", {"keys": ["a", 2]}),
            {"predictions": []},
            {"predictions": []},
        ),
        (lambda c: c.train("churn"), ("POST", "/v1/services/churn/train", {}), {"job": JOB}, JOB),
        (lambda c: c.job("j1"), ("GET", "/v1/jobs/j1", None), {"job": JOB}, JOB),
        (lambda c: c.jobs(), ("GET", "/v1/jobs", None), {"jobs": [JOB]}, [JOB]),
        (
            lambda c: c.jobs(service="churn", state="queued", limit=5),
            ("GET", "/v1/jobs?service=churn&state=queued&limit=5", None),
            {"jobs": []},
            [],
        ),
        (lambda c: c.schedules(), ("GET", "/v1/schedules", None), {"schedules": []}, []),
        (
            lambda c: c.schedules(service="churn", count=5),
            ("GET", "/v1/schedules?service=churn&count=5", None),
            {"schedules": [JOB]},
            [JOB],
        ),
        (lambda c: c.job_history("j1"), ("GET", "/v1/jobs/j1/events", None), {"events": []}, []),
        (lambda c: c.cancel("j1"), ("POST", "/v1/jobs/j1/cancel", {}), {"job": JOB}, JOB),
        (lambda c: c.versions("churn"), ("GET", "/v1/services/churn/versions", None),
         {"versions": []}, []),
        (
            lambda c: c.promote("churn", 2, reason="better"),
            ("PUT", "/v1/services/churn/aliases/champion", {"version": "2", "reason": "better"}),
            {"alias": ALIAS},
            ALIAS,
        ),
        (
            lambda c: c.promote("churn", 2, "challenger", share=12.5),
            ("PUT", "/v1/services/churn/aliases/challenger", {"version": "2", "share": 12.5}),
            {"alias": ALIAS},
            ALIAS,
        ),
        (
            lambda c: c.retire("churn", "shadow", "enough seen"),
            ("DELETE", "/v1/services/churn/aliases/shadow", {"reason": "enough seen"}),
            {"alias": ALIAS},
            ALIAS,
        ),
        (
            lambda c: c.quarantine("churn", 2, "nonsense"),
            ("POST", "/v1/services/churn/versions/2/quarantine", {"reason": "nonsense"}),
            {"version": {"version": "2"}, "alias": None},
            {"version": {"version": "2"}, "alias": None},
        ),
        (
            lambda c: c.release("churn", "2"),
            ("POST", "/v1/services/churn/versions/2/release", {}),
            {"version": {"version": "2"}},
            {"version": "2"},
        ),
        (lambda c: c.rollback("churn"), ("POST", "/v1/services/churn/rollback", {}),
         {"alias": ALIAS}, ALIAS),
        (lambda c: c.openapi(), ("GET", "/openapi.json", None), {"openapi": "3.1.1"},
         {"openapi": "3.1.1"}),
    ],
)  # fmt: skip
def test_speaks_the_documented_routes(server, client, call, request_sent, answer, returned):
    server.prepared.append((200, answer))

    assert call(client) == returned
    assert asked(server) == request_sent


def test_shows_its_key_and_the_callers_own_id(server, client):
    client.predict("churn", [], request_id="legacy-7")

    headers = server.asked[-1][2]
    assert headers["Authorization"] == "Bearer mk_key"
    assert headers["X-Request-ID"] == "legacy-7"


def test_sends_no_credential_where_there_is_none(server):
    with Client(f"http://127.0.0.1:{server.server_address[1]}") as client:
        client.openapi()

    assert "Authorization" not in server.asked[-1][2]


def test_every_training_has_an_idempotency_key(server, client):
    server.prepared.extend([(202, {"job": JOB})] * 3)

    for key in (None, None, "nightly"):
        client.train("churn", key)

    keys = [headers["Idempotency-Key"] for _, _, headers, _ in server.asked]
    assert len(set(keys)) == 3
    assert keys[2] == "nightly"


def test_keeps_its_connection(server, client):
    server.prepared.extend([(200, {"services": []})] * 3)

    for _ in range(3):
        client.services()

    assert server.connections == 1


def test_connects_anew_when_the_kept_connection_was_closed(server, client):
    server.prepared.extend([(200, {"services": []}), hang_up, (200, {"services": [CHURN]})])

    assert client.services() == []
    assert client.services() == [CHURN]
    assert server.connections == 2


def test_does_not_repeat_what_must_not_happen_twice(server, client):
    server.prepared.extend([(200, {"services": []}), hang_up, (200, {"alias": ALIAS})])
    client.services()

    with pytest.raises(Unavailable):
        client.rollback("churn")

    assert len(server.asked) == 2


def test_does_not_knock_for_ever_at_a_closed_door(server, client):
    server.prepared.extend([hang_up] * 5)

    with pytest.raises(Unavailable, match="No sidecar answers"):
        client.services()

    assert len(server.asked) == 3


@pytest.mark.parametrize("kind", MinervaError.__subclasses__())
def test_raises_what_the_sidecar_raised(server, client, kind):
    told = {
        "code": kind.code,
        "detail": "What is wrong.",
        "faults": [{"where": "/records/0/x", "message": "is missing"}],
    }
    server.prepared.append((422, told, "application/problem+json"))

    with pytest.raises(kind) as caught:
        client.services()

    assert caught.value.message == "What is wrong."
    assert caught.value.faults == (Fault("/records/0/x", "is missing"),)


@pytest.mark.parametrize(
    ("status", "content", "kind", "message"),
    [
        (500, {"code": "internal", "title": "Internal error", "request_id": "r1"}, Unavailable,
         "Internal error Look there: minerva logs --request-id r1"),
        (405, {"code": "method_not_allowed", "detail": "POST is not."}, errors.InvalidInput,
         "POST is not."),
        (418, {"code": "teapot"}, errors.InvalidInput, "The sidecar answered 418."),
        (422, {"code": "invalid_input", "detail": "No.", "faults": ["odd", {}]},
         errors.InvalidInput, "No."),
        (422, {"code": "invalid_input", "detail": "No.", "faults": "odd"},
         errors.InvalidInput, "No."),
    ],
)  # fmt: skip
def test_finds_a_sentence_in_every_problem(status, content, kind, message):
    error = problem(status, json.dumps(content).encode())

    assert (type(error), error.message) == (kind, message)


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'{"error": "x"}'])
def test_an_error_of_another_server_is_told_as_such(content):
    assert "is it a sidecar?" in problem(502, content).message


@pytest.mark.parametrize("content", [b"<html>", b"[1]", b'{"service": 5}', b"{}", b"[" * 100_000])
def test_an_answer_that_makes_no_sense_is_told_as_such(server, client, content):
    server.prepared.append((200, content))

    with pytest.raises(Unavailable, match="could not be read"):
        client.service("churn")


def test_a_list_that_is_none_is_told_as_such(server, client):
    server.prepared.append((200, {"services": "many"}))

    with pytest.raises(Unavailable, match="holds no services"):
        client.services()


def test_says_that_nobody_answers(free_port):
    with (
        Client(f"http://127.0.0.1:{free_port()}") as client,
        pytest.raises(Unavailable, match="start it with `minerva up`"),
    ):
        client.services()


def test_says_that_the_answer_did_not_come_in_time():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with (
            Client(url, timeout_s=0.1) as client,
            pytest.raises(Unavailable, match=r"did not answer in 0\.1 s"),
        ):
            client.services()


def test_says_that_another_protocol_is_spoken_there(server, client):
    def greet(handler):
        handler.wfile.write(b"220 mail ready\r\n")
        hang_up(handler)

    server.prepared.extend([greet] * 3)

    with pytest.raises(Unavailable, match="does not speak HTTP"):
        client.services()


def test_an_answer_that_breaks_off_is_no_answer(server, client):
    def break_off(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
        hang_up(handler)

    server.prepared.extend([break_off] * 3)

    with pytest.raises(Unavailable):
        client.services()


@pytest.mark.parametrize(
    "url", ["localhost:8080", "ftp://x", "http://", "http://x:port", "http+unix://", "http://[::1"]
)
def test_refuses_what_is_no_address(url):
    with pytest.raises(InvalidConfiguration, match="no address of a sidecar"):
        Client(url)


def test_speaks_https_where_it_is_told_to(server):
    with (
        Client(f"https://127.0.0.1:{server.server_address[1]}") as client,
        pytest.raises(Unavailable),
    ):
        client.services()


def test_speaks_over_a_unix_socket():
    class UnixHandler(Handler):
        def address_string(self):
            return "unix"

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "s")  # noqa: PTH118 - short, as socket paths must be
        with UnixStreamServer(path, UnixHandler) as server:
            server.prepared, server.asked = deque([(200, {"services": [CHURN]})]), []
            thread = threading.Thread(target=server.handle_request)
            thread.start()
            with Client(f"http+unix://{path.replace('/', '%2F')}") as client:
                assert client.services() == [CHURN]
            thread.join()
        assert Path(path).exists()


def test_reads_a_jobs_log_as_text(server, client):
    server.prepared.append((200, "epoch 1\n\xff".encode("latin-1"), "text/plain"))

    assert client.job_log("j1") == "epoch 1\n\ufffd"


def test_tells_readiness_whether_ready_or_not(server, client):
    server.prepared.append((503, {"status": "not ready"}))

    assert client.ready() == {"status": "not ready"}


def test_loads_only_the_standard_library():
    import subprocess
    import sys

    code = (
        "import sys, minerva.client; print([m for m in sys.modules if m.split('.')[0] in "
        "{'numpy', 'msgspec', 'click', 'rich', 'structlog', 'yaml'}])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
