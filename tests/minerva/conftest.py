"""What tests of the client share: a server that answers as it is told, and a client of it."""

import pytest
from answering import answering

from minerva.client import Client


@pytest.fixture
def server():
    with answering() as server:
        yield server


@pytest.fixture
def client(server):
    with Client(f"http://127.0.0.1:{server.server_address[1]}/", "mk_key", timeout_s=60) as client:
        yield client
