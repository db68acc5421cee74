"""What a model's process may read is worked out from where it runs and what it was told."""

import sys
from pathlib import Path

import pytest

import minerva.adapters
import minerva.layers
from minerva.layers.abstraction.runtimes.reading import listable, named, readable, without
from minerva.layers.abstraction.runtimes.spec import HostSpec


@pytest.fixture
def workspace(tmp_path):
    """A workspace in a folder with something beside it."""
    folder = tmp_path.resolve() / "project/ws"
    for name in (
        "plugins/mine.py", "models/one/a.onnx", "models/one/a.data", "notes.txt", ".minerva/signing.key",
        ".minerva/artefacts/ab/model/m", ".minerva/artefacts/cd/model/m", "../src/lib.py",
    ):  # fmt: skip
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return folder


@pytest.fixture
def spec(workspace):
    """A function that makes a host's spec."""

    def made(**parts):
        scratch = "/"
        members = {"algorithm": "a", "schema": {}, "workspace": str(workspace), "scratch": scratch}
        return HostSpec(**members, socket="/s", **parts)

    return made


def allows(paths, path) -> bool:
    """Whether a path is one of them or below one."""
    return any(path.is_relative_to(one) for one in paths)


def test_python_and_minerva_are_read(spec):
    found = readable(spec())

    for path in (sys.prefix, sys.base_prefix, *minerva.__path__, *minerva.layers.__path__,
                 *minerva.adapters.__path__):  # fmt: skip
        assert allows(found, Path(path).resolve()), path


def test_of_the_workspace_only_plugins_are_read(spec, workspace):
    found = [path for path in readable(spec()) if allows([workspace], path)]

    assert found == [workspace / "plugins"]


def test_a_version_reads_its_own_folder_and_no_plugins(spec, workspace):
    folder = workspace / ".minerva/artefacts/ab"

    found = readable(spec(folder=str(folder), plugins=str(folder)))

    assert {path for path in found if allows([workspace], path)} == {folder, folder / "model"}


def test_a_linked_model_and_a_linked_plugin_are_read_where_they_are(spec, workspace, tmp_path):
    version, elsewhere = tmp_path / "version", tmp_path / "elsewhere"
    version.mkdir()
    elsewhere.mkdir()
    (version / "model").symlink_to(workspace / ".minerva/artefacts/cd/model")
    (workspace / "plugins/linked").symlink_to(elsewhere)

    found = readable(spec(folder=str(version)))

    assert allows(found, workspace / ".minerva/artefacts/cd/model/m")
    assert not allows(found, workspace / ".minerva/artefacts/ab")
    assert allows(found, elsewhere.resolve())


def test_what_it_shall_look_into_is_read(spec, workspace):
    assert allows(readable(spec(reads=(str(workspace / "notes.txt"),))), workspace / "notes.txt")


@pytest.mark.parametrize("text", ["models/one/a.onnx", "models/one"])
def test_files_that_parameters_name_are_read_with_what_lies_beside_them(spec, workspace, text):
    found = readable(spec(parameters={"list": [{"deep": text}]}))

    assert allows(found, workspace / "models/one/a.data")
    assert not allows(found, workspace / "notes.txt")


def test_a_file_at_the_top_of_the_workspace_is_read_alone(workspace):
    assert list(named({"path": "notes.txt"}, workspace)) == [workspace / "notes.txt"]


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "../src", "/etc", ".minerva", ".minerva/signing.key", "models/../.minerva",
     "no such", "\0", "x" * 5000],
)  # fmt: skip
def test_what_is_no_file_of_the_workspace_is_not_named(workspace, text):
    assert list(named([text, 5, None], workspace)) == []


def test_the_workspace_is_left_out_of_a_folder_that_holds_it(workspace):
    project = workspace.parent

    assert list(without(project, workspace)) == [project / "src"]
    assert list(without(workspace, workspace)) == []
    assert list(without(Path("/"), workspace)) == []
    assert list(without(project / "src", workspace)) == [project / "src"]


def test_an_import_path_that_holds_the_workspace_is_listed(spec, workspace, monkeypatch):
    monkeypatch.syspath_prepend(str(workspace.parent))

    assert listable(spec()) == [workspace.parent]
    assert allows(readable(spec()), workspace.parent / "src/lib.py")
    assert not allows(readable(spec()), workspace / "notes.txt")


def test_of_state_outside_the_workspace_nothing_is_read_but_what_is_named(
    spec, tmp_path, monkeypatch
):
    state = tmp_path.resolve() / "tool/lib/minerva"
    for name in ("signing.key", "environments/e/bin/python", "artefacts/ab/model/m"):
        (state / name).parent.mkdir(parents=True, exist_ok=True)
        (state / name).touch()
    (state.parent / "library.so").touch()
    path = f"{tmp_path}/tool/bin:{state}/environments/e/bin"
    (tmp_path / "tool/bin").mkdir()
    monkeypatch.setenv("PATH", path)

    found = readable(spec(state=str(state), folder=str(state / "artefacts/ab")))

    assert not allows(found, state / "signing.key")
    assert allows(found, state.parent / "library.so")
    assert allows(found, state / "environments/e/bin/python")
    assert allows(found, state / "artefacts/ab/model/m")


def test_programs_on_the_path_are_read_with_their_libraries(spec, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}/tool/bin::relative")

    found = readable(spec())

    assert allows(found, (tmp_path / "tool/bin/run").resolve())
    assert allows(found, (tmp_path / "tool/lib/run").resolve())
    assert not allows(found, (tmp_path / "tool/secrets").resolve())
    assert not allows(found, (tmp_path / "relative").resolve())


def test_a_home_folder_and_the_machines_secrets_are_not_read(spec):
    found = readable(spec())

    for path in ("/etc/shadow", "/etc/ssh/key", "/root/.ssh", "/home/me", "/var/lib", "/dev/sda"):
        assert not allows(found, Path(path)), path
