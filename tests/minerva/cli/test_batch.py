"""`minerva batch`, on a running sidecar with a worker."""

import csv
import json
import shutil

import pytest


@pytest.fixture
def ask(minerva, house):
    """Run a command in the house's workspace."""
    return lambda *arguments: minerva("--workspace", house.workspace, *arguments)


@pytest.fixture
def data(house, churn_csv):
    """The folder that calls may name, with the real subscribers in it."""
    folder = house.workspace / "data"
    folder.mkdir(exist_ok=True)
    shutil.copy(churn_csv, folder / "people.csv")
    yield folder
    shutil.rmtree(folder)


def test_real_subscribers_are_scored_as_single_calls_would(ask, data):
    done = ask("batch", "churn", "data/people.csv", "--to", "data/scores.csv")

    assert done.exit_code == 0, done.output
    assert "7,043 rows are scored into" in done.stdout
    with (data / "scores.csv").open(newline="") as file:
        scored = list(csv.DictReader(file))
    asked = json.loads(ask("predict", "churn", data / "people.csv", "--json").stdout)["predictions"]
    assert [row["churn"] for row in scored] == [one["churn"] for one in asked]
    # a part of a table may be answered by the trees, a single call by their twin in ONNX
    assert [float(row["churn_probability_Yes"]) for row in scored] == pytest.approx(
        [one["churn_probabilities"]["Yes"] for one in asked], abs=1e-5
    )


def test_rows_that_do_not_fit_are_remarked(ask, data):
    lines = (data / "people.csv").read_text().splitlines()
    (data / "few.csv").write_text("\n".join([*lines[:5], lines[6].rsplit(",", 2)[0]]) + "\n")

    done = ask("batch", "churn", "data/few.csv", "--to", "data/few.parquet")

    assert done.exit_code == 0, done.output
    assert "1 of 5 rows do not fit the schema" in done.stderr
    assert "few.csv,6,," in (data / "few.rejects.csv").read_text()


def test_more_rejects_than_allowed_fail_the_command(ask, data):
    lines = (data / "people.csv").read_text().splitlines()
    (data / "few.csv").write_text("\n".join([*lines[:5], lines[6].rsplit(",", 2)[0]]) + "\n")

    done = ask("batch", "churn", "data/few.csv", "--to", "data/s.csv", "--max-rejects", "0")

    assert done.exit_code == 1
    assert "max_rejects allows 0" in done.stderr
    assert not (data / "s.csv").exists()


def test_an_output_that_exists_is_refused_at_once(ask, data):
    done = ask("batch", "churn", "data/people.csv", "--to", "data/people.csv")

    assert done.exit_code == 2
    assert "is the input too" in done.stderr


def test_it_must_be_said_where_to_write(ask):
    assert ask("batch", "churn", "data/people.csv").exit_code == 2
