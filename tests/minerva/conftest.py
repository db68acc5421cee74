"""What tests of the client share: a server that answers as it is told, and a client of it."""

import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))

from answering import Server

from minerva.client import Client


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def client(server):
    with Client(f"http://127.0.0.1:{server.server_address[1]}/", "mk_key", timeout_s=5) as client:
        yield client
