"""`minerva flows`: listed, drawn and run."""

import json
import xml.etree.ElementTree as ET

import pytest

FLOW = """
service: decide
description: Clean, then decide
algorithm: flow
schema:
  inputs:
    tenure: {type: number, nullable: true}
  output:
    reached: {type: boolean}
parameters:
  steps:
    tidy: {handle: clean, parameters: {fill: {tenure: 5}}}
    long: {post: threshold, inputs: {value: tidy.tenure}, parameters: {at_least: 12}}
"""
BROKEN = (
    FLOW.replace("service: decide", "service: broken")
    .replace(
        "tidy: {handle: clean, parameters: {fill: {tenure: 5}}}",
        "tidy: {collect: files, inputs: {path: name}, parameters: {below: none}}\n"
        "    rows: {post: summary, needs: [tidy], inputs: {bytes: tidy.bytes}, parameters: {make: {tenure: {how: count}}}}",
    )
    .replace("tidy.tenure", "rows.tenure")
    .replace("tenure: {type: number, nullable: true}", "name: {type: text}")
)


@pytest.fixture
def sidecar(serving):
    """A running sidecar with two flows."""
    with serving(decide=FLOW, broken=BROKEN) as container:
        yield container


def test_flows_are_listed_with_what_they_answer(sidecar, minerva):
    told = minerva("flows")

    assert told.exit_code == 0
    assert "decide" in told.output
    assert "reached" in told.output


def test_a_flow_is_trained_after_what_it_asks_if_that_is_said(sidecar, minerva):
    told = minerva("--json", "train", "decide", "--with-services", "--no-wait")

    job = sidecar.jobs.get("default", json.loads(told.stdout)["job"]["id"])
    assert (told.exit_code, job.payload) == (0, {"with_services": []})


def test_what_a_flow_asks_is_not_trained_on_a_file_that_is_sent(sidecar, minerva, tmp_path):
    (tmp_path / "rows.csv").write_text("tenure,reached\n")

    told = minerva("train", "decide", "--with-services", "--data", tmp_path / "rows.csv")

    assert told.exit_code == 2
    assert "--with-services" in told.output


def test_a_flow_is_drawn_in_text(sidecar, minerva):
    lines = minerva("flows", "show", "decide").output.splitlines()

    assert lines[0] == "decide  asked for: tenure"
    assert lines[2].split()[:4] == ["tidy", "handle:", "clean", "asked"]
    assert lines[-1] == "answers  reached = long.reached"


def test_a_flow_is_drawn_into_a_file(sidecar, minerva, tmp_path):
    minerva("flows", "show", "decide", "--svg", tmp_path / "decide.svg")

    assert ET.parse(tmp_path / "decide.svg").getroot().tag.endswith("svg")


def test_a_run_shows_where_the_time_went(sidecar, minerva):
    told = minerva("flows", "run", "decide", "--set", "tenure=20", "--trace", "--step", "tidy")

    assert told.exit_code == 0
    assert "tidy: 1 row\n" in told.output
    assert "█" in told.output
    assert "True" in told.output


def test_a_run_is_told_to_machines(sidecar, minerva):
    told = json.loads(minerva("flows", "run", "decide", "--set", "tenure=20", "--json").output)

    assert [one["step"] for one in told["trace"]] == ["tidy", "long"]
    assert told["steps"]["tidy"][0]["tenure"] == 20


def test_a_run_that_fails_names_the_step_and_shows_how_far_it_came(sidecar, minerva):
    told = minerva("flows", "run", "broken", "--set", "name=anna")

    assert told.exit_code == 1
    assert "Step 'tidy' of the flow failed at record 0: there is no such folder." in told.output
    assert "failed" in told.output


def test_a_run_of_nothing_is_a_misuse(sidecar, minerva):
    told = minerva("flows", "run", "decide")

    assert told.exit_code == 2
    assert "by one of FILE (or -) and --set" in told.output


def test_without_flows_it_is_said_how_one_is_made(serving, minerva):
    with serving():
        assert "flows/NAME.yaml declares one" in minerva("flows").output
