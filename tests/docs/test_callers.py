"""The callers in docs/callers.md, as they stand there, ask a sidecar, a stopped one, and servers that fail."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from answering import Server, answering, hang_up
from sidecars import PATIENCE_S, Sidecar, serving

sys.path.insert(0, str(Path(__file__).parent))

from callers import BUILDERS, block

KEY = 'Größe "7"\\\n'
"""A key that has to be quoted in JSON."""
SERVICE = """
service: churn
algorithm: rules
parameters:
  rules: [{when: tenure < 6, then: {churn: "Yes"}}]
  otherwise: {churn: "No"}
schema:
  key: customer_id
  inputs:
    tenure: {type: integer, minimum: 0}
  output:
    churn: {type: category, values: ["No", "Yes"]}
data: {source: sql, url: "sqlite:///%s", query: select * from customers, lookup: select * from customers where customer_id = :key}
"""
DEFAULT = {"predictions": [{"churn": "No"}], "degraded": True, "request_id": "Q-17"}
ANSWER = {"predictions": [{"churn": "Yes"}], "degraded": False, "request_id": "Q-17"}
PROBLEM = {"detail": 'No "code": "x" here.', "code": "unavailable", "request_id": "Q-17"}
PATIENT = {"MINERVA_WITHIN_MS": str(PATIENCE_S * 1000)}
"""A busy machine must not make a test fail that is not about time."""


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory, free_port) -> Iterator[Sidecar]:
    """A sidecar that looks customers up in the product's database."""
    folder = tmp_path_factory.mktemp("callers")
    with closing(sqlite3.connect(folder / "product.db")) as database, database:
        database.execute("create table customers (customer_id text, tenure integer, churn text)")
        database.execute("insert into customers values (?, 3, null)", [KEY])
        database.execute("insert into customers values ('C-00001', 3, null)")
    service = SERVICE % (folder / "product.db")
    with serving(folder / "workspace", free_port(), service) as running:
        yield running


@pytest.fixture
def server() -> Iterator[Server]:
    with answering() as server:
        yield server


def url_of(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


@dataclass(frozen=True)
class Caller:
    """A program that calls as the page says."""

    command: list[str]

    def __call__(self, *arguments: str, **environment: str) -> tuple[dict[str, object], str]:
        """Return what it printed, and what it logged."""
        ours = {name: value for name, value in os.environ.items() if "MINERVA_" not in name}
        done = subprocess.run(
            [*self.command, *arguments],
            env={**ours, "LC_ALL": "C.UTF-8", **environment},
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout), done.stderr


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.needs(name)) for name in BUILDERS],
)
def caller(request, tmp_path_factory) -> Caller:
    """The caller in each language, compiled once."""
    return Caller(BUILDERS[request.param](tmp_path_factory.mktemp(request.param)))


def reached(sidecar: Sidecar) -> dict[str, str]:
    return {"MINERVA_URL": sidecar.url, "MINERVA_API_KEY": sidecar.key, **PATIENT}


def test_a_caller_gets_a_prediction_by_key(caller, sidecar):
    answer, log = caller("key", KEY, "Q-17", **reached(sidecar))

    assert answer["predictions"][0]["churn"] == "Yes"
    assert answer["predictions"][0]["customer_id"] == KEY
    assert (answer["degraded"], answer["request_id"], log) == (False, "Q-17", "")


@pytest.mark.parametrize(("tenure", "churn"), [(3, "Yes"), (30, "No")])
def test_a_caller_gets_a_prediction_by_record(caller, sidecar, tenure, churn):
    record = json.dumps({"customer_id": "Jürgen", "tenure": tenure})

    answer, _ = caller("record", record, "Q-17", **reached(sidecar))

    assert answer["predictions"][0]["churn"] == churn
    assert answer["predictions"][0]["customer_id"] == "Jürgen"


def test_a_caller_is_told_the_code_and_the_field_where_a_record_does_not_fit(caller, sidecar):
    told, _ = caller("record", '{"tenur": 3}', "Q-17", **reached(sidecar))

    assert told["refused"] == told["problem"]["code"] == "invalid_input"
    assert "/records/0/tenur" in [fault["where"] for fault in told["problem"]["faults"]]
    assert told["problem"]["request_id"] == "Q-17"


