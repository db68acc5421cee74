"""Algorithms that serve others' files are checked with one, as `minerva import` would use it."""

import re
from pathlib import Path

import pytest

from minerva import Schema
from minerva.testing import algorithms_in
from minerva.testing.algorithm.case import make_case
from minerva.testing.algorithm.checks import CHECKS, by_name
from minerva.testing.algorithm.run import Examination
from minerva.testing.algorithm.session import Session
from minerva.testing.verdict import Broken, NotApplicable

PLUGIN = Path(__file__).parent / "reading_algorithms.py"
BY_NAME = {algorithm.name: algorithm for algorithm in algorithms_in(PLUGIN)}
BROUGHT = {"path": "scale.json"}
SIZES = {"inputs": {"size": {"type": "number"}}, "output": {"y": {"type": "number"}}}


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "scale.json").write_text('{"scale": 2.5, "input": "size"}')
    return tmp_path


def test_the_schema_is_what_the_file_tells(workspace):
    case = make_case(BY_NAME["right"], parameters=BROUGHT, workspace=workspace)

    assert list(case.schema.inputs) == ["size"]
    assert case.schema.inputs["size"].nullable
    concern = {check.name for check in CHECKS if check.concerns(case.algorithm)}
    kept = concern - {"unseen", "parameters"}  # no category, no words
    assert [by_name(name).look(case) or [] for name in sorted(kept)] == [[]] * len(kept)


def test_a_schema_that_is_given_counts(workspace):
    schema = Schema.parse(SIZES)

    case = make_case(BY_NAME["right"], parameters=BROUGHT, workspace=workspace, schema=schema)

    assert case.schema is schema
    assert by_name("reading").look(case) is None


def test_a_file_that_tells_nothing_leaves_the_made_up_schema(workspace):
    case = make_case(BY_NAME["tells nothing"], parameters=BROUGHT, workspace=workspace)

    with pytest.raises(Broken, match=r"Training refused .* Give the contract a `schema`"):
        by_name("answers").look(case)


def test_a_file_that_is_not_there_is_told_by_the_first_check(workspace):
    case = make_case(BY_NAME["right"], parameters={"path": "gone.json"}, workspace=workspace)

    with pytest.raises(Broken, match="train raised FileNotFoundError"):
        by_name("answers").look(case)


FAILURES = [
    ("takes all", "recognises takes an empty file for its own", "by its first bytes"),
    ("takes folders", "recognises takes a folder with a note for its own", "by its first bytes"),
    ("takes notes", "recognises takes a note for its own", "by its first bytes"),
    ("knows nothing", "recognises does not know scale.json, which it reads", "`minerva import` asks"),
    ("stumbles", r"recognises raised JSONDecodeError \(.*\) at reading_algorithms.py, line \d+", "Mend that line"),
    ("tells another", r"train refuses what inspect tells of scale.json: InvalidConfiguration \(The file takes size alone\)", "fits them"),
    ("falls over halves", "With the first half of scale.json: inspect raised JSONDecodeError", "Raise minerva.InvalidData"),
    ("makes do", "The first half of scale.json is taken for a whole model", "Raise minerva.InvalidData"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "what", "mend"), FAILURES)
def test_what_import_could_not_use_is_found(workspace, name, what, mend):
    case = make_case(BY_NAME[name], parameters=BROUGHT, workspace=workspace)

    with pytest.raises(Broken) as caught:
        by_name("reading").look(case)

    assert re.match(f"In a fresh process: {what}", caught.value.what)
    assert mend in caught.value.mend


def test_an_algorithm_that_reads_no_files_has_nothing_to_look_at(workspace):
    from minerva.layers.application.constant import Constant

    case = make_case(Constant(), parameters={"output": {"answer": 5}}, workspace=workspace)

    with pytest.raises(NotApplicable, match="reads no model files"):
        by_name("reading").look(case)


def test_minerva_test_checks_a_plugin_that_reads_files_with_its_services_file(workspace):
    session = Session(
        kind="plugin", where=str(PLUGIN), name="right", schema=SIZES, parameters=BROUGHT,
        workspace=str(workspace),
    )  # fmt: skip
    others = [("right", one.name) for one in CHECKS if one.name not in {"answers", "reading"}]

    examination = Examination(session, workspace / "log", workspace / "environments")
    examination.finished.extend(others)
    verdicts = {verdict.check: verdict.state for verdict in examination}

    assert verdicts == {"answers": "passed", "reading": "passed"}
