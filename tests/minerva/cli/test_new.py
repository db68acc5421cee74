"""`minerva new service`: from a CSV file to a service file."""

import json
import sqlite3
from contextlib import closing

import pandas as pd
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


@pytest.fixture
def orders(workspace):
    """Orders with a time, a status that is set afterwards, and rows that repeat."""
    rows = [
        f"{n},{n // 3},2025-{n // 28 % 12 + 1:02d}-{n % 28 + 1:02d},{n * 7 % 31},"
        f"{'paid late' if n * 7 % 13 % 3 == 0 else 'paid'},{'yes' if n * 7 % 13 % 3 == 0 else 'no'}"
        for n in range(300)
    ]
    path = workspace / "orders.csv"
    path.write_text("\n".join(["order,customer_id,ordered_at,size,status,late", *rows, *rows[:30]]))
    return path


def test_proposes_target_and_split_and_says_why(minerva, workspace, orders):
    result = minerva("new", "service", "late", "--from-csv", orders)

    assert result.exit_code == 0, result.output
    assert "rows held out by time: ordered_at" in result.stdout
    assert "a proposal: --target names another column" in result.stdout
    service = declared(workspace, "late")
    assert service.schema.target()[0] == "late"
    assert (service.training.split.by, service.training.split.field) == ("time", "ordered_at")
    assert "customer_id" not in service.schema.features


def test_warns_of_what_makes_models_look_better_than_they_are(minerva, orders):
    result = minerva("new", "service", "late", "--from-csv", orders, "--json")

    told = {one["about"]: one["says"] for one in json.loads(result.stdout)["findings"]}
    assert "status alone tells late nearly without error" in told["status"]
    assert "30 of 330 rows repeat another row" in told["rows"]


def test_a_query_is_read_as_a_file_is(minerva, workspace, orders, monkeypatch):
    table = pd.read_csv(orders)
    with closing(sqlite3.connect(workspace / "shop.db")) as database:
        table.to_sql("orders", database, index=False)
    monkeypatch.setenv("SHOP", "sqlite:///shop.db")
    minerva("new", "service", "late", "--from-csv", orders, "--target", "late")

    result = minerva(
        "new", "service", "same", "--from-sql", "${SHOP}", "--query", "select * from orders",
        "--target", "late",
    )  # fmt: skip

    assert result.exit_code == 0, result.output
    assert declared(workspace, "same").data.url == "${SHOP}"
    assert declared(workspace, "same").schema == declared(workspace, "late").schema


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Name the data: --from-csv FILE, or --from-sql URL"),
        (["--from-sql", "sqlite:///a.db"], "--query: is missing"),
        (["--from-sql", "postgresql://me:hush@db/x", "--query", "select 1"], "holds a password"),
        (["--from-sql", "${NOWHERE}", "--query", "select 1"], "NOWHERE, which is not set"),
        (["--from-csv", "orders.csv", "--query", "select 1"], "Name the data once"),
    ],
)
def test_what_is_no_source_is_refused(minerva, orders, arguments, said):
    result = minerva("new", "service", "late", *arguments)

    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert "hush" not in result.output
