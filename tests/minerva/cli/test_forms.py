"""CSV, NDJSON, XML and SageMaker's calls over real connections to real web workers."""

import gzip
import http.client
import json
import shutil
import socket
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from descendants import descendants
from waiting import wait_until

STEADY = Path(__file__).parents[2] / "plugins" / "steady.py"
CHURN = """
service: churn
algorithm: steady
parameters: {chance: %s}
schema:
  key: customer_id
  inputs:
    tenure: {type: integer, minimum: 0, maximum: 1000}
    contract: {type: category, values: [Month-to-month, One year]}
  output:
    churn: {type: category, values: ["No", "Yes"]}
data:
  source: sql
  url: sqlite:///%s
  query: select * from people
  lookup: select tenure, contract from people where customer_id = :key
serving: {runtime: %s, default: {churn: "Yes"}}
"""
PREDICT = "/v1/services/churn/predict"
MIB = 1024 * 1024
WEB_WORKERS = 2


@dataclass(frozen=True)
class Served:
    """A workspace under `minerva up`, with the first version of its service."""

    workspace: Path
    port: int
    process: subprocess.Popen[str]
    legacy: Path
    runtime: str

    @property
    def key(self):
        return (self.workspace / ".minerva" / "admin.key").read_text().strip()

    def declare(self, chance):
        """Change the service's file, which makes a new version."""
        declare(self.workspace, chance, self.legacy, self.runtime)

    def head(self, length):
        """Return the head of a call with that much NDJSON."""
        return (
            f"POST {PREDICT} HTTP/1.1\r\nHost: sidecar\r\nX-API-Key: {self.key}\r\n"
            f"Content-Type: application/x-ndjson\r\nContent-Length: {length}\r\n\r\n"
        ).encode()


def declare(workspace, chance, legacy, runtime):
    """Write the service's file."""
    (workspace / "services" / "churn.yaml").write_text(CHURN % (chance, legacy, runtime))


