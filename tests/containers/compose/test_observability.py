"""The override with Prometheus, Grafana and a collector, as far as it can be held against the product without their images."""

import json
import re
import urllib.request

import pytest
import yaml
from engine import ROOT, Project

from .conftest import COMPOSE, PASSWORDS

OVERRIDE = ROOT / "docker" / "compose.observability.yaml"
SETTINGS = ROOT / "docker" / "compose"
WATCHERS = {"prometheus", "grafana", "collector"}
GIVEN = {f"{name}_PASSWORD": "x" for name in (*PASSWORDS, "GRAFANA")}


def test_compose_takes_both_files_together():
    environment = GIVEN | {"OTLP_ENDPOINT": "http://otel.example:4318"}
    together = Project([COMPOSE, OVERRIDE], environment)

    found = yaml.safe_load(together.must("config"))

    assert found["services"].keys() > WATCHERS
    for name in WATCHERS:
        assert found["services"][name]["read_only"] is True
        assert found["services"][name]["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("missing", ["GRAFANA_PASSWORD", "OTLP_ENDPOINT"])
def test_what_has_no_default_is_asked_for_by_name(missing):
    environment = GIVEN | {"OTLP_ENDPOINT": "http://otel.example:4318", missing: ""}

    code, said = Project([COMPOSE, OVERRIDE], environment).compose("config")

    assert code != 0
    assert f"set {missing} in docker/.env" in said


def test_every_file_that_is_mounted_is_there():
    for service in yaml.safe_load(OVERRIDE.read_text())["services"].values():
        for volume in service["volumes"]:
            if volume.startswith("."):
                assert (OVERRIDE.parent / volume.split(":")[0]).exists()


def test_the_dashboard_shows_numbers_that_a_sidecar_tells(shop):
    port = shop.project.port(shop.project.containers("sidecar")[0], 8080)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        told = dict(re.findall(r"^# TYPE (\w+) (\w+)$", answer.read().decode(), re.MULTILINE))
    board = json.loads((SETTINGS / "grafana/dashboards/minerva.json").read_text())

    asked = " ".join(target["expr"] for panel in board["panels"] for target in panel["targets"])

    assert set(re.findall(r"\bminerva_\w+", asked)) == set(told)
    rates = set(re.findall(r"rate\((\w+)", asked))
    assert rates == {name for name, kind in told.items() if kind == "counter"}


def test_the_collector_reads_the_files_and_members_that_the_log_has(shop):
    settings = yaml.safe_load((SETTINGS / "collector.yaml").read_text())
    folder = settings["receivers"]["filelog"]["include"][0].rpartition("/")[0]
    needed = set(
        re.findall(
            r"(?:from|parse_from): attributes\.(\w+)", (SETTINGS / "collector.yaml").read_text()
        )
    )

    newest = shop.project.run_in("sidecar", "minerva", "logs", "--lines", "1", "--json")
    shown = shop.project.run_in(
        "sidecar", "python", "-c", f"import os; print(os.listdir({folder!r}))"
    )

    assert ".jsonl" in shown
    assert needed - json.loads(newest.splitlines()[-1]).keys() <= {"trace_id"}


def test_each_pipeline_is_made_of_parts_that_are_declared():
    settings = yaml.safe_load((SETTINGS / "collector.yaml").read_text())

    for pipeline in settings["service"]["pipelines"].values():
        for part in ("receivers", "processors", "exporters"):
            assert set(pipeline[part]) <= settings[part].keys()
