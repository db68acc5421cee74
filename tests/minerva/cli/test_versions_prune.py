"""`minerva versions prune`, on a workspace without a sidecar."""

import inspect
import json

import pytest

from minerva.bootstrap import open_control
from minerva.cli import versions_prune
from minerva.layers.abstraction.registry import retention
from minerva.layers.abstraction.services.parsing import parse
from minerva.settings import load


def declaration(service, answer):
    return {
        "service": service,
        "algorithm": "constant",
        "parameters": {"output": {"plan": answer}},
        "schema": {
            "inputs": {"x": {"type": "number"}},
            "output": {"plan": {"type": "category", "values": ["a", "b", "c"]}},
        },
    }


@pytest.fixture
def container(minerva, tmp_path):
    """A workspace with three versions of `plan` and one of `other`."""
    minerva("init")
    with open_control(load(tmp_path, {})) as container:
        for service, answer in (("plan", "a"), ("plan", "b"), ("plan", "c"), ("other", "a")):
            declared = parse(declaration(service, answer))
            configuration = container.registry.declare("default", declared, "tests")
            container.versioning.make(
                configuration, job_id=None, author="tests", progress=lambda *_: None
            )
        container.callbacks.flush()  # what plugins log of it would stand between what is printed
        yield container


def stored(container):
    versions = container.registry.versions("default", "plan")
    return [one.number for one in versions if container.artefacts.size(one.digest)]


def test_says_what_it_would_free_and_why_the_rest_stays(minerva, container):
    result = minerva("versions", "prune", "--keep", "1")

    assert result.exit_code == 0, result.output
    header, row, total = result.stdout.splitlines()
    assert header.split() == ["service", "version", "made", "(UTC)", "size"]
    assert row.split()[:2] == ["plan", "1"]
    assert "This would free " in total
    assert "of 1 version. Do it: the same command with --yes" in total
    assert "plan keeps version 3: champion" in result.stderr
    assert "plan keeps version 2: the champion before, to roll back to" in result.stderr
    assert "other keeps version 1: champion" in result.stderr
    assert stored(container) == [3, 2, 1]


def test_frees_it_when_told_to(minerva, container):
    result = minerva("versions", "prune", "plan", "--keep", "1", "--yes")

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].startswith("Freed ")
    assert stored(container) == [3, 2]
    assert minerva("versions", "prune", "--keep", "1").stdout == "There is nothing to free.\n"


def test_tells_machines_in_json(minerva, container):
    planned = json.loads(minerva("versions", "prune", "--keep", "1", "--json").stdout)
    done = json.loads(minerva("versions", "prune", "--keep", "1", "--yes", "--json").stdout)

    assert planned["done"] is False
    assert done == {**planned, "done": True}
    assert [(one["service"], one["version"]) for one in done["freed"]] == [("plan", 1)]
    assert done["bytes"] == done["freed"][0]["bytes"] > 0
    assert {"service": "plan", "version": 3, "why": "champion"} in done["kept"]


def test_frees_nothing_of_few_versions_unless_told_how_many_to_keep(minerva, container):
    assert minerva("versions", "prune").stdout == "There is nothing to free.\n"


def test_a_service_that_is_not_there_is_named(minerva, container):
    result = minerva("versions", "prune", "nothing")

    assert result.exit_code == 1
    assert "There is no service 'nothing'" in result.stderr


def test_a_number_that_makes_no_sense_is_refused(minerva, container):
    assert minerva("versions", "prune", "--keep", "-1").exit_code == 2


def test_keeps_as_many_as_the_use_case_does():
    assert inspect.signature(retention.choose).parameters["keep"].default is inspect.Parameter.empty
    assert versions_prune.KEEP == retention.KEEP


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (123_456_789, "123.5 MB"),
     (5 * 10**9, "5.0 GB"), (5 * 10**15, "5000.0 TB")],
)  # fmt: skip
def test_sizes_are_shown_as_people_read_them(count, shown):
    assert versions_prune._size(count) == shown
