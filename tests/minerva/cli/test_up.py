"""The whole way: init, new service, up, train, predict, and all that a person asks on it."""

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from declared import ANSWER
from descendants import descendants
from waiting import wait_until

from minerva.cli.presence import find


@pytest.fixture
def ask(minerva, house):
    """Run a command against the house's sidecar."""

    def run(*arguments, stdin=None):
        return minerva("--workspace", house.workspace, *arguments, stdin=stdin)

    return run


@pytest.fixture
def told(ask):
    """What a command tells machines."""

    def run(*arguments, stdin=None):
        result = ask("--json", *arguments, stdin=stdin)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return run


def test_up_says_where_everything_is(house):
    said = house.output.read_text()

    assert f"http://127.0.0.1:{house.port}/docs" in said
    assert "admin.key  (new)" in said
    assert "services  churn" in said
    assert "minerva logs --follow" in said


def test_up_leaves_a_key_for_its_owner_only(house):
    mode = (house.workspace / ".minerva" / "admin.key").stat().st_mode

    assert stat.S_IMODE(mode) == 0o600


def test_a_second_up_names_the_port_that_is_taken(ask, house):
    result = ask("up")

    assert result.exit_code == 2
    assert f"Port {house.port} on 127.0.0.1 is taken" in result.stderr


def test_what_was_guessed_from_real_data_trains_as_it_is(house):
    result = house.trained["result"]

    assert house.trained["state"] == "succeeded"
    assert result["metrics"]["roc_auc"] >= 0.83
    assert result["promoted"] is True


def test_lists_and_shows_services(ask, told):
    assert "xgboost.classifier" in ask("services").stdout
    assert "churn" in {one["service"] for one in told("services")["services"]}
    shown = ask("services", "show", "churn").stdout
    assert "Month-to-month | One year | Two year" in shown
    assert told("services", "show", "churn")["aliases"].keys() == {"champion"}
    # each web worker takes a new version up by itself, a moment after the training
    wait_until(lambda: ask("services", "list").stdout == ask("services").stdout)


def test_an_unknown_service_is_answered_with_what_is_meant(ask):
    result = ask("services", "show", "churm")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "Did you mean 'churn'?" in result.stderr


def test_lists_versions_with_their_metrics(ask, told):
    assert "champion" in ask("versions", "churn").stdout
    assert "roc_auc" in ask("versions", "churn").stdout
    assert told("versions", "churn")["versions"][-1]["version"] == "1"


def test_promotes_and_refuses_to_roll_back_beyond_the_first(ask, told, house):
    path = house.workspace / "services" / "answer.yaml"
    path.write_text(ANSWER)  # a service that nobody else trains
    wait_until(lambda: "answer" in ask("services").stdout)

    assert told("promote", "answer", "1")["version"] == "1"
    assert "champion of answer is version 1 now." in ask("promote", "answer", "1").stdout
    assert ask("promote", "answer", "99").exit_code == 1
    assert ask("rollback", "answer").exit_code == 1
    path.unlink()


def test_a_second_version_serves_until_it_is_rolled_back(ask, told, house):
    def shown():
        return told("services", "show", "churn")

    path = house.workspace / "services" / "churn.yaml"
    before, revision = path.read_text(), shown()["configuration_revision"]
    first = told("promote", "churn", "1")["version"]
    path.write_text(
        before.replace("parameters: {}", "parameters: {max_depth: 2, n_estimators: 20}")
    )
    wait_until(lambda: shown()["configuration_revision"] != revision)

    trained = ask("train", "churn")

    assert "It is champion now." in trained.stdout
    assert "roc_auc" in trained.stdout
    assert f"champion of churn is version {first} again." in ask("rollback", "churn").stdout
    path.write_text(before)


CUSTOMER = ("--set", "tenure=3", "--set", "contract=Month-to-month")


def test_predicts_from_a_table_in_parts(told, churn_csv):
    answer = told("predict", "churn", churn_csv)

    assert len(answer["predictions"]) == 7043
    assert answer["predictions"][7042]["rownames"] == "7043"


def test_shows_predictions_as_a_table(ask, churn_csv):
    result = ask("predict", "churn", churn_csv)

    assert result.stdout.splitlines()[0].split() == [
        "rownames", "churn", "P(churn=No)", "P(churn=Yes)",
    ]  # fmt: skip
    assert "… and 6,993 more" in result.stderr
    assert "minerva logs --request-id" in result.stderr


