"""`minerva doctor service`: one service's data and model, looked over without a sidecar."""

import json
import random

import pytest

from minerva.bootstrap import open_control
from minerva.settings import load

SERVICE = """
service: late
algorithm: linear.classifier
schema:
  inputs:
    size: {type: number}
    noise: {type: number}
  output:
    late: {type: category, values: ["no", "yes"]}
data: {source: csv, path: orders.csv}
"""


def orders(shift=0.0, *, leak=False):
    """Return orders of which the large ones are late more often."""
    chance = random.Random(7)
    lines = ["size,noise,status,late"]
    for _ in range(800):
        size, noise = chance.gauss(0, 1), chance.gauss(0, 1)
        late = "yes" if size + chance.gauss(0, 1) > 0 else "no"
        status = f"paid {late}" if leak else chance.choice(["paid no", "paid yes"])
        lines.append(f"{size + shift},{noise},{status},{late}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def workspace(minerva, tmp_path):
    """A workspace with the service above, which has no version yet."""
    minerva("init")
    (tmp_path / "services" / "late.yaml").write_text(SERVICE)
    (tmp_path / "orders.csv").write_text(orders())
    return tmp_path


@pytest.fixture
def train(workspace):
    """A function that trains the service here and now."""

    def trained():
        with open_control(load(workspace, {})) as container:
            container.workspace_services.apply()
            configuration = container.registry.configuration("default", "late")
            container.versioning.make(
                configuration, job_id=None, author="tests", progress=lambda *_: None
            )
            container.callbacks.flush()

    return trained


def checks(result):
    """Return about → the check."""
    return {one["name"]: one for one in json.loads(result.stdout)["checks"]}


def test_without_a_version_it_says_how_to_get_one(minerva, workspace):
    result = minerva("doctor", "service", "late", "--json")

    assert result.exit_code == 1
    assert checks(result)["data"]["says"] == "800 rows, nothing odd about them"
    assert checks(result)["version"]["todo"] == "minerva train late"


def test_a_sound_service_is_told_so(minerva, workspace, train):
    (workspace / "services" / "late.yaml").write_text(
        SERVICE.replace("    noise: {type: number}\n", "")
    )
    train()

    result = minerva("doctor", "service", "late")

    assert result.exit_code == 0, result.stdout
    assert "version 1 is worth using" in result.stdout
    assert "Everything is as it should be." in result.stdout


def test_what_leaks_what_moved_and_what_was_changed_is_told_with_what_to_do(
    minerva, workspace, train
):
    train()
    (workspace / "orders.csv").write_text(orders(shift=3.0, leak=True))
    leaking = (
        "    noise: {type: number}\n    status: {type: category, values: [paid no, paid yes]}\n"
    )

    moved = checks(minerva("doctor", "service", "late", "--json"))
    (workspace / "services" / "late.yaml").write_text(
        SERVICE.replace("    noise: {type: number}\n", leaking)
    )
    result = minerva("doctor", "service", "late")

    assert "is spread otherwise than in the rows" in moved["size"]["says"]
    assert result.exit_code == 1
    assert "status alone tells late nearly without error" in result.stdout
    assert "Version 1 was made before the service was changed." in result.stdout
    assert "→ minerva train late" in result.stdout


def test_data_that_does_not_fit_is_a_finding(minerva, workspace):
    (workspace / "orders.csv").write_text(orders() + "x,1,paid no,no\n")

    told = checks(minerva("doctor", "service", "late", "--json"))["data"]

    assert not told["fine"]
    assert 'column "size", row 801' in told["says"]


def test_data_that_is_not_there_is_told(minerva, workspace):
    (workspace / "orders.csv").unlink()

    assert not checks(minerva("doctor", "service", "late", "--json"))["data"]["fine"]


def test_a_file_that_cannot_be_used_is_told_with_its_line(minerva, workspace):
    path = workspace / "services" / "late.yaml"
    path.write_text(SERVICE.replace("linear.classifier", "linear.clasifier"))

    result = minerva("doctor", "service", "late", "--json")

    assert "late.yaml:3" in checks(result)["declaration"]["says"]
    assert "did you mean 'linear.classifier'?" in checks(result)["declaration"]["says"]


def test_a_service_that_is_not_there_is_misuse(minerva, workspace):
    result = minerva("doctor", "service", "lat")

    assert result.exit_code == 2
    assert "did you mean 'late'?" in result.stderr
