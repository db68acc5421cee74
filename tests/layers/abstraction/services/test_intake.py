"""Taking a model into the workspace, and out again when it is refused."""

import zipfile

import pytest

from minerva.errors import InvalidData, NotFound
from minerva.layers.abstraction.services.intake import digest, is_archive, taken_in


def refuse(intake):
    intake.settle()
    raise InvalidData("no")


@pytest.fixture
def workspace(tmp_path):
    (tmp_path / "workspace").mkdir()
    return tmp_path / "workspace"


@pytest.fixture
def file(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"trees")
    return tmp_path / "model.bin"


def test_what_is_settled_stays_under_the_name_of_its_content(workspace, file):
    with taken_in(file, workspace, "churn") as intake:
        settled = intake.settle()

    assert settled == workspace / "models" / "churn" / digest(file)[:12] / "model.bin"
    assert settled.read_bytes() == b"trees"
    assert [one.name for one in (workspace / "models").iterdir()] == ["churn"]


def test_what_is_not_settled_is_gone(workspace, file):
    with taken_in(file, workspace, "churn") as intake:
        assert intake.path.read_bytes() == b"trees"

    assert list(workspace.iterdir()) == []


def test_a_failure_after_settling_takes_it_back(workspace, file):
    with pytest.raises(InvalidData), taken_in(file, workspace, "churn") as intake:
        refuse(intake)

    assert list(workspace.iterdir()) == []


def test_a_failure_leaves_what_was_there_before(workspace, file):
    with taken_in(file, workspace, "churn") as intake:
        before = intake.settle()
    with pytest.raises(InvalidData), taken_in(file, workspace, "churn") as intake:
        refuse(intake)

    assert before.read_bytes() == b"trees"


def test_a_copy_that_was_changed_is_replaced(workspace, file):
    with taken_in(file, workspace, "churn") as intake:
        intake.settle().write_bytes(b"tampered")
    with taken_in(file, workspace, "churn") as intake:
        assert intake.settle().read_bytes() == b"trees"


def test_a_folder_is_named_by_all_its_files(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text("1")
    (tmp_path / "b" / "y").write_text("1")

    assert digest(tmp_path / "a") == digest(tmp_path / "c") != digest(tmp_path / "b")


@pytest.mark.parametrize(("members", "inside"), [
    (["model.ubj"], ["model.ubj"]),
    (["run/MLmodel", "run/model.ubj"], ["MLmodel", "model.ubj"]),
    (["MLmodel", "model.ubj"], ["MLmodel", "model.ubj"]),
])  # fmt: skip
def test_an_archive_is_opened_down_to_the_model(workspace, tmp_path, members, inside):
    with zipfile.ZipFile(tmp_path / "run.zip", "w") as archive:
        for name in members:
            archive.writestr(name, "x")
    assert is_archive(tmp_path / "run.zip")

    with taken_in(tmp_path / "run.zip", workspace, "churn") as intake:
        intake.open_archive()
        settled = intake.settle()

    found = [settled] if settled.is_file() else settled.iterdir()
    assert sorted(one.name for one in found) == inside
    assert [one.name for one in (workspace / "models").iterdir()] == ["churn"]


def test_what_cannot_be_taken_in_leaves_nothing(workspace, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to("/etc/passwd")

    for source, error in ((tmp_path / "missing", NotFound), (tmp_path / "folder", InvalidData)):
        with pytest.raises(error), taken_in(source, workspace, "churn"):
            pass
    assert list(workspace.iterdir()) == []
