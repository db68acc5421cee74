"""A job's own process, spoken to as a worker does."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from minerva.job_process import Reporter
from minerva.layers.abstraction.jobs.job import Job, JobState

JOB = Job(
    id="j1",
    tenant="default",
    service="nothing",
    kind="train",
    payload={},
    configuration_revision=1,
    author="ann",
    idempotency_key=None,
    request_id="r-1",
    trace_id="",
    max_attempts=1,
    created_at=datetime.now(UTC),
    state=JobState.RUNNING,
    attempt=1,
    progress=0.0,
    message="",
    result=None,
    error=None,
    cancel_requested=False,
    started_at=None,
    finished_at=None,
)


@pytest.fixture
def start(tmp_path):
    """Start the process on a workspace; standard input stays open until the test ends."""
    started = []

    def begin(spec: bytes, settings: str = ""):
        (tmp_path / "minerva.toml").write_text(settings)
        receive, send = os.pipe()
        process = subprocess.Popen(
            [sys.executable, "-m", "minerva.job_process", str(send)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "MINERVA_WORKSPACE": str(tmp_path)},
            pass_fds=(send,),
            start_new_session=True,
        )
        os.close(send)
        started.append(process)
        process.stdin.write(spec + b"\n")
        process.stdin.flush()
        return process, receive

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def spec(tmp_path):
    """Make the first line of standard input."""
    log = str(tmp_path / "attempt.log")
    told = {"job": JOB, "memory_mb": 0, "folder": "/nowhere", "log": log}
    return lambda **changes: msgspec.json.encode({**told, **changes})


def told(receive: int) -> list[dict]:
    """Return all that was said until the channel was closed."""
    with os.fdopen(receive, "rb") as channel:
        return [json.loads(line) for line in channel]


def test_what_is_refused_is_told_with_its_code(start, spec, tmp_path):
    process, receive = start(spec())

    *_, message = told(receive)

    assert message == {
        "error": {
            "code": "not_found",
            "message": "Service 'nothing' has no configuration revision 1.",
            "faults": [],
            "transient": False,
        }
    }
    assert process.wait(60) == 0
    output = (tmp_path / "attempt.log").read_text()
    assert "NotFound" in output
    assert "Fatal Python error" not in output


def test_settings_that_cannot_be_used_are_told_with_their_faults(start, spec):
    _, receive = start(spec(), "port = 'x'")

    *_, message = told(receive)

    assert message["error"]["code"] == "invalid_configuration"
    assert message["error"]["faults"] == [
        {"where": "minerva.toml", "message": "port: Expected `int`, got `str`"}
    ]


def test_a_kind_that_no_plugin_here_brings_is_told(start, spec):
    job = {**json.loads(msgspec.json.encode(JOB)), "kind": "dance"}
    _, receive = start(spec(job=job))

    *_, message = told(receive)

    assert message["error"]["code"] == "invalid_input"
    assert "No plugin on this worker brings jobs of kind 'dance'" in message["error"]["message"]


def test_a_worker_that_is_gone_wants_no_result(start, spec, tmp_path):
    """Its end closes standard input; the job, which waits for the database here, ends with it."""
    holder = sqlite3.connect(tmp_path / "held.db", isolation_level=None)
    holder.execute("begin exclusive")
    database = f"database_url = 'sqlite:///{tmp_path}/held.db'\ndatabase_timeout_s = 600\n"
    process, receive = start(spec(), database)

    process.stdin.close()
    process.stdin = None

    assert told(receive) == []
    assert process.wait(60) == -signal.SIGKILL
    holder.close()


def test_a_first_line_that_is_no_job_ends_the_process(start):
    process, receive = start(b"{}")

    assert told(receive) == []
    assert process.wait(60) == 1


class Pipe:
    """A pipe whose lines are read back."""

    def __init__(self):
        self.receive, self.send = os.pipe()

    def lines(self):
        """Return what was sent."""
        os.close(self.send)
        return told(self.receive)


def test_progress_is_told_at_most_ten_times_a_second():
    pipe = Pipe()
    report = Reporter(pipe.send)

    started = time.monotonic()
    while time.monotonic() - started < 0.35:
        report(0.5, "half")
    report(0.5, "half")
    took_s = time.monotonic() - started

    lines = pipe.lines()
    assert 2 <= len(lines) <= 1 + 10 * took_s
    assert lines[0] == {"progress": 0.5, "message": "half"}


@pytest.mark.parametrize(
    ("fraction", "message", "line"),
    [
        (1, "", {"progress": 1.0, "message": ""}),
        (0.123456, "half \ud800", {"progress": 0.1235, "message": "half ?"}),
        (float("nan"), Path("/x"), {"progress": None, "message": "/x"}),
    ],
)
def test_whatever_a_plugin_tells_becomes_a_line(fraction, message, line):
    pipe = Pipe()

    Reporter(pipe.send)(fraction, message)

    assert pipe.lines() == [line]
