"""What a service is asked is shown beside its training, the newest window field by field."""

import json

import pytest

from minerva.layers.abstraction.registry.records import DEFAULT_TENANT

SERVICE = """
service: rent
algorithm: xgboost.regressor
parameters: {max_depth: 1, n_estimators: 5}
schema: {inputs: {size: {type: number}}, output: {rent: {type: number}}}
data: {source: csv, path: rents.csv}
"""


@pytest.fixture
def ask(minerva, serving, tmp_path):
    """Run a command beside a sidecar in this process, whose service `rent` is trained on sizes 0 to 99."""
    rows = "".join(f"{n % 100},{n % 100 * 10}\n" for n in range(1000))
    (tmp_path / "rents.csv").write_text(f"size,rent\n{rows}")
    with serving(rent=SERVICE) as opened:
        configuration = opened.registry.configuration(DEFAULT_TENANT, "rent")
        opened.versioning.make(configuration, job_id=None, author="tests", progress=lambda *_: None)
        opened.live.refresh()
        yield minerva


def predict(ask, tmp_path, rows, more=0):
    """Ask for so many rows, larger by some."""
    file = tmp_path / "asked.csv"
    file.write_text("size\n" + "".join(f"{n % 100 + more}\n" for n in range(rows)))
    assert ask("predict", "rent", file).exit_code == 0


def test_a_field_that_moved_is_shown_first(ask, tmp_path):
    predict(ask, tmp_path, 200, more=60)

    shown = ask("drift", "rent", "--days", "1").stdout

    assert "200 rows of rent from" in shown
    assert "beside the 750 rows that version 1 was trained on: drifted: size, rent." in shown
    lines = [line.split() for line in shown.splitlines()]
    assert lines[2][:2] == ["size", "input"]
    assert {"60.0%", "drifted"} <= set(lines[2])


def test_few_rows_are_said_to_be_few(ask, tmp_path):
    predict(ask, tmp_path, 10, more=60)

    result = ask("drift", "rent")

    assert "Too few rows: no day of the last has 50" in result.stdout
    assert "too few rows" in result.stdout.splitlines()[-1]


def test_a_machine_gets_all_figures(ask, tmp_path):
    predict(ask, tmp_path, 100)

    (window,) = json.loads(ask("--json", "drift", "rent", "--days", "1").stdout)["drift"]["windows"]

    assert window["verdict"] == "steady"
    assert {one["name"] for one in (*window["inputs"], *window["outputs"])} == {"size", "rent"}


def test_what_is_no_service_is_told(ask):
    result = ask("drift", "rant")

    assert result.exit_code == 1
    assert "There is no service" in result.output
