"""`minerva doctor` where things are wrong; where all is well, see test_up."""

import json
import sys

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
    assert "2 of 17 checks failed." in result.stdout


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


def test_the_signing_key_is_made_and_named(checks, workspace):
    fine, says = checks()["signing"]

    assert fine
    assert str(workspace / ".minerva" / "signing.key") in says
    assert (workspace / ".minerva" / "signing.key").stat().st_mode & 0o077 == 0


def test_a_signing_key_that_others_can_read(minerva, checks, workspace):
    minerva("versions", "key")
    (workspace / ".minerva" / "signing.key").chmod(0o644)

    found = checks()

    assert found["signing"][0] is False
    assert "chmod 600" in found["signing"][1]
    assert "database" not in found  # which is not to blame


def test_keys_that_are_trusted_are_counted(minerva, checks, workspace):
    (workspace / "trusted").mkdir()
    (workspace / "trusted" / "shop.pem").write_text(minerva("versions", "key").stdout)
    with (workspace / "minerva.toml").open("a") as file:
        file.write('trusted_keys = "trusted"\n')

    assert checks()["signing"][1].endswith("; 1 more are trusted")


def test_trusted_keys_that_are_none(checks, workspace):
    with (workspace / "minerva.toml").open("a") as file:
        file.write('trusted_keys = "nowhere"\n')

    fine, says = checks()["signing"]

    assert not fine
    assert "nowhere" in says


@pytest.fixture
def no_installer(monkeypatch, tmp_path):
    """Neither uv nor pip can be found."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pip", None)


def test_a_missing_installer_is_no_failure_where_nothing_is_required(checks, no_installer):
    assert checks()["environments"] == (True, "neither uv nor pip is there")


def test_a_missing_installer_that_a_service_needs(checks, workspace, no_installer):
    (workspace / "services" / "fixed.yaml").write_text(
        "service: fixed\nalgorithm: constant\nrequirements: [six]\n"
        "parameters: {output: {y: 1}}\n"
        "schema: {inputs: {x: {type: number}}, output: {y: {type: number}}}\n"
    )

    assert checks()["environments"] == (False, "neither uv nor pip is there, needed by fixed")


def test_pip_will_do_where_there_is_no_uv(checks, workspace, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert checks()["environments"] == (True, "pip builds them; uv would be faster")


def test_uv_is_preferred(checks, workspace, monkeypatch, tmp_path):
    (tmp_path / "uv").write_text("")
    (tmp_path / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert checks()["environments"] == (True, "uv builds them")


def test_no_process_of_a_model_is_fine(checks, workspace):
    assert checks()["processes"] == (True, "no model has a process of its own now")


def test_a_folder_of_sockets_that_others_may_enter(checks, workspace):
    from minerva.layers.abstraction.runtimes.places import run_folder

    run_folder(workspace / ".minerva").chmod(0o755)

    fine, says = checks()["processes"]

    assert not fine
    assert "this user alone may enter" in says


def test_the_kernels_part_is_a_remark(checks, workspace):
    fine, says = checks()["sandbox"]

    assert fine
    assert "Landlock" in says


def test_what_old_kernels_leave_open_is_told():
    from minerva.cli.model_checks import OPEN
    from minerva.layers.abstraction.runtimes.sandbox import gaps

    assert set(gaps(0, network=False, filtered=False)) == set(OPEN)


OFF = {"where": "plugins/slow.py", "message": "hook minerva_before_predict is switched off"}
UNREADABLE = {"where": "services/bad.yaml", "message": "is no mapping"}


@pytest.mark.parametrize(
    ("problems", "told"),
    [
        ([OFF, UNREADABLE], (False, f"plugins/slow.py: {OFF['message']}")),
        ([UNREADABLE], (True, "none is switched off")),
    ],
)
def test_hooks_that_the_sidecar_switched_off(minerva, workspace, server, problems, told):
    listed = (200, {"services": [], "problems": problems})
    server.prepared.extend([(200, {"status": "ready"}), listed, listed])

    result = minerva("doctor", "--json", "--url", f"http://127.0.0.1:{server.server_address[1]}")

    found = {one["name"]: one for one in json.loads(result.stdout)["checks"]}
    assert (found["hooks"]["fine"], found["hooks"]["says"]) == told
