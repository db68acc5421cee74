"""Rain and temperature four hours ahead: learnt from the past, judged by what came later, better than "as it is now"."""

import csv
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from minerva.bootstrap import open_job
from minerva.layers.abstraction.flows.tenant_house import champion_flow
from minerva.layers.abstraction.services.parsing import parse_file
from minerva.layers.abstraction.serving.question import Question
from minerva.settings import load

EXAMPLE = Path(__file__).parents[2] / "examples" / "weather"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A copy of the example, with its data."""
    folder = tmp_path_factory.mktemp("weather") / "workspace"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("data", ".minerva"))
    subprocess.run([sys.executable, str(folder / "observations.py")], check=True)
    return folder


@pytest.fixture(scope="module")
def trained(workspace):
    """The parts of a job's process, and what trainings told, in the order in which they are needed."""
    told = {}
    with open_job(load(workspace, {})) as container:
        for path in (
            "services/rain-as-now.yaml",
            "services/rain.yaml",
            "flows/rain-flow.yaml",
            "flows/temperature.yaml",
        ):
            declared = parse_file(workspace / path, container.versioning.check)
            configuration = container.registry.declare("default", declared, "test")
            told[declared.service] = container.versioning.make(
                configuration, job_id=None, author="test", progress=lambda *_, **__: None
            )
        container.live.refresh()
        yield container, told


@pytest.fixture
def container(trained):
    return trained[0]


@pytest.fixture
def version(container):
    """Return the version that was trained of a service."""
    return lambda service: container.registry.version("default", service, 1)


@pytest.mark.parametrize("service", ["rain", "rain-flow"])
def test_it_beats_as_it_is_now_on_the_same_hours(trained, service):
    told = trained[1][service]

    assert told["promoted"] is True
    assert told["verdict"].startswith("Better: balanced_accuracy 0.7")
    assert told["verdict"].endswith(" of rain-as-now.")
    assert told["metrics"]["balanced_accuracy"] > 0.76


def test_its_limits_are_on_its_card(version):
    manifest = version("rain").manifest

    assert manifest["data"]["held_out_rows"] > 6_000
    assert manifest["appraisal"]["calibration"]["error"] > 0.1


def test_as_a_flow_of_steps_it_is_no_worse(version):
    flow, service = (version(name).metrics["balanced_accuracy"] for name in ("rain-flow", "rain"))

    assert flow > service - 0.01


def test_another_flow_has_the_features_that_this_one_has_learnt(container):
    loader = container.versioning.loader
    rain, warmth = (
        champion_flow(container.registry, loader, "default", name)
        for name in ("rain-flow", "temperature")
    )

    theirs, ours = (flow.works.learnt.arrays["station"] for flow in (rain, warmth))
    assert set(theirs) == {"temperature", "humidity", "wind_speed", "wind_bearing", "visibility", "pressure"}  # fmt: skip
    assert {name: array.tolist() for name, array in ours.items()} == {
        name: array.tolist() for name, array in theirs.items()
    }
    assert warmth.works.learnt.shared["calendar"].origin == "rain-flow.calendar"


def test_it_knows_the_temperature_better_than_as_it_is_now(workspace, version):
    with (workspace / "data" / "temperature.csv").open() as file:
        rows = list(csv.DictReader(file))
    latest = rows[-version("temperature").manifest["data"]["held_out_rows"] :]
    as_now = [abs(float(row["temp_c"]) - float(row["temp_c_in_4_hours"])) for row in latest]

    assert version("temperature").metrics["mae"] < 0.75 * sum(as_now) / len(as_now)


def test_a_flow_is_asked_as_any_service_is(container):
    hour = {
        "at": "2013-12-01T17:00:00Z",
        "temp_c": 9.0,
        "humidity": 60.0,
        "wind_speed_kmph": None,
        "wind_bearing_degree": None,
        "visibility_km": 16.1,
        "pressure_millibars": None,
    }
    questions = {
        "temperature": [hour],
        "rain-flow": [{**hour, "current_weather_condition": "clear"}],
    }

    answers = {
        name: next(
            iter(container.predictor.predict("default", name, Question(records=asked)).predictions)
        )
        for name, asked in questions.items()
    }

    assert 4 < answers["temperature"]["temp_c_in_4_hours"] < 13
    assert answers["rain-flow"]["rain_in_4_hours"] == "no"


def test_each_row_is_told_with_the_weather_of_four_hours_later(workspace):
    with (workspace / "data" / "weather.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["airport"] == "JFK"]
    conditions = {row["at"]: row["current_weather_condition"] for row in rows}

    pairs = [
        (row["rain_in_4_hours"] == "yes", conditions[later] == "rain")
        for row in rows
        if (later := _later(row["at"])) in conditions
    ]

    assert len(pairs) > 8_000
    assert all(told == came for told, came in pairs)
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)


def _later(at):
    return (datetime.fromisoformat(at) + timedelta(hours=4)).strftime("%Y-%m-%dT%H:%M:%SZ")
