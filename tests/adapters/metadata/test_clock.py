"""One time for processes whose machines' clocks differ: that of the database, if it has its own."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from waiting import wait_until

from minerva.adapters.metadata import clock, open_metadata
from minerva.layers.abstraction.jobs.job import JobState
from minerva.testing.job_stores import a_job, a_lease

ROOT = Path(__file__).parents[3]
WRONG = timedelta(minutes=5)
LEASE = timedelta(seconds=15)
AGREE_WITHIN = timedelta(minutes=1)


def ahead():
    """The clock of a machine that is five minutes ahead."""
    return datetime.now(UTC) + WRONG


@pytest.fixture
def beside(postgresql_url):
    """Stores of one database, of a machine that is right and of one that is five minutes ahead."""
    right, wrong = (
        open_metadata(postgresql_url, 20),
        open_metadata(postgresql_url, 20, own_clock=ahead),
    )
    yield right, wrong
    right.close()
    wrong.close()


def held(stores, now):
    """A job under a lease of 15 s that was given at this moment."""
    stores.jobs.submit(replace(a_job(), created_at=now))
    return stores.leases.claim("j1", a_lease(until=now + LEASE), now)


def test_machines_whose_clocks_differ_tell_the_same_time(beside):
    right, wrong = beside

    assert abs(wrong.clock.now() - right.clock.now()) < AGREE_WITHIN
    assert abs(right.clock.now() - datetime.now(UTC)) < AGREE_WITHIN
    assert abs(wrong.clock.skew_s() - WRONG.total_seconds()) < AGREE_WITHIN.total_seconds()


def test_a_lease_is_not_taken_by_a_machine_that_is_ahead(beside):
    right, wrong = beside
    held(right, right.clock.now())

    assert wrong.leases.recover(wrong.clock.now(), wrong.clock.now() + 4 * LEASE) == []
    assert wrong.leases.recover(ahead(), ahead() + 4 * LEASE) != []  # what it would take by its own


def test_a_lease_of_a_machine_that_is_ahead_is_not_taken_either(beside):
    right, wrong = beside
    held(wrong, wrong.clock.now())

    assert right.leases.recover(right.clock.now(), right.clock.now() + 4 * LEASE) == []


def test_a_machine_whose_clock_is_wrong_is_told_of_once_and_again_when_it_is_right(
    postgresql_url, monkeypatch
):
    monkeypatch.setattr(clock, "ASKED_EVERY_S", 0)
    by = [timedelta(seconds=-900)]
    monkeypatch.setattr(clock, "SKEWED_FROM_S", 100)
    stores = open_metadata(postgresql_url, 20, own_clock=lambda: datetime.now(UTC) + by[0])

    with capture_logs() as logs:
        stores.clock.now()
        stores.clock.now()
        by[0] = timedelta(0)
        stores.clock.now()
    stores.close()

    assert [(one["event"], round(one["seconds"] / 100)) for one in logs] == [
        ("clock.skewed", -9), ("clock.agrees", 0),
    ]  # fmt: skip


def test_time_goes_on_while_the_database_is_away(postgresql, monkeypatch):
    monkeypatch.setattr(clock, "ASKED_EVERY_S", 0)
    url = postgresql.database()
    stores = open_metadata(url, 20, own_clock=ahead)
    before = stores.clock.now()
    postgresql.drop(url)

    after = stores.clock.now()
    stores.close()

    assert timedelta(0) < after - before < timedelta(seconds=30)


def test_with_sqlite_the_machine_tells_the_time(sqlite_url):
    stores = open_metadata(sqlite_url, 2, own_clock=ahead)

    assert abs(stores.clock.now() - ahead()) < AGREE_WITHIN
    assert stores.clock.skew_s() < 1
    stores.close()


def test_a_real_beat_that_is_five_minutes_ahead_takes_no_lease_and_says_so(
    postgresql_url, open_stores, tmp_path
):
    stores = open_stores(postgresql_url)
    now = stores.clock.now()
    stores.jobs.submit(replace(a_job(), created_at=now))
    stores.leases.claim("j1", a_lease(until=now + timedelta(minutes=4)), now)
    (tmp_path / "minerva.toml").write_text("sweep_interval_s = 0.1\nlease_s = 240\n")
    (tmp_path / "shift").write_text(str(WRONG.total_seconds()))
    environment = {name: value for name, value in os.environ.items() if "MINERVA_" not in name} | {
        "MINERVA_DATABASE_URL": postgresql_url,
        "MINERVA_WORKSPACE": str(tmp_path),
        "CHAOS_SHIFT": str(tmp_path / "shift"),
    }
    log = tmp_path / ".minerva" / "logs" / "beat.jsonl"

    def told():
        whole = log.read_text().rpartition("\n")[0] if log.exists() else ""
        return [
            one for one in map(json.loads, whole.splitlines()) if one["event"] == "clock.skewed"
        ]

    beat = subprocess.Popen(
        [sys.executable, "-m", "chaos.shifted", "beat"], cwd=ROOT, env=environment
    )
    try:
        (skewed,) = wait_until(told, 90)
        first = lock(tmp_path).stat().st_mtime_ns
        wait_until(lambda: lock(tmp_path).stat().st_mtime_ns > first, 60)  # it has swept
        assert stores.jobs.get("acme", "j1").state is JobState.RUNNING
    finally:
        beat.terminate()
        beat.wait(60)

    assert abs(skewed["seconds"] - WRONG.total_seconds()) < AGREE_WITHIN.total_seconds()


def lock(workspace):
    """The file that beat touches with each tick."""
    (found,) = (workspace / ".minerva" / "run").glob("beat-*.lock")
    return found
