"""What starts jobs by itself is told: when next, in its zone and in UTC, and how it went."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from jsonschema import Draft202012Validator

from minerva.layers.abstraction.jobs.jobs import Asked
from minerva.layers.core.openapi.schedules import schedule_schema

NOW = datetime(2030, 3, 30, 12, tzinfo=UTC)
SCHEDULED = """
training: {schedule: "30 2 * * *", timezone: Europe/Berlin, missed: skip}
schedules:
  - {name: weekly, kind: train, cron: "0 6 * * MON"}
"""


@pytest.fixture
def call(sidecar):
    """Ask for the schedules at noon, before a night in which Berlin's clocks are changed."""
    upcoming = replace(sidecar.house.upcoming, now=lambda: NOW)
    client, headers = sidecar.client(upcoming=upcoming), sidecar.headers("train")
    return lambda query="": client.get(f"/v1/schedules{query}", headers=headers)


@pytest.fixture
def scheduled(sidecar):
    """The service churn with two schedules, known to beat since yesterday."""
    file = sidecar.workspace / "services" / "churn.yaml"
    file.write_text(file.read_text() + SCHEDULED)
    sidecar.refresh()
    sidecar.container.scheduler.tick()
    for standing in sidecar.container.stores.schedules.all():
        moved = replace(standing, since=NOW - timedelta(hours=9), moves=standing.moves + 1)
        assert sidecar.container.stores.schedules.move(moved)
    return sidecar


def test_nothing_is_listed_where_nothing_starts_by_itself(call):
    assert call().json == {"schedules": []}


def test_the_next_times_are_told_in_the_zone_and_in_utc(call, scheduled):
    nightly, weekly = call("?count=2").json["schedules"]

    assert nightly["next"] == [
        {"utc": "2030-03-31T01:00:00+00:00", "local": "2030-03-31T03:00:00+02:00"},
        {"utc": "2030-04-01T00:30:00+00:00", "local": "2030-04-01T02:30:00+02:00"},
    ]
    assert (nightly["service"], nightly["name"]) == ("churn", "training.schedule")
    assert (nightly["kind"], nightly["cron"]) == ("train", "30 2 * * *")
    assert (nightly["timezone"], nightly["missed"]) == ("Europe/Berlin", "skip")
    assert (nightly["last"], nightly["overdue"]) == (None, None)
    assert (weekly["name"], weekly["timezone"], len(weekly["next"])) == ("weekly", "UTC", 2)


def test_the_last_run_and_its_outcome_are_told(call, scheduled):
    stores = scheduled.container.stores
    standing = next(one for one in stores.schedules.all() if one.name == "weekly")
    asked = Asked(tenant="default", service="churn", author="schedule")
    job, _ = scheduled.container.jobs.submit("train", asked)
    ran = replace(standing, job_id=job.id, fired_at=NOW, moves=standing.moves + 1)
    assert stores.schedules.move(ran)

    weekly = call().json["schedules"][1]

    at = "2030-03-30T12:00:00+00:00"
    assert weekly["last"] == {"at": at, "job_id": job.id, "state": "queued", "error": None}

    stores.jobs.cancel("default", job.id, NOW)
    assert call().json["schedules"][1]["last"]["state"] == "cancelled"


def test_why_nothing_started_is_told(call, scheduled):
    stores = scheduled.container.stores
    standing = next(one for one in stores.schedules.all() if one.name == "training.schedule")
    refused = replace(standing, error="No.", fired_at=NOW, moves=standing.moves + 1)
    assert stores.schedules.move(refused)

    last = call().json["schedules"][0]["last"]

    assert (last["job_id"], last["state"], last["error"]) == (None, None, "No.")


def test_what_no_clock_deals_with_is_overdue(call, scheduled):
    stores = scheduled.container.stores
    standing = next(one for one in stores.schedules.all() if one.name == "training.schedule")
    left = replace(standing, since=NOW - timedelta(days=2), moves=standing.moves + 1)
    assert stores.schedules.move(left)

    assert call().json["schedules"][0]["overdue"] == "2030-03-29T01:30:00+00:00"


def test_schedules_are_those_of_one_service_and_of_ones_own_tenant(call, scheduled):
    assert len(call("?service=churn").json["schedules"]) == 2
    assert call("?service=other").json["schedules"] == []
    foreign = {"Authorization": f"Bearer {scheduled.key('train', tenant='other')}"}
    assert scheduled.client().get("/v1/schedules", headers=foreign).json == {"schedules": []}


@pytest.mark.parametrize("count", ["0", "101", "x", "", "1e1", "-1", "99999"])
def test_a_count_that_does_not_fit_is_named(call, count):
    response = call(f"?count={count}")

    assert (response.status_code, response.json["faults"][0]["where"]) == (422, "count")


def test_a_key_without_the_scope_is_refused(sidecar, client):
    assert client.get("/v1/schedules", headers=sidecar.headers("predict")).status_code == 403


def test_the_answer_fits_the_published_schema(call, scheduled):
    for one in call().json["schedules"]:
        Draft202012Validator(schedule_schema()).validate(one)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('training: {schedule: "0 0 30 2 *"}', "training.schedule: not a cron expression"),
        ('training: {schedule: "0 0 * * *", timezone: Mars}', "training.timezone: not a time zone"),
        ('schedules: [{name: a, kind: bacth, cron: "0 0 * * *"}]', "schedules.0.kind: there is no kind of job 'bacth'"),
        ('schedules: [{name: a, kind: deliver, cron: "0 0 * * *"}]', "schedules.0.kind: there is no kind of job 'deliver'"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_a_problem_with_file_and_line(sidecar, line, told):
    file = sidecar.workspace / "services" / "churn.yaml"
    file.write_text(f"{file.read_text()}\n{line}\n")
    sidecar.refresh()

    (problem,) = sidecar.container.workspace_services.problems()

    assert problem["where"] == f"churn.yaml:{len(file.read_text().splitlines())}"
    assert problem["message"].startswith(told)
