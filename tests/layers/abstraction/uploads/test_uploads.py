"""Uploads survive whoever sends them, and are gone when nobody needs them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from posing import Posed

from minerva.adapters.metadata import open_metadata
from minerva.adapters.uploads import FolderStaging, open_finished
from minerva.errors import Conflict, InvalidBody, InvalidInput, NotFound
from minerva.layers.abstraction.formats.layout import Layout
from minerva.layers.abstraction.problems.problem import problem_of
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.uploads.rows import Wanted
from minerva.layers.abstraction.uploads.uploads import UploadLimits, Uploads
from minerva.testing.job_stores import a_job

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CSV = Layout(format="csv")
CONTENT = b"tenure,churn\n" + b"1,No\n2,Yes\n" * 500
DECLARATION = {
    "service": "churn",
    "algorithm": "mean",
    "schema": {
        "inputs": {"tenure": {"type": "integer", "minimum": 0}},
        "output": {"churn": {"type": "category", "values": ["No", "Yes"]}},
    },
}


class Clock:
    def __init__(self):
        self.time = NOW

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def stores(tmp_path):
    stores = open_metadata(f"sqlite:///{tmp_path / 'minerva.db'}", 5)
    stores.configurations.declare("acme", "churn", "d", DECLARATION, "ann", NOW)
    yield stores
    stores.close()


@pytest.fixture(params=["local", "remote"])
def artefacts_url(request, tmp_path):
    return str(tmp_path / "artefacts") if request.param == "local" else f"memory://{tmp_path}"


@pytest.fixture
def uploads(stores, clock, artefacts_url, tmp_path):
    ids = iter(f"u{number}" for number in range(100))
    registry = Registry(
        stores.configurations, stores.versions, stores.aliases, stores.quarantines,
        prove=lambda _: None, now=clock,
    )  # fmt: skip
    return Uploads(
        store=stores.uploads,
        staging=FolderStaging(tmp_path / "staging"),
        finished=open_finished(artefacts_url),
        registry=registry,
        problem=lambda declaration: problem_of(Posed(), declaration),
        limits=UploadLimits(10**9, 0, 3600),
        now=clock,
        new_id=lambda: next(ids),
    )


@pytest.fixture
def begun(uploads):
    return uploads.begin("acme", "churn", CSV, len(CONTENT)).id


def left(uploads, tmp_path):
    return sorted(path.name for path in (tmp_path / "staging").glob("*"))


def broken_off(*pieces):
    yield from pieces
    raise InvalidBody("The body ended before its announced length.")


def test_a_whole_upload_is_fetched_as_it_was_sent(uploads, tmp_path):
    upload = uploads.receive("acme", "churn", CSV, [CONTENT[:99], CONTENT[99:]])

    assert (upload.rows, upload.size, upload.complete) == (1000, len(CONTENT), True)
    assert uploads.fetch("acme", upload.id, tmp_path).read_bytes() == CONTENT
    assert left(uploads, tmp_path) == []


def test_what_came_before_a_break_stays_and_is_gone_on_with(uploads, begun, tmp_path):
    with pytest.raises(InvalidBody):
        uploads.append("acme", begun, 0, broken_off(CONTENT[:5], CONTENT[5:100]))

    assert uploads.get("acme", begun)[1] == 100
    assert uploads.append("acme", begun, 100, [CONTENT[100:]])[0].complete
    assert uploads.fetch("acme", begun, tmp_path).read_bytes() == CONTENT


def test_a_body_that_breaks_off_leaves_nothing(uploads, tmp_path):
    with pytest.raises(InvalidBody):
        uploads.receive("acme", "churn", CSV, broken_off(CONTENT[:5], CONTENT[5:100]))

    assert left(uploads, tmp_path) == []
    assert uploads.store.known(["u0"]) == set()


def test_what_was_looked_at_is_not_looked_at_again(uploads, begun, tmp_path):
    uploads.append("acme", begun, 0, [CONTENT[:100]])
    part = tmp_path / "staging" / f"{begun}.part"
    part.write_bytes(b"x" * 100)

    with pytest.raises(InvalidInput) as raised:
        uploads.append("acme", begun, 100, [b"\nx,No\n"])

    assert raised.value.faults[0].where == 'column "tenure", row 17'


def test_a_lost_state_is_made_again(uploads, begun, tmp_path):
    uploads.append("acme", begun, 0, [CONTENT[:100]])
    (tmp_path / "staging" / f"{begun}.state").write_text("{")

    assert uploads.append("acme", begun, 100, [CONTENT[100:]])[0].rows == 1000


def test_two_who_append_at_once_do_not_mix(uploads, begun, tmp_path):
    entered, leave = threading.Event(), threading.Event()

    def slowly():
        yield CONTENT[:50]
        entered.set()
        assert leave.wait(20)
        yield CONTENT[50:]

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(uploads.append, "acme", begun, 0, slowly())
        assert entered.wait(20)
        with pytest.raises(Conflict, match="Another call is sending"):
            uploads.append("acme", begun, 50, [CONTENT[50:]])
        leave.set()

        assert first.result()[0].complete
    assert uploads.fetch("acme", begun, tmp_path).read_bytes() == CONTENT


KILLED = """
import os, signal, sys
from pathlib import Path
from minerva.adapters.uploads import FolderStaging

