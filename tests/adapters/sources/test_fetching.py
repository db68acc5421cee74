"""Data at a URL is fetched where an operator allows it, and nowhere else."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import fsspec
import pytest

from minerva.adapters.outward.connecting import Connecting
from minerva.adapters.sources.fetching import Fetching
from minerva.errors import InvalidData, NotPermitted, TooLarge, Unavailable

CONTENT = b"tenure,churn\n1,No\n"


class Server(BaseHTTPRequestHandler):
    def do_GET(self):
        status = int(self.path.strip("/").partition(".")[0] or 200)
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "/200.csv")
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, *_):
        pass


@pytest.fixture
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_is_fetched_over_http(address, tmp_path):
    path = Fetching(1000)(f"{address}/200.csv?key=secret", tmp_path, "csv")

    assert path.read_bytes() == CONTENT


def test_more_than_may_be_is_refused(address, tmp_path):
    with pytest.raises(TooLarge, match="max_upload_bytes"):
        Fetching(10)(f"{address}/200.csv", tmp_path, "csv")


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (302, InvalidData, "redirects are not followed"),
        (404, InvalidData, "answered 404"),
        (403, InvalidData, "answered 403"),
        (429, Unavailable, "answered 429"),
        (503, Unavailable, "answered 503"),
    ],
)
def test_other_answers_are_told(address, tmp_path, status, kind, message):
    with pytest.raises(kind, match=message):
        Fetching(1000)(f"{address}/{status}.csv", tmp_path, "csv")


def test_a_server_that_is_away_may_come_back(tmp_path, free_port):
    with pytest.raises(Unavailable, match="could not be fetched"):
        Fetching(1000)(f"http://127.0.0.1:{free_port()}/x.csv", tmp_path, "csv")


@pytest.mark.parametrize(
    "addresses",
    [
        {"168.63.129.16"},
        {"64:ff9b::a9fe:a9fe"},
        {"127.0.0.1"},
        {"10.1.2.3"},
        {"169.254.169.254"},
        {"::1"},
        {"fe80::1%eth0"},
        {"8.8.8.8", "10.0.0.1"},
    ],
)
def test_a_name_that_leads_to_a_private_address_is_refused(tmp_path, addresses):
    fetch = Fetching(1000, Connecting(lambda _host, _port: sorted(addresses)))

    with pytest.raises(NotPermitted, match="leads to a private or local address"):
        fetch("http://data.example.org/x.csv", tmp_path, "csv")


def test_files_and_folders_of_other_protocols_are_fetched(tmp_path):
    memory = fsspec.filesystem("memory")
    for name in ("a.csv", "b.csv", "_SUCCESS"):
        memory.pipe_file(f"{tmp_path}/parts/{name}", CONTENT)

    file = Fetching(1000)(f"memory://{tmp_path}/parts/a.csv", tmp_path, "csv")
    folder = Fetching(1000)(f"memory://{tmp_path}/parts", tmp_path, "csv")

    assert file.read_bytes() == CONTENT
    assert sorted(path.name for path in folder.iterdir()) == ["a.csv", "b.csv"]


@pytest.mark.parametrize(
    ("url", "kind"),
    [("memory:///nothing/there.csv", InvalidData), ("klingon://x/y.csv", InvalidData)],
)
def test_what_is_not_there_or_not_known_is_told(tmp_path, url, kind):
    with pytest.raises(kind):
        Fetching(1000)(url, tmp_path, "csv")
