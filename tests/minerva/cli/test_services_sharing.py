"""`minerva services export`, `import` and `uses`, on workspaces without a sidecar."""

import json

import pytest

SERVICE = """
service: rate
algorithm: constant
parameters: {output: {price: 3.0}}
schema:
  inputs: {size: {type: number}}
  output: {price: {type: number}}
"""


@pytest.fixture
def ours(minerva, tmp_path):
    """A workspace with one service."""
    assert minerva("init", tmp_path / "ours").exit_code == 0
    assert minerva("init", tmp_path / "theirs").exit_code == 0
    (tmp_path / "ours" / "services" / "rate.yaml").write_text(SERVICE)
    return tmp_path / "ours"


def test_a_service_goes_to_another_workspace(minerva, ours, tmp_path):
    archive, theirs = tmp_path / "rate.zip", tmp_path / "theirs"

    given = minerva("services", "export", "rate", archive, "--workspace", ours)
    taken = minerva("services", "import", archive, "--workspace", theirs, "--json")

    assert given.stdout == f"{archive} holds rate.\n"
    assert json.loads(taken.stdout)["files"] == ["services/rate.yaml"]
    assert (theirs / "services" / "rate.yaml").read_text() == SERVICE


def test_what_is_there_is_not_written_over(minerva, ours, tmp_path):
    archive, theirs = tmp_path / "rate.zip", tmp_path / "theirs"
    minerva("services", "export", "rate", archive, "--workspace", ours)
    (theirs / "services" / "rate.yaml").write_text(SERVICE.replace("3.0", "4.0"))

    twice = minerva("services", "export", "rate", archive, "--workspace", ours)
    taken = minerva("services", "import", archive, "--workspace", theirs)

    assert (twice.exit_code, taken.exit_code) == (1, 1)
    assert "--force to write over it" in twice.stderr
    assert "services/rate.yaml: is here already and says something else" in taken.stderr


@pytest.mark.parametrize(
    ("name", "target", "said"),
    [
        ("rtae", "rate.zip", "did you mean 'rate'?"),
        ("rate", "rate.txt", "must end in .zip or .tar.gz or .tgz"),
    ],
)
def test_what_cannot_be_given_is_told(minerva, ours, tmp_path, name, target, said):
    result = minerva("services", "export", name, tmp_path / target, "--workspace", ours)

    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / target).exists()


def test_tells_who_uses_what(minerva, ours):
    shown = minerva("services", "uses", "constant", "--workspace", ours)
    nobody = minerva("services", "uses", "rate", "--workspace", ours)
    unknown = minerva("services", "uses", "constnat", "--workspace", ours)

    assert shown.stdout.splitlines()[1].split() == [
        "rate",
        "is",
        "made",
        "with",
        "it",
        "rate.yaml:3",
    ]
    assert nobody.stdout == "No service uses rate.\n"
    assert unknown.exit_code == 1
    assert "Did you mean 'constant'?" in unknown.stderr