with FolderStaging(Path(sys.argv[1])).appending(sys.argv[2]) as tail:
    for number in range(int(sys.argv[3])):
        tail.append(b"tenure,churn\\n" if number == 0 else b"1,No\\n")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("lines", [1, 7, 300])
def test_bytes_outlive_a_process_that_is_killed(uploads, begun, tmp_path, lines):
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "staging"), begun, str(lines)],
        env=os.environ, check=False,
    )  # fmt: skip

    offset = uploads.get("acme", begun)[1]

    assert killed.returncode == -signal.SIGKILL
    assert offset == 13 + 5 * (lines - 1)
    rest = b"2,Yes\n" * ((len(CONTENT) - offset) // 6)
    rest += b"\n" * (len(CONTENT) - offset - len(rest))
    assert uploads.append("acme", begun, offset, [rest])[0].complete


def test_an_upload_that_was_kept_but_not_marked_is_completed_by_an_empty_call(
    uploads, begun, tmp_path
):
    with uploads.staging.appending(begun) as tail:
        tail.append(CONTENT)
        uploads.finished.put(begun, tail.path)

    assert uploads.get("acme", begun)[1] == len(CONTENT)
    assert uploads.append("acme", begun, len(CONTENT), [])[0].complete


class TestSweeping:
    def test_what_nobody_goes_on_with_is_removed(self, uploads, begun, clock, tmp_path):
        uploads.append("acme", begun, 0, [CONTENT[:100]])
        clock.time = NOW + timedelta(seconds=3599)
        uploads.sweep()
        assert uploads.get("acme", begun)[1] == 100

        clock.time = NOW + timedelta(seconds=3601)
        uploads.sweep()

        with pytest.raises(NotFound):
            uploads.get("acme", begun)
        assert left(uploads, tmp_path) == []

    def test_what_a_job_needs_stays_until_it_has_ended(self, uploads, stores, clock, tmp_path):
        upload = uploads.receive("acme", "churn", CSV, [CONTENT])
        stores.jobs.submit(a_job())
        uploads.use("acme", upload.id, "j1")
        clock.time = NOW + timedelta(days=30)
        uploads.sweep()
        assert uploads.fetch("acme", upload.id, tmp_path).read_bytes() == CONTENT

        stores.jobs.cancel("acme", "j1", clock.time)
        uploads.sweep()

        with pytest.raises(NotFound):
            uploads.fetch("acme", upload.id, tmp_path / "elsewhere")
        with pytest.raises(NotFound):
            uploads.finished.fetch(upload.id, tmp_path / "elsewhere")

    def test_bytes_without_a_row_are_removed_when_they_are_old(self, uploads, clock, tmp_path):
        with uploads.staging.appending("lost") as tail:
            tail.append(b"x")
        uploads.sweep()
        assert left(uploads, tmp_path) == ["lost.part"]

        clock.time = datetime.now(UTC) + timedelta(days=1)
        uploads.sweep()

        assert left(uploads, tmp_path) == []


def test_truth_that_nobody_needs_may_be_left_out(uploads):
    class SomeKnown(Posed):
        problem = "semi-supervised"

    partly = replace(uploads, problem=lambda declaration: problem_of(SomeKnown(), declaration))

    upload = partly.receive("acme", "churn", CSV, [b"tenure\n" + b"1\n2\n" * 20])

    assert upload.rows == 40
    with pytest.raises(InvalidInput):
        uploads.receive("acme", "churn", CSV, [b"tenure\n" + b"1\n2\n" * 20])


def test_what_rows_are_held_out_by_must_be_there(uploads, schema):
    wanted = Wanted(schema, ("churn",), held_out_by="paid")

    assert wanted.required("paid")
    assert not Wanted(schema, ("churn",)).required("paid")
