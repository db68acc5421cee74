"""`minerva up` trains as soon as data is ready, and tells what starts next."""

import json
import sqlite3
from contextlib import closing

import pytest
from waiting import wait_until

NIGHTLY = {
    "service": "churn", "name": "training.schedule", "kind": "train", "cron": "30 2 * * *",
    "timezone": "Europe/Berlin", "missed": "once", "overdue": None, "last": None,
    "next": [
        {"utc": "2026-03-29T01:00:00+00:00", "local": "2026-03-29T03:00:00+02:00"},
        {"utc": "2026-03-30T00:30:00+00:00", "local": "2026-03-30T02:30:00+02:00"},
    ],
}  # fmt: skip
RAN = {"at": "2026-03-28T01:30:04+00:00", "job_id": "j", "state": "failed", "error": "No data."}
SERVICE = """
service: leaving
algorithm: xgboost.classifier
parameters: {n_estimators: 5}
schema:
  key: id
  inputs:
    tenure: {type: integer}
  output:
    left: {type: category, values: ["No", "Yes"]}
data: {source: sql, url: "sqlite:///legacy.db", query: "select id, tenure, has_left as left from customers"}
training:
  watermark: {query: "select max(updated_at) from customers", every_s: 1}
  schedule: "30 12 1 1 *"
  timezone: Europe/Berlin
schedules:
  - {name: weekly, kind: train, cron: "0 6 * * MON", timezone: Asia/Kathmandu, missed: skip}
"""


@pytest.fixture
def upcoming(minerva, server, tmp_path):
    """Ask for what comes next, where a sidecar tells this."""
    (tmp_path / "key").write_text("mk_key")
    url = f"http://127.0.0.1:{server.server_address[1]}"

    def asked(*schedules):
        server.prepared.append((200, {"schedules": list(schedules)}))
        return minerva("jobs", "upcoming", "--url", url, "--key-file", tmp_path / "key")

    return asked


def test_each_time_has_a_line_in_the_zone_and_in_utc(upcoming):
    head, first, second = upcoming(NIGHTLY | {"last": RAN}).stdout.splitlines()

    assert head.split()[:3] == ["service", "schedule", "kind"]
    assert first.split()[:3] == ["churn", "training.schedule", "train"]
    assert "2026-03-29 03:00  Europe/Berlin  2026-03-29 01:00  2026-03-28 01:30:04" in first
    assert first.rstrip().endswith("failed: No data.")
    assert second.split() == ["2026-03-30", "02:30", "Europe/Berlin", "2026-03-30", "00:30"]


def test_it_says_why_nothing_was_started(upcoming):
    refused = {"at": None, "job_id": None, "state": None, "error": "There is no kind 'x'."}

    assert "There is no kind 'x'." in upcoming(NIGHTLY | {"last": refused}).stdout


def test_it_says_that_no_beat_runs(upcoming):
    told = upcoming(NIGHTLY, NIGHTLY | {"overdue": "2026-03-28T01:30:00+00:00"})

    assert told.stderr == (
        "churn: training.schedule is due since 2026-03-28 01:30:00 UTC; does beat run? "
        "`minerva up` and `minerva beat` start it.\n"
    )
    assert told.exit_code == 0


def fill(workspace, updated_at):
    """Let the legacy product write its customers anew."""
    with closing(sqlite3.connect(workspace / "legacy.db", timeout=60)) as database, database:
        database.execute("begin immediate")  # nobody shall find no table, or an empty one
        database.execute("drop table if exists customers")
        database.execute("create table customers (id, tenure, has_left, updated_at)")
        database.executemany(
            "insert into customers values (?, ?, ?, ?)",
            [(f"c-{n}", n % 60, "No" if n % 60 > 20 else "Yes", updated_at) for n in range(200)],
        )


@pytest.fixture
def workspace(tmp_path, free_port, start_up):
    """A workspace under `minerva up`, whose legacy database has data."""
    folder = tmp_path / "shop"
    (folder / "services").mkdir(parents=True)
    (folder / "minerva.toml").write_text(f"port = {free_port()}\nsweep_interval_s = 0.5\n")
    (folder / "services" / "leaving.yaml").write_text(SERVICE)
    fill(folder, "2026-03-01T10:00:00")
    process = start_up(folder, tmp_path / "up.log")
    yield folder
    process.terminate()
    process.wait(60)


def test_training_starts_when_data_is_ready_and_what_is_next_is_told(minerva, workspace):
    def told(*arguments):
        asked = minerva("--workspace", workspace, "--json", *arguments)
        assert asked.exit_code == 0, asked.output
        return json.loads(asked.stdout)

    def ended(number):
        jobs = told("jobs")["jobs"]
        return len(jobs) == number and jobs[0]["state"] == "succeeded" and jobs

    wait_until(lambda: ended(1))
    fill(workspace, "2026-03-02T10:00:00")
    jobs = wait_until(lambda: ended(2))

    yearly, weekly, watermark = told("jobs", "upcoming", "-n", "2")["schedules"]
    assert watermark["value"] == "2026-03-02T10:00:00"
    assert watermark["last"]["job_id"] == jobs[0]["id"]
    assert watermark["last"]["state"] == "succeeded"
    assert [at["local"][11:16] for at in yearly["next"]] == ["12:30", "12:30"]
    assert weekly["next"][0]["local"].endswith("T06:00:00+05:45")
    assert (yearly["last"], weekly["last"]) == (None, None)

    shown = minerva("--workspace", workspace, "jobs", "upcoming", "--service", "leaving").stdout
    assert "Europe/Berlin" in shown
    assert "every 1 s" in shown
    assert "succeeded" in shown
    assert "Nothing starts by itself" in minerva(
        "--workspace", workspace, "jobs", "upcoming", "--service", "other"
    ).stdout  # fmt: skip
