"""`minerva new algorithm`: a plugin and its test, which work before a line of them is changed."""

import json
import subprocess
import sys

import pytest

from minerva.cli.algorithm_template import algorithm_files


@pytest.fixture
def workspace(minerva, tmp_path):
    minerva("init")
    return tmp_path


def test_says_what_it_made_and_what_comes_next(minerva, workspace):
    result = minerva("new", "algorithm", "similar_flats")

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "made  plugins/similar_flats.py",
        "made  tests/test_similar_flats.py",
        "",
        "Next:",
        "  minerva test plugins/similar_flats.py",
        "  algorithm: similar_flats        # this line into services/SERVICE.yaml",
        "  minerva train SERVICE",
    ]
    assert "class SimilarFlats(Algorithm):" in (
        (workspace / "plugins" / "similar_flats.py").read_text()
    )


def test_tells_machines_the_same(minerva, workspace):
    told = json.loads(minerva("new", "algorithm", "similar", "--folder", "--json").stdout)

    assert told == {
        "algorithm": "similar",
        "plugin": "plugins/similar",
        "files": [
            "plugins/similar/__init__.py",
            "plugins/similar/model.py",
            "tests/test_similar.py",
        ],
    }
    assert all((workspace / file).is_file() for file in told["files"])


def test_what_it_makes_keeps_the_contract_at_once(minerva, workspace):
    minerva("new", "algorithm", "similar")

    result = minerva("test", "similar")

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == "14 passed (with an output of type category)."


def test_its_test_passes(minerva, workspace):
    minerva("new", "algorithm", "similar", "--folder")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "tests"],
        cwd=workspace,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert "32 passed" in done.stdout


@pytest.mark.parametrize("name", ["a", "similar_flats", "a23456789012345678901234567890"])
@pytest.mark.parametrize("folder", [False, True])
def test_what_it_writes_needs_no_linter(tmp_path, name, folder):
    for path, text in algorithm_files(name, folder=folder).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    for arguments in (["check"], ["format", "--check", "--diff"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, "--isolated", "--no-cache", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_what_it_makes_learns(minerva, workspace):
    """Better than guessing, or it would teach the wrong thing."""
    import numpy as np

    from minerva.testing import algorithms_in
    from minerva.testing.algorithm.case import make_case

    minerva("new", "algorithm", "similar")
    (algorithm,) = algorithms_in(workspace / "plugins" / "similar.py")
    case = make_case(algorithm)

    data = case.data(case.records)
    answers = case.outputs(case.model, data.inputs)["answer"]

    assert np.corrcoef(answers, data.target())[0, 1] > 0.7


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("My-Learner", "my_learner"),
        ("2nd", "nd"),
        ("a__b", "a_b"),
        ("../x", "x"),
        ("x" * 31, "x" * 30),
    ],
)
def test_a_name_that_cannot_be_one_is_refused_with_one_that_can(minerva, workspace, name, hint):
    result = minerva("new", "algorithm", name)

    assert result.exit_code == 2
    assert result.stderr.endswith(f"For example {hint}.\n")
    assert list((workspace / "plugins").iterdir()) == []


@pytest.mark.parametrize("name", ["class", "ß", ""])
def test_where_no_name_is_near_none_is_proposed(minerva, workspace, name):
    result = minerva("new", "algorithm", name)

    assert result.exit_code == 2
    assert result.stderr.endswith("no word of Python's own.\n")


@pytest.mark.parametrize(
    "there", ["plugins/similar.py", "plugins/similar", "tests/test_similar.py"]
)
@pytest.mark.parametrize("options", [[], ["--folder"]])
def test_nothing_is_written_over(minerva, workspace, there, options):
    (workspace / there).parent.mkdir(exist_ok=True)
    (workspace / there).write_text("# mine\n")

    result = minerva("new", "algorithm", "similar", *options)

    assert result.exit_code == 1
    assert f"{there} is there already" in result.stderr
    assert (workspace / there).read_text() == "# mine\n"
    assert [one for one in workspace.rglob("*similar*") if one.is_file()] == [workspace / there]


def test_the_name_of_another_algorithm_is_not_taken(minerva, workspace):
    result = minerva("new", "algorithm", "constant")

    assert result.exit_code == 1
    assert "There is an algorithm 'constant' already" in result.stderr


def test_a_folder_that_cannot_be_written_is_named(minerva, workspace):
    (workspace / "tests").write_text("a file")

    result = minerva("new", "algorithm", "similar")

    assert result.exit_code == 2
    assert "tests cannot be written" in result.stderr
