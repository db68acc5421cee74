"""A real web server in a process of its own."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress

import psutil
import pytest
from waiting import wait_until

SCRIPT = """
import os, sys
from pathlib import Path
from minerva.layers.core.processes.gunicorn import serve, web_options
from minerva.layers.core.telemetry.logging import configure
from minerva.settings import load
from minerva.wsgi import create_application

loaded = load(Path(os.environ["MINERVA_WORKSPACE"]), os.environ)
configure(loaded.log_folder, "web", loaded.settings.log_level)
serve(create_application, web_options(loaded))
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
                "MINERVA_GRACEFUL_TIMEOUT_S": "60",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

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
        whole = path.read_bytes().rpartition(b"\n")[0]  # somebody may be writing the next line
        return [json.loads(line) for line in whole.splitlines()]

    def dial(self):
        """Return a raw connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def say(self, *pieces):
        """Send bytes on a connection of their own; return all that is answered until it ends."""
        with self.dial() as connection:
            with suppress(OSError):  # refused before all was sent
                for piece in pieces:
                    connection.sendall(piece)
            return heard(connection)

    def troubles(self):
        """What the log holds that is no event of ours, or worse than information."""
        return [
            line
            for line in self.log()
            if line["level"] not in {"debug", "info"} or "exception" in line or "failure" in line
        ]


def heard(connection):
    """Return what comes until the connection ends, however that is."""
    answered = bytearray()
    with suppress(ConnectionError):
        while piece := connection.recv(65536):
            answered += piece
    return bytes(answered)


@pytest.fixture
def start(workspace, free_port):
    """Return a function that starts a server and waits until it answers."""
    with started_in(workspace, free_port) as started:
        yield started


@pytest.fixture(scope="module")
def start_once(tmp_path_factory, prepared, free_port):
    """Return such a function whose server all tests of a module share."""
    folder = tmp_path_factory.mktemp("shared") / "workspace"
    shutil.copytree(prepared, folder)
    with started_in(folder, free_port) as started:
        yield started


@contextmanager
def started_in(workspace, free_port):
    servers = []

    def started(**environment):
        server = Server(workspace, free_port(), environment)
        servers.append(server)
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
