"""`minerva build`: what it hands to the engine. Real engines build in tests/containers/images."""

import json
import stat
import sys

import pytest

ENGINE = """#!{python}
import json, os, pathlib, sys
if sys.argv[1] == "build":
    context = pathlib.Path(sys.argv[-1])
    files = sorted(str(one.relative_to(context)) for one in context.rglob("*") if one.is_file())
    told = {{"arguments": sys.argv[1:], "files": files, "buildkit": os.environ["DOCKER_BUILDKIT"]}}
    pathlib.Path({told!r}).write_text(json.dumps(told))
    print("#7 [application 2/3] RUN something")
    print({said!r})
    sys.exit({code})
print("sha256:abc 123000000")
"""
XGBOOST = """
service: churn
algorithm: xgboost.classifier
schema:
  inputs: {tenure: {type: number}}
  output: {churn: {type: category, values: ["No", "Yes"]}}
"""


@pytest.fixture
def workspace(tmp_path):
    """A workspace with a service and with what must not come into an image."""
    files = {
        "minerva.toml": "", "services/churn.yaml": XGBOOST, "plugins/own.py": "", "data/a.csv": "a\n1\n",
        ".minerva/minerva.db": "x", ".env": "PASSWORD=x", "tls.key": "x", "old.pem": "x", ".git/config": "",
        "plugins/__pycache__/own.pyc": "",
    }  # fmt: skip
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def engine(tmp_path_factory):
    """A function (said, code) that makes a program in the place of an engine; it notes what it is told."""
    folder = tmp_path_factory.mktemp("engine")
    program, told = folder / "engine", folder / "told.json"

    def make(said="", code=0):
        program.write_text(
            ENGINE.format(python=sys.executable, told=str(told), said=said, code=code)
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return str(program)

    make.told = lambda: json.loads(told.read_text())
    return make


def arguments_of(told):
    """The build arguments by name."""
    listed = told["arguments"]
    pairs = [listed[place + 1] for place, one in enumerate(listed) if one == "--build-arg"]
    return dict(pair.split("=", 1) for pair in pairs)


def test_hands_recipe_and_workspace_to_the_engine_and_keeps_secrets_back(
    minerva, workspace, engine
):
    result = minerva("build", "--engine", engine(), "--tag", "registry.example:5000/shop/churn:7")

    assert result.exit_code == 0, result.output
    assert result.stdout == "registry.example:5000/shop/churn:7 is built: 123 MB, sha256:abc.\n"
    told = engine.told()
    mine = [name for name in told["files"] if name.startswith("workspace/")]
    assert mine == [
        "workspace/data/a.csv", "workspace/minerva.toml", "workspace/plugins/own.py", "workspace/services/churn.yaml",
    ]  # fmt: skip
    assert {"docker/Dockerfile", "docker/install.sh", "docker/requirements/core.txt"} <= set(
        told["files"]
    )
    assert told["buildkit"] == "1"
    arguments = arguments_of(told)
    assert arguments["ABSTRACTION"] == "minerva-abstraction:0.1.0"
    assert arguments["LIBRARIES"] == "xgboost"
    assert (arguments["TITLE"], arguments["VERSION"]) == ("churn", "7")
    assert "SOURCE_DATE_EPOCH" not in arguments


def test_a_worker_s_image_is_another_target(minerva, workspace, engine, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")

    result = minerva("build", "--worker", "--library", "lightgbm", "--engine", engine(), "--json")

    told = json.loads(result.stdout)
    assert told["image"].startswith(f"{workspace.name.lower()}-worker:")
    assert told["libraries"] == ["lightgbm", "xgboost"]
    listed = engine.told()["arguments"]
    assert listed[listed.index("--target") + 1] == "worker"
    assert arguments_of(engine.told())["SOURCE_DATE_EPOCH"] == "1700000000"


def test_secrets_of_a_closed_network_go_by_name_and_not_into_the_context(
    minerva, workspace, engine, tmp_path_factory
):
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "ca.pem").write_text("certificate")
    (folder / "pip.conf").write_text("[global]")

    minerva(
        "build", "--engine", engine(), "--ca", folder / "ca.pem", "--pip-conf", folder / "pip.conf"
    )

    listed = engine.told()["arguments"]
    assert f"id=ca,src={folder}/ca.pem" in listed
    assert f"id=pip,src={folder}/pip.conf" in listed
    assert not [name for name in engine.told()["files"] if name.endswith(("ca.pem", "pip.conf"))]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            " > [internal] load metadata for docker.io/library/x:1:",
            ["x:1 is not here and cannot be pulled", "--from"],
        ),
        ("no space left on device", ["could not build", "no space left on device"]),
    ],
)
def test_a_build_that_fails_says_why(minerva, workspace, engine, said, words):
    result = minerva("build", "--engine", engine(said, 1), "--from", "x:1")
    assert result.exit_code == 1
    assert [word for word in words if word not in result.stderr] == []


def test_no_engine_no_workspace_no_such_list_no_lock(
    minerva, workspace, engine, tmp_path_factory, monkeypatch
):
    elsewhere = tmp_path_factory.mktemp("empty")
    refused = {
        ("--engine", "no-such-engine"): "'no-such-engine' cannot be run",
        (
            "--engine",
            engine(),
            "--workspace",
            str(elsewhere),
        ): "is no workspace: it has no minerva.toml",
        ("--engine", engine(), "--library", "xgbost"): "There is no list 'xgbost'",
    }
    for options, words in refused.items():
        result = minerva("build", *options)
        assert (result.exit_code, words in result.stderr) == (2, True), result.output
    (workspace / "requirements.txt").write_text(
        "# own\nfoo==1 \\\n    --hash=sha256:" + "a" * 64 + "\nbar>=2\n"
    )
    result = minerva("build", "--engine", engine())
    assert result.exit_code == 2
    assert "is no lock" in result.stderr
    assert "requirements.txt:bar>=2: has no hash" in result.stderr
    assert "foo" not in result.stderr
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert (
        "SOURCE_DATE_EPOCH must be whole seconds" in minerva("build", "--engine", engine()).stderr
    )
