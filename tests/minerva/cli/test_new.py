"""`minerva new service`: from a CSV file to a service file."""

import json

import pytest

from minerva.layers.abstraction.services.parsing import parse_file


@pytest.fixture
def workspace(minerva, tmp_path):
    minerva("init")
    return tmp_path


@pytest.fixture
def customers(workspace):
    """A small export in the manner of a European legacy system."""
    path = workspace / "customers.csv"
    rows = [f"K{row};{row % 7};{row},5;{'ja' if row % 3 else 'nein'}" for row in range(60)]
    path.write_text("\n".join(["kunde_id;läufe;betrag;gekündigt", *rows]), encoding="latin-1")
    return path


def declared(workspace, name="churn"):
    return parse_file(workspace / "services" / f"{name}.yaml", lambda _: None)


def test_writes_a_service_that_parses(minerva, workspace, customers):
    result = minerva("new", "service", "churn", "--from-csv", customers, "--target", "gekündigt")

    assert result.exit_code == 0, result.output
    service = declared(workspace)
    assert service.schema.key == "kunde_id"
    assert list(service.schema.inputs) == ["läufe", "betrag"]
    assert service.data.path == "customers.csv"
    assert (service.data.delimiter, service.data.encoding, service.data.decimal) == (
        ";", "latin-1", ",",
    )  # fmt: skip


def test_shows_what_it_guessed_and_why(minerva, customers):
    shown = minerva("new", "service", "churn", "--from-csv", customers, "--target", "gekündigt")

    assert "60 rows; algorithm xgboost.classifier" in shown.stdout
    assert "whole numbers from 0 to 6, none negative" in shown.stdout
    assert "minerva train churn" in shown.stdout


def test_tells_machines_the_same(minerva, customers):
    told = json.loads(
        minerva(
            "new", "service", "churn", "--from-csv", customers, "--target", "gekündigt", "--json"
        ).stdout
    )

    assert [one["role"] for one in told["columns"]] == ["key", "input", "input", "target"]
    assert told["algorithm"] == "xgboost.classifier"


def test_takes_the_key_that_was_named(minerva, workspace, customers):
    minerva(
        "new",
        "service",
        "churn",
        "--from-csv",
        customers,
        "--target",
        "gekündigt",
        "--key",
        "läufe",
    )

    assert declared(workspace).schema.key == "läufe"


def test_data_outside_the_workspace_is_named_in_full(
    minerva, workspace, tmp_path_factory, customers
):
    outside = tmp_path_factory.mktemp("outside") / "customers.csv"
    outside.write_bytes(customers.read_bytes())

    minerva("new", "service", "churn", "--from-csv", outside, "--target", "gekündigt")

    assert declared(workspace).data.path == str(outside)


def test_writes_over_a_service_only_when_forced(minerva, workspace, customers):
    path = workspace / "services" / "churn.yaml"
    path.write_text("mine")
    arguments = ("new", "service", "churn", "--from-csv", customers, "--target", "gekündigt")

    refused = minerva(*arguments)

    assert refused.exit_code == 1
    assert "is there already" in refused.stderr
    assert path.read_text() == "mine"
    assert minerva(*arguments, "--force").exit_code == 0
    assert declared(workspace).service == "churn"


def test_leaves_nothing_behind_when_it_fails(minerva, workspace, customers):
    result = minerva("new", "service", "churn", "--from-csv", customers, "--target", "gekundigt")

    assert result.exit_code == 2
    assert "did you mean 'gekündigt'?" in result.stderr
    assert list((workspace / "services").iterdir()) == []


@pytest.mark.parametrize("name", ["Churn", "1st", "a b", "../x", "x" * 64])
def test_refuses_a_name_that_cannot_be_one(minerva, customers, name):
    result = minerva("new", "service", name, "--from-csv", customers, "--target", "gekündigt")

    assert result.exit_code == 2
    assert "cannot name a service" in result.stderr


def test_tells_the_line_of_a_ragged_file(minerva, workspace):
    path = workspace / "ragged.csv"
    path.write_text("a,b\n1,2\n3\n")

    result = minerva("new", "service", "x", "--from-csv", path, "--target", "b")

    assert result.exit_code == 1
    assert "ragged.csv:3" in result.stderr


def test_names_a_folder_that_cannot_be_written(minerva, workspace, customers):
    (workspace / "services").rmdir()
    (workspace / "services").write_text("a file")

    result = minerva("new", "service", "churn", "--from-csv", customers, "--target", "gekündigt")

    assert result.exit_code == 2
    assert "cannot be written" in result.stderr
