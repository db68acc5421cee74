"""A URL is told what an operator wants to hear of, and nothing else."""

import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from minerva.events import Drift, JobChange
from minerva.layers.application.callbacks import notification

WHO = {"tenant": "default", "service": "churn"}


class Receiver:
    """A server that keeps what it is sent and answers as told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict]] = []
        self.status, self.headers = 204, {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                content = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.heard.append((self.path, json.loads(content)))
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=[0.01])
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver(monkeypatch):
    made = Receiver()
    monkeypatch.setenv(notification.VARIABLE, f"{made.url}/hook?to=ops")
    yield made
    made.close()


def job(state: str) -> JobChange:
    """Return a job in a state."""
    return JobChange(
        id="job-1", **WHO, kind="train", state=state, attempt=3, author="ann", code="time_limit"
    )


def drift(value: float = 0.5) -> Drift:
    """Return a drift."""
    return Drift(**WHO, version=7, name="tenure", measure="psi", value=value, threshold=0.2)


MOVED = SimpleNamespace(
    **WHO, alias="champion", number=6, previous=7, author="ann", reason="worse",
    created_at=datetime.now(UTC),
)  # fmt: skip
QUARANTINE = SimpleNamespace(
    **WHO, number=7, author="minerva", reason="failed 5 times", created_at=datetime.now(UTC)
)


@pytest.mark.parametrize(
    ("hook", "facts", "told"),
    [
        (
            "minerva_version_quarantined",
            {"quarantine": QUARANTINE},
            {"event": "version.quarantined", "version": 7, "author": "minerva",
             "reason": "failed 5 times"},
        ),
        (
            "minerva_version_rolled_back",
            {"change": MOVED},
            {"event": "version.rolled_back", "version": 6, "previous": 7, "author": "ann",
             "reason": "worse"},
        ),
        (
            "minerva_job_state",
            {"job": job("dead")},
            {"event": "job.dead", "job_id": "job-1", "kind": "train", "attempt": 3,
             "code": "time_limit"},
        ),
        (
            "minerva_job_state",
            {"job": job("failed")},
            {"event": "job.failed", "job_id": "job-1", "kind": "train", "attempt": 3,
             "code": "time_limit"},
        ),
        (
            "minerva_drift",
            {"drift": drift()},
            {"event": "drift.noticed", "version": 7, "name": "tenure", "measure": "psi",
             "value": 0.5, "threshold": 0.2},
        ),
    ],
)  # fmt: skip
def test_trouble_is_told(receiver, hook, facts, told):
    with capture_logs() as events:
        getattr(notification, hook)(**facts)

    ((path, message),) = receiver.heard
    assert path == "/hook?to=ops"
    assert datetime.fromisoformat(message.pop("at")).tzinfo is UTC
    assert message == {**told, **WHO}
    assert events == []


@pytest.mark.parametrize("state", ["queued", "running", "succeeded", "cancelled"])
def test_a_job_that_goes_well_is_nobodys_trouble(receiver, state):
    notification.minerva_job_state(job=job(state))

    assert receiver.heard == []


def test_without_a_url_nothing_is_sent(receiver, monkeypatch):
    monkeypatch.delenv(notification.VARIABLE)

    with capture_logs() as events:
        notification.minerva_drift(drift=drift())

    assert (receiver.heard, events) == ([], [])


def test_a_redirect_is_not_followed(receiver):
    other = Receiver()
    receiver.status, receiver.headers = 307, {"Location": other.url}

    with capture_logs() as events:
        notification.minerva_drift(drift=drift())
    other.close()

    assert other.heard == []
    assert [(e["event"], e["reason"]) for e in events] == [
        ("notification.failed", "the answer was HTTP 307")
    ]


def test_a_refusal_is_logged(receiver):
    receiver.status = 500

    with capture_logs() as events:
        notification.minerva_drift(drift=drift())

    assert events[0]["reason"] == "the answer was HTTP 500"


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://", "no url", "http://127.0.0.1:99999/x",
     "https://127.0.0.1:1/s3cret"],
)  # fmt: skip
def test_a_url_that_cannot_be_used_is_logged_without_it(monkeypatch, url):
    monkeypatch.setenv(notification.VARIABLE, url)

    with capture_logs() as events:
        notification.minerva_drift(drift=drift())

    assert [event["event"] for event in events] == ["notification.failed"]
    assert "s3cret" not in str(events)
