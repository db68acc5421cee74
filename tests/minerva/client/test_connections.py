"""Connections of the client: over TLS, and in processes that were forked."""

import os
import threading

import pytest
from answering import Server
from certificates import certificate, serving

from minerva.client import ONE_TRY, Client
from minerva.errors import Unavailable

EMPTY = (200, {"services": []})


@pytest.fixture
def files(tmp_path):
    return certificate(tmp_path, "localhost")


@pytest.fixture
def secure(files):
    with Server() as server:
        server.socket = serving(files).wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_speaks_tls_to_a_server_that_is_trusted_and_keeps_the_connection(
    secure, files, monkeypatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    secure.prepared.extend([EMPTY] * 3)

    with Client(f"https://localhost:{secure.server_address[1]}", policy=ONE_TRY) as client:
        assert [client.services() for _ in range(3)] == [[], [], []]

    assert secure.connections == 1


def test_shows_its_key_to_no_server_that_is_not_trusted(secure):
    url = f"https://localhost:{secure.server_address[1]}"

    with Client(url, "mk_key", policy=ONE_TRY) as client, pytest.raises(Unavailable):
        client.services()

    assert secure.asked == []


def test_a_forked_process_does_not_speak_on_its_parents_connection(server, client):
    server.prepared.extend([EMPTY] * 3)
    client.services()

    child = os.fork()
    if child == 0:
        done = 1
        try:
            done = 0 if client.services() == [] else 1
        finally:
            os._exit(done)

    assert os.waitpid(child, 0)[1] == 0
    assert client.services() == []
    assert server.connections == 2
