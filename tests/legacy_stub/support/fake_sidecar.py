"""A sidecar to test against: a real HTTP server that answers as told, well or badly.

It plays the foreign service that the product talks to, with the documented routes and shapes.
Told nothing, it works: it predicts from contract and tenure, and a training has succeeded when it
is first looked at.
"""

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Call:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        """The JSON that was sent."""
        return json.loads(self.body)


Behaviour = Callable[["Handler", Call], None]


def reply(status: int, document: object, content_type: str = "application/json") -> Behaviour:
    """Answer with a document."""

    def behave(handler: "Handler", call: Call) -> None:
        handler.send(status, json.dumps(document).encode(), content_type)

    return behave


def problem(status: int, code: str) -> Behaviour:
    """Refuse, in the manner of RFC 9457."""
    return reply(status, {"code": code, "status": status}, "application/problem+json")


def raw(content: bytes) -> Behaviour:
    """Send these bytes, HTTP or not, and hang up."""

    def behave(handler: "Handler", call: Call) -> None:
        handler.wfile.write(content)
        handler.close_connection = True

    return behave


def cut_short(handler: "Handler", call: Call) -> None:
    """Promise more than what comes."""
    raw(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"predictions": [{')(handler, call)


def hang(handler: "Handler", call: Call) -> None:
    """Say nothing until the sidecar stops."""
    handler.server.sidecar.stopping.wait()
    handler.close_connection = True


def trickle(head: bytes, piece: bytes = b" ", pause: float = 0.02) -> Behaviour:
    """Send `head`, then go on with one small piece after another, never reaching an end."""

    def behave(handler: "Handler", call: Call) -> None:
        handler.close_connection = True
        try:
            handler.wfile.write(head)
            while not handler.server.sidecar.stopping.wait(pause):
                handler.wfile.write(piece)
        except OSError:
            pass  # the caller has had enough

    return behave


@dataclass
class FakeSidecar:
    """The sidecar; the three behaviours can be replaced at any time."""

    key: str | None = None
    port: int = 0
    version: str = "1"
    predicting: Behaviour | None = None
    training: Behaviour | None = None
    following: Behaviour | None = None
    calls: list[Call] = field(default_factory=list)
    jobs: dict[str, str] = field(default_factory=dict)
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def start(self) -> "FakeSidecar":
        self.stopping.clear()
        self._server = Server(("127.0.0.1", self.port), Handler)
        self._server.sidecar = self
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def stop(self) -> None:
        """Go away, hanging up on everybody."""
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def asked(self, ending: str) -> list[Call]:
        """The calls whose path ends so."""
        return [call for call in self.calls if call.path.endswith(ending)]

    def trained(self) -> int:
        """How many trainings there were, as opposed to requests for one."""
        return len(self.jobs)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    sidecar: FakeSidecar

    def __init__(self, *args: Any) -> None:
        self.open: set[socket.socket] = set()
        super().__init__(*args)

    def hang_up(self) -> None:
        for connection in list(self.open):
            with suppress(OSError):  # it hung up first
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: object) -> None:
        """Callers that hang up are part of the game."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.sidecar.connections += 1
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def send(self, status: int, body: bytes, content_type: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        sidecar = self.server.sidecar
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        call = Call(self.command, self.path, dict(self.headers.items()), body)
        sidecar.calls.append(call)
        if self.path == "/livez":
            reply(200, {"status": "ok"})(self, call)
        elif sidecar.key and call.headers.get("Authorization") != f"Bearer {sidecar.key}":
            problem(401, "unauthenticated")(self, call)
        elif self.path.endswith("/predict"):
            (sidecar.predicting or predict)(self, call)
        elif self.path.endswith("/train"):
            (sidecar.training or train)(self, call)
        else:
            (sidecar.following or follow)(self, call)


def chance(record: dict[str, Any]) -> float:
    """New customers on monthly contracts leave; anybody can see that."""
    base = {"Month-to-month": 0.75, "One year": 0.35, "Two year": 0.1}[record["contract"]]
    return round(base * (1 - record["tenure"] / 100), 4)


def predict(handler: Handler, call: Call) -> None:
    predictions = [
        {
            "customer_id": record["customer_id"],
            "churn": "Yes" if chance(record) >= 0.5 else "No",
            "churn_probabilities": {"No": 1 - chance(record), "Yes": chance(record)},
        }
        for record in call.content["records"]
    ]
    document = {
        "predictions": predictions,
        "service": "churn",
        "version": handler.server.sidecar.version,
        "request_id": call.headers.get("X-Request-ID"),
        "degraded": False,
    }
    reply(200, document)(handler, call)


def train(handler: Handler, call: Call) -> None:
    jobs = handler.server.sidecar.jobs
    job_id = jobs.setdefault(call.headers["Idempotency-Key"], f"job-{len(jobs) + 1}")
    reply(202, {"job": {"id": job_id, "state": "queued"}})(handler, call)


def follow(handler: Handler, call: Call) -> None:
    job_id = call.path.rpartition("/")[2]
    if job_id not in handler.server.sidecar.jobs.values():
        problem(404, "unknown_job")(handler, call)
        return
    job_answer(job_id, "succeeded", version=handler.server.sidecar.version)(handler, call)


def job_answer(job_id: str, state: str, **more: Any) -> Behaviour:
    """The state of a job."""
    job = {
        "id": job_id,
        "kind": "train",
        "service": "churn",
        "state": state,
        "message": "",
        "progress": more.get("progress", 1.0),
        "result": {"version": more["version"]} if "version" in more else None,
        "error": {"code": more["code"]} if "code" in more else None,
    }
    return reply(200, {"job": job})
