"""A real web server: drains on SIGTERM, survives a killed worker, listens on ports and sockets."""

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from contextlib import suppress

import psutil
import pytest
from waiting import wait_until

from minerva.layers.core.processes.gunicorn import web_options
from minerva.settings import Settings

SCRIPT = """
import os, sys
from pathlib import Path
from minerva.layers.core.processes.gunicorn import serve, web_options
from minerva.layers.core.telemetry.logging import configure
from minerva.settings import load
from minerva.wsgi import create_application

loaded = load(Path(os.environ["MINERVA_WORKSPACE"]), os.environ)
configure(loaded.log_folder, "web", loaded.settings.log_level)
serve(create_application, web_options(loaded.settings))
"""


class Server:
    """`minerva serve` over a workspace, in a process of its own."""

    def __init__(self, workspace, port, environment):
        self.workspace, self.port = workspace, port
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            env={
                **os.environ,
                "MINERVA_WORKSPACE": str(workspace),
                "MINERVA_AUTH": "none",
                "MINERVA_PORT": str(port),
                "MINERVA_WEB_WORKERS": "2",
                "MINERVA_WEB_THREADS": "4",
                "MINERVA_GRACEFUL_TIMEOUT_S": "20",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def get(self, path):
        """Return status and content, or None while nobody listens."""
        connection = self.connection()
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        except OSError:
            return None
        finally:
            connection.close()

    def ready(self):
        return self.get("/readyz") is not None

    def workers(self):
        return [child.pid for child in psutil.Process(self.process.pid).children()]

    def begin_slowly(self, body):
        """Send the head and the first byte of a predict call; return the connection."""
        connection = self.connection()
        connection.putrequest("POST", "/v1/services/churn/predict")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        connection.send(body[:1])
        return connection

    def holder(self, connection):
        """Return the worker that holds our connection."""
        port = connection.sock.getsockname()[1]
        for pid in self.workers():
            for open_ in psutil.Process(pid).net_connections("tcp"):
                if open_.raddr and open_.raddr.port == port:
                    return pid
        return None

    def log(self):
        path = self.workspace / ".minerva" / "logs" / "web.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def start(workspace, free_port):
    """Return a function that starts a server and waits until it answers."""
    servers = []

    def started(**environment):
        server = Server(workspace, free_port(), environment)
        servers.append(server)
        if "MINERVA_SOCKET" not in environment:
            wait_until(server.ready, what="the first answer")
            wait_until(lambda: len(server.workers()) == 2, what="the second worker")
        return server

    yield started
    for server in servers:
        family = []
        with suppress(psutil.NoSuchProcess):
            family = psutil.Process(server.process.pid).children(recursive=True)
        server.process.kill()
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        server.process.communicate()


def finish(connection, body):
    """Send what is left of a body; return the response."""
    connection.send(body[1:])
    return connection.getresponse()


def predictions(response):
    return [row["churn"] for row in json.loads(response.read())["predictions"]]


def test_a_request_in_flight_is_finished_when_told_to_stop(start, predict_body):
    server = start()
    slow = server.begin_slowly(predict_body)
    worker = psutil.Process(wait_until(lambda: server.holder(slow), what="the connection"))

    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: server.get("/livez") is None, what="the end of listening")
    assert worker.is_running()
    slow.send(predict_body[1:])
    response = slow.getresponse()

    assert response.status == 200
    assert predictions(response) == ["No"]
    assert server.process.wait(20) == 0
    slow.close()


def test_a_killed_worker_takes_only_its_own_requests_along(start, predict_body):
    server = start()
    slow = [server.begin_slowly(predict_body) for _ in range(6)]
    holders = wait_until(
        lambda: (found := [server.holder(one) for one in slow]) and all(found) and found,
        what="the connections",
    )
    victim = holders[0]

    os.kill(victim, signal.SIGKILL)

    for _ in range(10):
        assert server.get("/livez") == (200, {"status": "alive"})
    for connection, holder in zip(slow, holders, strict=True):
        if holder == victim:
            with pytest.raises((http.client.HTTPException, OSError)):
                finish(connection, predict_body)
        else:
            assert predictions(finish(connection, predict_body)) == ["No"]
        connection.close()
    wait_until(lambda: len(set(server.workers()) - {victim}) == 2, what="another worker")


def test_an_event_stream_does_not_hold_up_the_stop(start):
    server = start()
    connection = server.connection()
    connection.request("POST", "/v1/services/churn/train")
    job_id = json.loads(connection.getresponse().read())["job"]["id"]
    connection.request("GET", f"/v1/jobs/{job_id}/events", headers={"Accept": "text/event-stream"})
    stream = connection.getresponse()
    assert b"retry" in stream.readline()

    server.process.send_signal(signal.SIGTERM)

    assert b"event: queued" in stream.read()
    assert server.process.wait(15) == 0
    connection.close()


def test_a_chunked_body_above_the_limit_is_refused(start):
    server = start(MINERVA_MAX_BODY_BYTES="1000")
    connection = server.connection()

    connection.request(
        "POST",
        "/v1/services/churn/predict",
        body=iter([b"x" * 600, b"x" * 600]),
        headers={"Content-Type": "application/json"},
        encode_chunked=True,
    )

    response = connection.getresponse()
    assert (response.status, json.loads(response.read())["code"]) == (413, "too_large")
    connection.close()


def test_a_connection_is_kept_for_the_next_request(start, predict_body):
    server = start()
    connection = server.connection()
    headers = {"Content-Type": "application/json"}
    for _ in range(3):
        connection.request("POST", "/v1/services/churn/predict", predict_body, headers)
        assert predictions(connection.getresponse()) == ["No"]
    ours = connection.sock.getsockname()

    connection.request("GET", "/livez")
    connection.getresponse().read()

    assert connection.sock.getsockname() == ours
    connection.close()


def test_the_server_logs_in_our_format_and_the_web_process_loads_no_training_library(start, predict_body):  # fmt: skip
    server = start()
    connection = server.connection()
    headers = {"Content-Type": "application/json", "X-Request-ID": "r-1"}
    connection.request("POST", "/v1/services/churn/predict", predict_body, headers)
    connection.getresponse().read()
    worker = server.holder(connection)
    connection.close()

    log = wait_until(lambda: [line for line in server.log() if line.get("request_id") == "r-1"])

    assert {"prediction.answered", "request.finished"} <= {line["event"] for line in log}
    assert all(line["component"] == "web" for line in server.log())
    assert any(line.get("logger") == "gunicorn.error" for line in server.log())
    loaded = " ".join(entry.path for entry in psutil.Process(worker).memory_maps())
    assert "pandas" not in loaded
    assert "sklearn" not in loaded


def test_a_unix_socket_is_for_owner_and_group(start, tmp_path):
    path = tmp_path / "s"
    server = start(MINERVA_SOCKET=str(path))
    wait_until(path.exists, what="the socket")

    def ask():
        with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
            client.connect(str(path))
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: sidecar\r\nConnection: close\r\n\r\n")
            return client.recv(100)
        return b""

    assert b"200 OK" in wait_until(ask, what="an answer")
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0


@pytest.mark.parametrize(
    ("settings", "bind"),
    [
        (Settings(), "127.0.0.1:8080"),
        (Settings(host="::1", port=9000), "[::1]:9000"),
        (Settings(socket="/run/minerva.sock"), "unix:/run/minerva.sock"),
    ],
)
def test_settings_say_where_to_listen(settings, bind):
    assert web_options(settings).bind == bind
