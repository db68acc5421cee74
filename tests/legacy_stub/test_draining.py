"""Answers under way are counted to their last byte."""

import socket
import struct
import threading

import pytest
from werkzeug.test import Client
from werkzeug.wsgi import FileWrapper

from legacy_stub.draining import Draining
from legacy_stub.serving import listen, web_server


def plain(environ, start_response):
    start_response("200 OK", [])
    return [b"a", b"b"]


def test_an_answer_is_under_way_until_it_is_closed():
    draining = Draining(plain)
    client = Client(draining)
    assert draining.drained(0)

    answer = client.get("/", buffered=False)
    assert not draining.drained(0)

    answer.close()
    assert draining.drained(0)


def test_an_application_that_breaks_leaves_nothing_under_way():
    def broken(environ, start_response):
        raise ZeroDivisionError

    draining = Draining(broken)

    with pytest.raises(ZeroDivisionError):
        Client(draining).get("/")
    assert draining.drained(0)


def test_an_answer_whose_connection_breaks_at_its_end_is_closed_all_the_same(tmp_path):
    """The rest of a request is discarded after the answer, which is when this caller goes away."""
    opened = []

    def file(environ, start_response):
        (tmp_path / "file").write_bytes(b"content\n")
        opened.append((tmp_path / "file").open("rb"))
        start_response("200 OK", [("Content-Length", "8")])
        return FileWrapper(opened[-1])

    draining = Draining(file)
    with listen("127.0.0.1", 0) as listener:
        server = web_server(draining, listener)
        serving = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        serving.start()
        with socket.create_connection(listener.getsockname()) as caller:
            caller.sendall(b"GET / HTTP/1.1\r\nHost: legacy\r\n\r\n" + bytes(100_000))
            with caller.makefile("rb") as answer:
                assert next(line for line in answer if line.endswith(b"content\n"))
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        assert draining.drained(30)
        server.shutdown()
        serving.join()
        server.server_close()
    assert [one.closed for one in opened] == [True]
