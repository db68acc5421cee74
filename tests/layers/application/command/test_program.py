"""Which program runs, and what of it a version carries."""

import os
import sys

import msgspec
import pytest

from minerva import InvalidConfiguration
from minerva.layers.application.command.parameters import CommandParameters
from minerva.layers.application.command.program import MAX_BYTES, carry, program_of


def parameters(*command, **more):
    return msgspec.convert({"command": list(command), **more}, CommandParameters)


@pytest.fixture
def workspace(tmp_path):
    """A workspace with a program, a folder, and a link that leads out of it."""
    root = tmp_path / "workspace"
    (root / "lib" / "__pycache__").mkdir(parents=True)
    (root / "lib" / "part.py").write_text("part")
    (root / "lib" / "__pycache__" / "part.pyc").write_text("cache")
    (root / "run").write_text("#!/bin/sh\n")
    (root / "run").chmod(0o755)
    (root / "model.rds").write_text("model")
    (tmp_path / "secret").write_text("secret")
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "loop").symlink_to(root / "loop")
    return root


@pytest.fixture
def carried(tmp_path):
    """Where the version's own files go."""
    folder = tmp_path / "carried"
    folder.mkdir()
    return folder


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_files_that_the_command_names_are_carried(workspace, carried):
    carry(parameters("./run", "model.rds", "lib", "-x", "out", "/etc/hosts", "../secret", "y" * 300), workspace, carried)  # fmt: skip

    assert names(carried) == ["model.rds", "run"]


def test_the_files_that_are_declared_are_carried_instead(workspace, carried):
    carry(parameters("./run", files=["lib", "model.rds"]), workspace, carried)

    assert names(carried) == ["lib/part.py", "model.rds"]


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "out", "loop", "nowhere", "x" * 300])
def test_what_is_not_in_the_workspace_is_not_carried(workspace, carried, name):
    with pytest.raises(InvalidConfiguration) as caught:
        carry(parameters("./run", files=[name]), workspace, carried)

    assert caught.value.faults[0].where == "/parameters/files"
    assert names(carried) == []


def test_a_folder_with_a_link_that_leads_out_is_not_carried(workspace, carried, tmp_path):
    (workspace / "lib" / "link").symlink_to(tmp_path / "secret")

    with pytest.raises(InvalidConfiguration, match="leads out of the workspace"):
        carry(parameters("./run", files=["lib"]), workspace, carried)


def test_too_much_is_not_carried(workspace, carried):
    with (workspace / "model.rds").open("wb") as file:
        file.truncate(MAX_BYTES + 1)

    with pytest.raises(InvalidConfiguration, match="name fewer"):
        carry(parameters("./run", "model.rds"), workspace, carried)

    assert names(carried) == []


def test_the_version_s_own_program_is_started_in_its_own_files(workspace, carried, tmp_path):
    carry(parameters("./run"), workspace, carried)

    program = program_of(parameters("./run", "-v"), workspace, carried, tmp_path)

    assert program.command == [str(carried / "run"), "-v"]
    assert program.folder == carried


def test_a_program_that_lost_its_right_to_run_is_started_as_a_copy(workspace, carried, tmp_path):
    carry(parameters("./run"), workspace, carried)
    (carried / "run").chmod(0o644)

    program = program_of(parameters("./run"), workspace, carried, tmp_path)

    assert program.command == [str(tmp_path / "run")]
    assert os.access(program.command[0], os.X_OK)


def test_a_program_that_is_not_carried_is_started_in_the_workspace(workspace, tmp_path):
    program = program_of(parameters("./run"), workspace, tmp_path / "none", tmp_path)

    assert program.command == [str(workspace / "run")]
    assert program.folder == workspace


def test_a_bare_name_is_looked_for_on_the_path_of_the_service(workspace, tmp_path):
    own = parameters("run", environment={"PATH": str(workspace)})

    assert program_of(own, workspace, tmp_path / "none", tmp_path).command == [
        str(workspace / "run")
    ]


def test_an_absolute_program_is_started_as_it_is(workspace, tmp_path):
    program = program_of(parameters(sys.executable), workspace, tmp_path / "none", tmp_path)

    assert program.command == [sys.executable]


@pytest.mark.parametrize("name", ["no-such-program", "./no-such-program", "/no/such/program"])
def test_a_program_that_is_not_there_is_refused(workspace, tmp_path, name):
    with pytest.raises(InvalidConfiguration) as caught:
        program_of(parameters(name), workspace, tmp_path / "none", tmp_path)

    assert name in caught.value.message
    assert caught.value.faults[0].where == "/parameters/command/0"


@pytest.mark.parametrize(
    "wrong",
    [{"command": []}, {"command": [""]}, {"command": ["a\0b"]}, {"command": "a"}, {"command": ["a"], "answer_s": 0},
     {"command": ["a"], "environment": {"A=B": "1"}}, {"command": ["a"], "fils": []}],
)  # fmt: skip
def test_parameters_that_cannot_work_are_refused(wrong):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, CommandParameters)
