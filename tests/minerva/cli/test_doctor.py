"""`minerva doctor` where things are wrong; where all is well, see test_up."""

import json

import pytest


@pytest.fixture
def workspace(minerva, tmp_path, free_port):
    minerva("init")
    (tmp_path / "minerva.toml").write_text(f"port = {free_port()}\n")
    return tmp_path


@pytest.fixture
def checks(minerva):
    """Name → (fine, says) of every check; the doctor must fail."""

    def run():
        result = minerva("doctor", "--json")
        assert result.exit_code == 1, result.output
        told = json.loads(result.stdout)
        assert told["fine"] is False
        return {one["name"]: (one["fine"], one["says"]) for one in told["checks"]}

    return run


def test_says_what_is_wrong_and_what_to_do(minerva, workspace):
    result = minerva("doctor")

    assert result.exit_code == 1
    assert "✓ database" in result.stdout
    assert "✗ worker           none is running" in result.stdout
    assert "→ minerva up, or minerva worker" in result.stdout
    assert "✗ sidecar" in result.stdout
    assert "2 of 11 checks failed." in result.stdout


def test_a_folder_that_is_no_workspace(checks):
    assert checks()["workspace"][0] is False


def test_settings_that_cannot_be_used(checks, workspace):
    (workspace / "minerva.toml").write_text('portt = 5\nlog_level = "loud"\n')

    fine, says = checks()["settings"]

    assert not fine
    assert "there is no setting 'portt'" in says
    assert "log_level" in says


def test_a_database_that_cannot_be_reached(checks, workspace, monkeypatch):
    monkeypatch.setenv("MINERVA_DATABASE_URL", "sqlite:////nowhere/at/all/minerva.db")

    fine, says = checks()["database"]

    assert not fine
    assert "/nowhere/at/all" in says


def test_artefacts_that_cannot_be_written(checks, workspace):
    (workspace / "file").touch()
    (workspace / "minerva.toml").write_text(f'artefacts_url = "{workspace}/file"\n')

    assert checks()["artefacts"][0] is False


def test_a_queue_that_cannot_be_reached(checks, workspace, monkeypatch, free_port):
    monkeypatch.setenv("MINERVA_QUEUE_URL", f"redis://:geheim@127.0.0.1:{free_port()}/0")

    found = checks()

    assert found["queue"][0] is False
    assert "geheim" not in str(found)
    assert found["worker"] == (True, "none on this machine; no job waits")


def test_plugins_and_services_that_cannot_be_used(checks, workspace):
    (workspace / "plugins" / "broken.py").write_text("import nothing_of_that_name")
    (workspace / "services" / "bad.yaml").write_text("service: bad\n")

    found = checks()

    assert "plugins/broken.py: ModuleNotFoundError" in found["plugins"][1]
    assert found["services"][0] is False
    assert "bad.yaml:1" in found["services"][1]


@pytest.mark.parametrize(
    ("path", "says"), [("nowhere.csv", "nowhere.csv"), ("${MISSING_VARIABLE}", "MISSING_VARIABLE")]
)
def test_data_that_cannot_be_read(checks, workspace, path, says):
    (workspace / "services" / "churn.yaml").write_text(
        "service: churn\nalgorithm: xgboost.regressor\n"
        "schema: {inputs: {x: {type: number}}, output: {y: {type: number}}}\n"
        f'data: {{source: csv, path: "{path}"}}\n'
    )

    fine, said = checks()["data of churn"]

    assert not fine
    assert says in said