def test_a_caller_is_told_the_code_where_the_key_is_unknown(caller, sidecar):
    told, _ = caller("key", "nobody", "Q-17", **reached(sidecar))

    assert told["refused"] == "invalid_input"
    assert [fault["where"] for fault in told["problem"]["faults"]] == ["/keys/0"]


@pytest.mark.parametrize("key", [{}, {"MINERVA_API_KEY": "mk_wrong_key"}], ids=["none", "wrong"])
def test_a_caller_without_a_good_api_key_is_told_the_code(caller, sidecar, key):
    told, _ = caller("key", "C-00001", "Q-17", MINERVA_URL=sidecar.url, **PATIENT, **key)

    assert told["refused"] == "not_authenticated"


def test_a_caller_returns_the_default_where_the_sidecar_is_stopped(caller, free_port):
    url = f"http://127.0.0.1:{free_port()}"

    answer, log = caller("key", "C-00001", "Q-17", MINERVA_URL=url, **PATIENT)

    assert answer == DEFAULT
    assert "default for Q-17" in log


def test_a_caller_asks_once_more_where_the_connection_breaks(caller, server):
    server.prepared.extend([hang_up, (200, ANSWER)])

    answer, log = caller("key", "C-00001", "Q-17", MINERVA_URL=url_of(server), **PATIENT)

    assert (answer, log, len(server.asked)) == (ANSWER, "", 2)
    assert server.asked[0][3] == server.asked[1][3] != b""


def test_a_caller_asks_no_more_than_twice(caller, server):
    server.prepared.extend([hang_up] * 3)

    answer, _ = caller("key", "C-00001", "Q-17", MINERVA_URL=url_of(server), **PATIENT)

    assert (answer, len(server.asked)) == (DEFAULT, 2)


def say_nothing(handler) -> None:
    """Wait until the caller hangs up."""
    handler.rfile.read(1)
    handler.close_connection = True


def stop_half_way(handler) -> None:
    """Answer the beginning of a body, and no more."""
    handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"predictions"')
    say_nothing(handler)


@pytest.mark.parametrize("be_slow", [say_nothing, stop_half_way])
def test_a_caller_returns_the_default_where_no_answer_comes_in_time(caller, server, be_slow):
    server.prepared.append(be_slow)

    answer, log = caller("key", "C-00001", "Q-17", MINERVA_URL=url_of(server))

    assert answer == DEFAULT
    assert "default for Q-17" in log
    assert len(server.asked) <= 1  # a time that is over is not for a second attempt


@pytest.mark.parametrize(
    ("prepared", "reason"),
    [((503, PROBLEM), "unavailable"), ((502, b"<html>Bad Gateway</html>", "text/html"), "502")],
    ids=["of the sidecar", "of a proxy"],
)
def test_a_caller_returns_the_default_where_there_can_be_no_answer(
    caller, server, prepared, reason
):
    server.prepared.append(prepared)

    answer, log = caller("key", "C-00001", "Q-17", MINERVA_URL=url_of(server), **PATIENT)

    assert (answer, len(server.asked)) == (DEFAULT, 1)
    assert reason in log


@pytest.fixture
def curl() -> Caller:
    """The page's line, with more time."""
    line = block("sh")
    assert "--max-time 0.5 " in line
    return Caller(["bash", "-c", line.replace("--max-time 0.5 ", f"--max-time {PATIENCE_S} ")])


@pytest.mark.needs("curl")
def test_the_line_with_curl_gets_a_prediction_a_problem_or_the_default(curl, sidecar, free_port):
    answer, _ = curl(MINERVA_URL=sidecar.url, MINERVA_API_KEY=sidecar.key)
    refused, _ = curl(MINERVA_URL=sidecar.url, MINERVA_API_KEY="mk_wrong_key")
    stopped, _ = curl(MINERVA_URL=f"http://127.0.0.1:{free_port()}", MINERVA_API_KEY=sidecar.key)

    assert (answer["predictions"][0]["churn"], answer["request_id"]) == ("Yes", "Q-17")
    assert refused["code"] == "not_authenticated"
    assert stopped == DEFAULT