def test_predicts_from_standard_input_and_explains(ask, churn_csv):
    head = "".join(churn_csv.read_text().splitlines(keepends=True)[:2])

    result = ask("predict", "churn", "-", "--format", "csv", "--explain", stdin=head)

    assert result.exit_code == 0, result.output
    assert "what spoke for it (+) and against it (-):" in result.stdout
    assert "tenure" in result.stdout


def test_counts_faults_among_all_records(ask, churn_csv, tmp_path):
    rows = churn_csv.read_text().splitlines()[:1201]
    rows[1101] = (
        rows[1101]
        .replace("Month-to-month", "Weekly")
        .replace("One year", "Weekly")
        .replace("Two year", "Weekly")
    )
    (tmp_path / "some.csv").write_text("\n".join(rows))

    result = ask("predict", "churn", "some.csv")

    assert result.exit_code == 2
    assert "/records/1100/contract: is not one of" in result.stderr


def test_a_record_that_lacks_fields_is_told_which(ask):
    result = ask("predict", "churn", *CUSTOMER)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "/records/0/monthly_charges: is missing" in result.stderr


@pytest.mark.parametrize("arguments", [(), ("x.csv", "--key", "1"), ("x.csv", *CUSTOMER)])
def test_predict_wants_one_source_of_records(ask, arguments):
    assert ask("predict", "churn", *arguments).exit_code == 2


def test_no_records_are_misuse(ask):
    result = ask("predict", "churn", "-", stdin="[]")

    assert result.exit_code == 2
    assert "no records" in result.stderr


def test_a_lookup_that_is_not_declared_fails_with_a_sentence(ask):
    result = ask("predict", "churn", "--key", "1")

    assert result.exit_code != 0
    assert "Traceback" not in result.output


def test_finds_the_path_of_a_prediction_in_the_log(ask, told, churn_csv):
    head = "".join(churn_csv.read_text().splitlines(keepends=True)[:2])
    told("predict", "churn", "-", "--format", "csv", "--request-id", "legacy-42", stdin=head)

    def events():
        """Return what the logs say of it; events are written a moment after the answer."""
        lines = ask("logs", "--request-id", "legacy-42", "--json").stdout.splitlines()
        return [json.loads(line) for line in lines]

    wait_until(lambda: "prediction.answered" in {event["event"] for event in events()})
    assert {"web", "worker", "job"} <= {event["component"] for event in events()}


def test_shows_jobs_and_what_they_printed(ask, told, house):
    job = str(house.trained["id"])

    every = ("jobs", "list", "--service", "churn", "--state", "succeeded", "--limit", "500")
    assert "churn" in ask("jobs").stdout
    assert job in ask(*every).stdout
    assert "There are no such jobs." in ask("jobs", "list", "--state", "dead").stdout
    assert told(*every)["jobs"][-1]["id"] == job
    shown = ask("jobs", "show", job).stdout
    assert "roc_auc" in shown
    assert "succeeded" in shown
    assert told("jobs", "show", job)["events"][-1]["state"] == "succeeded"
    assert ask("jobs", "log", job).exit_code == 0
    assert told("jobs", "log", job)["job_id"] == job
    assert "had ended already: succeeded" in ask("jobs", "cancel", job).stdout
    assert told("jobs", "cancel", job)["job"]["state"] == "succeeded"
    assert ask("jobs", "show", "nope").exit_code == 1


ONCE = ("--idempotency-key", "once")
"""The same key leads to the same job."""


def test_a_training_that_fails_says_why_and_where_to_look(ask, house, tmp_path):
    broken = house.workspace / "services" / "broken.yaml"
    broken.write_text(
        (house.workspace / "services" / "churn.yaml")
        .read_text()
        .replace("service: churn", "service: broken")
        .replace("path: ", "path: /nowhere")
    )
    wait_until(lambda: "broken" in ask("services").stdout)
    assert "broken has no version yet" in ask("versions", "broken").stdout

    job = json.loads(ask("train", "broken", "--no-wait", "--json", *ONCE).stdout)["job"]["id"]
    assert job in ask("train", "broken", "--no-wait", *ONCE).stdout
    result = ask("train", "broken", *ONCE)

    broken.unlink()
    assert result.exit_code == 1
    assert "/nowhere" in result.stderr
    assert "minerva jobs log" in result.stderr
    assert "failed" in ask("jobs", "show", job).stdout