@pytest.fixture(scope="module", params=["inline", "process"])
def served(request, tmp_path_factory, free_port, start_up):
    """One service, whose model is in the web workers or in a process of its own.

    It is declared before they start: what is declared later, each of them hears of by itself.
    """
    folder = tmp_path_factory.mktemp("forms")
    workspace, port, legacy = folder / "workspace", free_port(), folder / "legacy.db"
    for name in ("plugins", "services"):
        (workspace / name).mkdir(parents=True)
    (workspace / "minerva.toml").write_text(f"port = {port}\nweb_workers = {WEB_WORKERS}\n")
    shutil.copy(STEADY, workspace / "plugins" / "steady.py")
    with closing(sqlite3.connect(legacy)) as connection:
        connection.execute("create table people (customer_id, tenure, contract)")
        people = [(f"C-{n}", n, "One year") for n in range(300)] + [("odd", -1, "One year")]
        connection.executemany("insert into people values (?, ?, ?)", people)
        connection.commit()
    declare(workspace, 0.25, legacy, request.param)
    process = start_up(workspace, folder / "up.log")
    try:
        yield Served(workspace, port, process, legacy, request.param)
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture
def send(served):
    """Return a function that sends a request and returns the response, unread."""
    opened = []

    def sent(method, path, body=None, content_type="application/json", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
        opened.append(connection)
        told = {"X-API-Key": served.key, "Content-Type": content_type, **headers}
        connection.request(method, path, body, told)
        return connection.getresponse()

    wait_until(lambda: version(sent, "churn") is not None)
    yield sent
    for connection in opened:
        connection.close()


@pytest.fixture
def said(served):
    """Return a function that counts lines of the log that hold all of some texts."""
    log = served.workspace / ".minerva" / "logs" / "web.jsonl"

    def count(*texts):
        return sum(all(text in line for text in texts) for line in log.read_text().splitlines())

    return count


def lines(count, wrong=()):
    """Return NDJSON of so many records; some of them do not fit."""
    return b"".join(
        b'{"customer_id": "C-%d", "tenure": %d, "contract": "One year"}\n'
        % (n, -1 if n in wrong else n % 600)
        for n in range(count)
    )


def read_lines(response):
    assert response.status == 200
    return [json.loads(line) for line in response]


def test_a_table_with_a_mark_semicolons_and_quotes(send):
    body = '\ufeff"customer_id";"contract";"tenure"\r\n"C;1";One year;3\r\n'.encode()

    response = send("POST", PREDICT, body, "text/csv")

    assert response.read().decode().splitlines()[1] == '"C;1";No;0.75;0.25;1;false;'


def test_many_lines_are_answered_in_order_while_they_are_made(send, said):
    """A body that no thread would get whole, and an answer that no buffer holds."""
    before = said("prediction.streamed", "complete")
    response = send("POST", PREDICT, lines(20_000, wrong={7, 19_999}), "application/x-ndjson")

    *rows, last = read_lines(response)

    assert response.headers["Transfer-Encoding"] == "chunked"
    assert [*rows[7], *rows[19_999]] == ["error", "error"]
    assert rows[7]["error"]["faults"][0]["where"] == "line 8, /tenure"
    answered = [row["prediction"]["customer_id"] for row in rows if "prediction" in row]
    assert answered == [f"C-{n}" for n in range(20_000) if n not in {7, 19_999}]
    assert (last["end"]["rows"], last["end"]["rejected"], last["end"]["complete"]) == (
        20_000,
        2,
        True,
    )
    wait_until(lambda: said("prediction.streamed", "complete") > before)


@pytest.mark.usefixtures("send")  # it has waited for the version
def test_memory_does_not_grow_with_the_answer(served):
    """Both answers have nine times the bytes of their bodies; the first one costs once what it costs."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    told = {"X-API-Key": served.key, "Content-Type": "text/csv", "Accept": "application/x-ndjson"}
    servers = descendants(served.process.pid, "serve")

    def growth(rows):
        """Return bytes of the answer, and those by which the web workers grew meanwhile."""
        before = sum(one.memory_info().rss for one in servers)
        largest, taken = before, 0
        connection.request("POST", PREDICT, b"tenure,contract\n" + b"3,One year\n" * rows, told)
        response = connection.getresponse()  # of the same worker: the connection is kept
        assert response.status == 200
        while piece := response.read(MIB // 2):
            taken += len(piece)
            largest = max(largest, sum(one.memory_info().rss for one in servers))
        return taken, largest - before

    with closing(connection):
        growth(100_000)
        taken, grown = growth(500_000)

    assert taken > 44 * MIB
    assert grown < 30 * MIB


def test_keys_are_looked_up_and_unknown_ones_are_told_by_line(send):
    keys = [b'{"key": "C-%d"}\n' % n for n in range(250)]
    keys[30], keys[249] = b'{"key": "nobody"}\n', b'{"key": "odd"}\n'
    body = b"".join(keys) + lines(3)

    *rows, last = read_lines(send("POST", PREDICT, body, "application/x-ndjson"))

    assert [at for at, row in enumerate(rows) if "error" in row] == [30, 249]
    assert rows[30]["error"]["faults"] == [
        {"where": "line 31", "message": "there is no record with this key"}
    ]
    assert rows[249]["error"]["faults"][0]["where"] == "line 250, /tenure"
    assert rows[248]["prediction"]["customer_id"] == "C-248"
    assert rows[250]["prediction"]["customer_id"] == "C-0"
    assert last["end"]["complete"]


def test_a_document(send):
    record = "<record><tenure>3</tenure><contract>One year</contract></record>"

    response = send("POST", PREDICT, f"<records>{record * 2}</records>", "application/xml")
    by_key = send("POST", PREDICT, "<keys><key>C-7</key></keys>", "text/xml")

    assert [row.findtext("churn") for row in ET.fromstring(response.read())] == ["No", "No"]
    assert ET.fromstring(by_key.read())[0].findtext("customer_id") == "C-7"


@pytest.mark.parametrize("content_type", ["text/csv", "application/x-ndjson", "application/xml"])
def test_compressed_bodies(send, content_type):
    bodies = {
        "text/csv": b"tenure,contract\n3,One year\n",
        "application/x-ndjson": lines(3),
        "application/xml": b"<keys><key>C-7</key></keys>",
    }
    body = gzip.compress(bodies[content_type])

    response = send("POST", PREDICT, body, content_type, **{"Content-Encoding": "gzip"})
    bomb = gzip.compress(b"tenure,contract\n" + b"3,One year\n" * 2_000_000)
    refused = send("POST", PREDICT, bomb, content_type, **{"Content-Encoding": "gzip"})

    assert (response.status, refused.status) == (200, 413)


def test_the_declared_default_answers_for_a_model_that_fails(send):
    body = b"tenure,contract\n666,One year\n"

    table = send("POST", PREDICT, body, "text/csv").read().decode().splitlines()
    record = "<record><tenure>666</tenure><contract>One year</contract></record>"
    document = send("POST", PREDICT, f"<records>{record}</records>", "text/xml").read()

    assert table[1] == ",Yes,,,1,true,"
    assert ET.fromstring(document).get("degraded") == "true"


def test_a_caller_who_breaks_off_in_the_body_leaves_nobody_waiting(served, send, said):
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", served.port), 60) as connection:
            connection.sendall(served.head(4 * MIB) + lines(20_000))

    assert len(read_lines(send("POST", PREDICT, lines(5_000), "application/x-ndjson"))) == 5_001
    assert said("request.failed", '"internal"') == 0


def test_a_caller_who_breaks_off_in_the_answer_leaves_its_place(served, send, said):
    before = said("prediction.streamed", "caller_gone")
    body = lines(60_000)
    for round_ in range(10):  # more than there are places
        with socket.create_connection(("127.0.0.1", served.port), 60) as connection:
            connection.sendall(served.head(len(body)) + body)
            assert connection.recv(1024).startswith(b"HTTP/1.1 200")
        gone = before + round_ + 1
        wait_until(lambda gone=gone: said("prediction.streamed", "caller_gone") >= gone)

    assert len(read_lines(send("POST", PREDICT, lines(5_000), "application/x-ndjson"))) == 5_001
    assert said("request.failed", '"internal"') == 0


def test_sagemakers_calls_from_any_connection(served, send):
    """Two web workers answer; whichever is asked knows what the other one was told to load."""
    for number, chance in (("2", 0.6), ("3", 0.9)):
        served.declare(chance)
        wait_until(lambda number=number: version(send, "churn") == number)
    wait_until(lambda: "churn:1" not in models(send))
    wish = {"model_name": "churn:1", "url": "/opt/ml/models/churn:1/model"}

    assert send("POST", "/models", json.dumps(wish)).status == 200

    asked = json.dumps({"instances": [{"tenure": 3, "contract": "One year"}]})
    for _ in range(4 * WEB_WORKERS):
        response = send("POST", "/models/churn:1/invoke", asked)
        assert (response.status, response.headers["X-Minerva-Version"]) == (200, "1")
    assert send("POST", "/models", json.dumps(wish)).status == 409
    assert send("DELETE", "/models/churn:1").status == 200
    wait_until(lambda: send("GET", "/models/churn:1").status == 404)
    assert send("GET", "/ping").status == 200


def version(send, service):
    """Return the version that answers in the web worker that is asked; None before there is one."""
    told = send("GET", f"/v1/services/{service}")
    return json.loads(told.read())["service"]["version"] if told.status == 200 else None


def models(send):
    """Return the names of the models in memory."""
    return {model["modelName"] for model in json.loads(send("GET", "/models").read())["models"]}
