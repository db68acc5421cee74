"""What tests of drift share: chance that is the same each time, and a webhook to be told."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest


@pytest.fixture
def generator() -> np.random.Generator:
    """Chance that is the same each time."""
    return np.random.default_rng(20260131)


@pytest.fixture
def webhook(monkeypatch):
    """A server that the notification plugin is told to tell; what it heard."""
    heard: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    monkeypatch.setenv("MINERVA_NOTIFY_URL", f"http://127.0.0.1:{server.server_port}/")
    yield heard
    server.shutdown()
    thread.join()
    server.server_close()
