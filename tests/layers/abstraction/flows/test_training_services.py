"""Training a flow after the services that it asks: each by a job of its own, in a process of its own."""

import csv
import threading
from dataclasses import replace

import pytest
from flow_house import LEVEL, RISK, flow

from minerva.errors import InvalidInput
from minerva.layers.abstraction.jobs.job import JobState
from minerva.layers.abstraction.jobs.jobs import TRAIN, Asked
from minerva.layers.abstraction.jobs.runner import Pace

ROWS = 200
ANN = Asked(tenant="default", service="flow", author="ann")
TREES = {"n_estimators": 5}


def write(house, name, column, low, high):
    """Write rows whose truth is whether a number is above 50."""
    with (house.workspace / f"{name}.csv").open("w") as file:
        table = csv.writer(file)
        table.writerow([column, name])
        table.writerows([n % 100, high if n % 100 > 50 else low] for n in range(ROWS))


def learnt_risk(**jobs):
    """A service that learns what the flows ask of it."""
    return RISK | {
        "algorithm": "xgboost.classifier",
        "parameters": TREES,
        "data": {"source": "csv", "path": "level.csv"},
        "jobs": jobs,
    }


def learning(name, asked, taken, **steps):
    """A flow that learns from what a service answers."""
    return flow(
        {
            "asked": {"predict": asked, "inputs": {"value": "count"}},
            **steps,
            "high": {
                "learn": "xgboost.classifier",
                "inputs": {"chance": taken},
                "parameters": TREES,
            },
        },
        output={"high": {"type": "boolean"}},
        data={"source": "csv", "path": "high.csv"},
    ) | {"service": name}


@pytest.fixture
def chain(house):
    """`flow` asks `inner` and what learns nothing, and `inner` asks `risk`; the last has no data yet."""
    write(house, "high", "count", "false", "true")
    inner = learning("inner", "risk", "asked.level.high")
    inner["schema"]["inputs"] = {"value": {"type": "number"}}
    inner["parameters"]["steps"]["asked"]["inputs"] = {"value": "value"}
    inner["data"] = {"source": "csv", "path": "inner.csv"}
    with (house.workspace / "inner.csv").open("w") as file:
        file.write((house.workspace / "high.csv").read_text().replace("count", "value", 1))
    rules = RISK | {"service": "rules", "schema": RISK["schema"] | {"output": LEVEL}}
    beside = {"rules": {"predict": "rules", "inputs": {"value": "count"}}}
    outer = learning("flow", "inner", "asked.high.true", **beside)
    assert house.declare(learnt_risk(memory_mb=4_000), rules, inner, outer) == []
    return house


def submit(house, service="flow", **payload):
    asked = replace(ANN, service=service)
    return house.container.jobs.submit(TRAIN, asked, payload)[0]


def parts(house, job):
    """The trainings that come first, the oldest first."""
    return house.container.jobs.list("default", parent=job.id)[::-1]


def finish(house, job):
    """Do what a worker does until the job has ended; return it."""
    runner = house.container.runner
    while not (job := house.container.jobs.get("default", job.id)).state.ended:
        ready = [one for one in (*parts(house, job), job) if one.state is JobState.QUEUED]
        assert ready, job
        pace = Pace(lease_s=60, first_pause_s=0)
        assert replace(runner, pace=pace, _stopping=threading.Event()).run(ready[0].id)
    return job


def champion(house, service):
    return house.container.registry.aliases("default", service).get("champion")


def test_each_service_is_trained_by_a_job_of_its_own_before_what_asks_it_and_the_flow_comes_last(
    chain,
):
    write(chain, "level", "value", "low", "high")

    ended = finish(chain, submit(chain, with_services=True))

    first = parts(chain, ended)
    assert ended.state is JobState.SUCCEEDED, ended.error
    assert [(one.service, one.kind, one.state) for one in first] == [
        ("risk", TRAIN, JobState.SUCCEEDED),
        ("inner", TRAIN, JobState.SUCCEEDED),
    ]
    assert first[0].finished_at <= first[1].started_at
    assert [one.limits["memory_mb"] for one in first] == [4_000, 0]
    assert {name: one["version"] for name, one in ended.result["services"].items()} == {
        "risk": champion(chain, "risk"),
        "inner": champion(chain, "inner"),
    }
    assert champion(chain, "flow") == ended.result["version"]
    made = chain.container.registry.version("default", "risk", champion(chain, "risk"))
    assert made.job_id == first[0].id


def test_a_service_that_cannot_be_trained_ends_it_by_name_and_another_try_begins_there(chain):
    failed = finish(chain, job := submit(chain, with_services=True))

    (risk,) = parts(chain, job)
    assert failed.state is JobState.FAILED
    assert failed.error["message"].startswith(
        f"Service 'risk', which the flow asks, could not be trained (job {risk.id}): "
    )
    assert risk.error["message"] in failed.error["message"]
    assert champion(chain, "inner") is None

    write(chain, "level", "value", "low", "high")
    chain.container.jobs.retry("default", job.id, "ann")
    ended = finish(chain, job)

    assert ended.state is JobState.SUCCEEDED, ended.error
    assert [one.service for one in parts(chain, job)] == ["risk", "inner"]


def test_without_the_wish_services_are_left_alone(chain):
    job = submit(chain, with_services=False)

    assert job.payload == {}


@pytest.mark.parametrize(("service", "wish"), [("rules", True), ("flow", "yes"), ("flow", 1)])
def test_a_wish_that_cannot_be_fulfilled_is_refused(chain, service, wish):
    with pytest.raises(InvalidInput) as told:
        submit(chain, service, with_services=wish)

    assert [fault.where for fault in told.value.faults] == ["/with_services"]


def test_a_service_that_its_gate_holds_back_is_no_failure_and_the_flow_learns_from_the_champion(
    chain,
):
    write(chain, "level", "value", "low", "high")
    assert finish(chain, submit(chain, with_services=True)).state is JobState.SUCCEEDED
    harder = learnt_risk() | {"training": {"gate": {"metric": "log_loss", "at_most": 0.0}}}
    assert chain.declare(harder) == []
    write(
        chain, "level", "value", "high", "low"
    )  # other data, or it would be the same version again

    ended = finish(chain, submit(chain, with_services=True))

    assert ended.state is JobState.SUCCEEDED, ended.error
    told = ended.result["services"]["risk"]
    assert (told["version"], told["promoted"]) == (2, False)
    assert "log_loss" in told["verdict"]
    assert champion(chain, "risk") == 1