@contextmanager
def standing_still(house):
    """Have the worker do nothing, so that a job waits for as long as it is looked at.

    It is caught while we write to the database: else it might be while it does, and nobody could.
    """
    (worker,) = descendants(house.process.pid, "worker")
    database = sqlite3.connect(
        house.workspace / ".minerva" / "minerva.db", 60, isolation_level=None
    )
    with closing(database):
        database.execute("BEGIN IMMEDIATE")
        worker.suspend()
    try:
        yield
    finally:
        worker.resume()


@pytest.fixture
def looks(house):
    """Return how often somebody has looked at a single job."""
    log = house.workspace / ".minerva" / "logs" / "web.jsonl"
    return lambda: log.read_text().count('"route":"/v1/jobs/<job_id>"')


def test_ctrl_c_stops_watching_and_not_the_job(told, house, looks):
    def new():
        return [job for job in told("jobs")["jobs"] if job["id"] not in before]

    environment = {name: value for name, value in os.environ.items() if "MINERVA_" not in name}
    before = {job["id"] for job in told("jobs")["jobs"]}
    with standing_still(house), subprocess.Popen(
        [
            sys.executable, "-m", "minerva.cli", "--workspace", str(house.workspace),
            "train", "churn", "--idempotency-key", "watched",
        ],
        env=environment, stderr=subprocess.PIPE, text=True,
    ) as watching:  # fmt: skip
        wait_until(lambda: new() or watching.poll() is not None)
        seen = looks()
        wait_until(lambda: looks() > seen or watching.poll() is not None)
        watching.send_signal(signal.SIGINT)
        said = watching.stderr.read()

    assert watching.returncode == 1, said
    assert "the job goes on: minerva jobs show" in said
    job = told("train", "churn", "--idempotency-key", "watched")["job"]
    assert job["state"] == "succeeded"
    assert [one["id"] for one in new()] == [job["id"]]


def test_prints_the_sidecars_openapi_document(told):
    assert "/v1/services/churn/predict" in told("openapi")["paths"]


def test_the_doctor_finds_everything_as_it_should_be(ask, told, house):
    result = ask("doctor")

    assert result.exit_code == 0, result.output
    assert "✗" not in result.stdout
    assert "Everything is as it should be." in result.stdout
    names = [check["name"] for check in told("doctor")["checks"]]
    assert names == [
        "python", "workspace", "settings", "disk", "signing", "webhooks", "database", "clock",
        "artefacts", "queue", "worker", "plugins", "services", "environments", "data of churn",
        "processes", "sandbox", "sidecar", "serving", "hooks",
    ]  # fmt: skip


def test_a_key_that_is_refused_is_told_apart_from_a_sidecar_that_is_away(ask, monkeypatch):
    monkeypatch.setenv("MINERVA_API_KEY", "mk_wrong")

    result = ask("doctor")

    assert result.exit_code == 1
    assert "✓ sidecar" in result.stdout
    assert "✗ key" in result.stdout


def test_a_folder_that_is_no_workspace_is_left_alone(minerva, tmp_path):
    result = minerva("up")

    assert result.exit_code == 2
    assert "minerva init" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_up_over_a_unix_socket_and_down_again_without_a_trace(minerva, start_up):
    with tempfile.TemporaryDirectory() as name:  # sockets need short paths
        workspace = Path(name)
        run = workspace / ".minerva" / "run"
        (workspace / "minerva.toml").write_text('socket = "run.sock"\n')
        process = start_up(workspace, workspace / "up.log")
        try:
            listed = minerva("--workspace", workspace, "services")
            wait_until(lambda: find(run, "beat"), what="the clock's start")
            workers = wait_until(lambda: find(run, "worker"), what="the worker's start")
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(60)

        assert code == 0, (workspace / "up.log").read_text()
        assert listed.stdout.startswith("No service is declared")
        assert len(workers) == 1
        assert find(run, "worker") == {}
        assert "No sidecar answers" in minerva("--workspace", workspace, "services").stderr
