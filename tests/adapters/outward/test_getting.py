"""Asking for a URL: over the connection that was checked, with what the URL says and nothing else."""

import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from minerva.adapters.outward.connecting import Connecting
from minerva.adapters.outward.getting import asked, connected
from minerva.adapters.outward.timed_socket import TimedSocket
from minerva.errors import NotPermitted


class Host(BaseHTTPRequestHandler):
    """Keeps what it is asked, and answers with twenty bytes."""

    def do_GET(self):
        self.server.heard.append((self.path, {name.lower() for name in self.headers}))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"0123456789" * 2)

    def log_message(self, *_):
        pass


@pytest.fixture
def host():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    server.heard = []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def url(host):
    return f"http://ann:secret@127.0.0.1:{host.server_port}/data/a.mp4?day=2"


def soon():
    """A moment that is far enough."""
    return time.monotonic() + 20


def test_path_and_query_are_asked_for_and_no_credential_is_sent(host, url):
    with closing(connected(url, Connecting(), soon())) as connection:
        answer = asked(url, connection)

        assert (answer.status, answer.read()) == (200, b"0123456789" * 2)
    assert host.heard == [("/data/a.mp4?day=2", {"host", "accept-encoding"})]


def test_no_more_is_received_than_was_wanted(url):
    with TimedSocket(connected(url, Connecting(), soon()), soon(), 60) as connection:
        answer = asked(url, connection)

        assert answer.status == 200
        assert len(answer.read()) < 20


def test_nothing_is_asked_after_the_deadline(host, url):
    with (
        TimedSocket(connected(url, Connecting(), soon()), time.monotonic(), 60) as connection,
        pytest.raises(TimeoutError),
    ):
        asked(url, connection)

    assert host.heard == []


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "169.254.169.254", "fd00:ec2::254"])
def test_a_name_that_leads_to_a_private_address_is_not_connected_to(address):
    connecting = Connecting(lambda _host, _port: [address])

    with pytest.raises(NotPermitted, match=r"cam\.example\.org leads to a private"):
        connected("https://cam.example.org/live", connecting, soon())
