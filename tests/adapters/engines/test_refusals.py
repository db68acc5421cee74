"""Data and clusters that cannot be used: what is said, and whether a job tries again."""

from __future__ import annotations

import time

import pytest
from tables import SCHEMA, service, table, write_parquet

from minerva.errors import InvalidConfiguration, InvalidData, Unavailable

PARQUET = {"source": "parquet", "path": "goods"}
CSV = {"source": "csv", "path": "goods.csv"}


def write(workspace, change, rows=400):
    frame = table(rows)
    change(frame)
    write_parquet(workspace / "goods", frame, files=2)


def test_a_value_that_contradicts_the_schema_is_named_by_file_column_and_row(
    train, cluster, workspace
):
    def change(frame):
        frame.loc[250, "colour"] = "purple"

    write(workspace, change)

    with pytest.raises(InvalidData, match="contradicts the schema") as caught:
        train(service(cluster.url, PARQUET))

    assert [fault.where for fault in caught.value.faults] == [
        'part-1.parquet, column "colour", row 51'
    ]
    assert "purple" not in str(caught.value)


def test_rows_without_the_truth_are_named(train, cluster, workspace):
    def change(frame):
        frame.loc[7, "good"] = None

    write(workspace, change)
    schema = {**SCHEMA, "output": {"good": {**SCHEMA["output"]["good"], "nullable": True}}}

    with pytest.raises(InvalidData, match="lacks the truth") as caught:
        train(service(cluster.url, PARQUET, schema=schema))

    assert caught.value.faults[0].where == 'part-0.parquet, column "good", row 8'


def test_one_class_only_teaches_nothing(train, cluster, workspace):
    def change(frame):
        frame["good"] = "Yes"

    write(workspace, change)

    with pytest.raises(InvalidData, match="Every row of the training data has the same 'good'"):
        train(service(cluster.url, PARQUET))


def test_too_few_rows_are_counted(train, cluster, workspace):
    write(workspace, lambda frame: None, rows=12)

    with pytest.raises(InvalidData, match="has 12 rows; at least 20 are needed"):
        train(service(cluster.url, PARQUET))


def test_rows_that_are_all_alike_cannot_be_split(train, cluster, workspace):
    def change(frame):
        for column in ("size", "colour", "parts"):
            frame[column] = frame[column].iloc[0]
        frame["good"] = ["Yes"] * 399 + ["No"]

    write(workspace, change)

    with pytest.raises(InvalidData, match="too few different rows"):
        train(service(cluster.url, PARQUET, training={"seed": 5}))


@pytest.mark.parametrize("path", ["gone", "gone.parquet", "gone/*.parquet"])
def test_data_that_the_workers_do_not_see(train, cluster, path):
    with pytest.raises(InvalidData, match=r"There is no data file .* on worker host"):
        train(service(cluster.url, {"source": "parquet", "path": path}))


def test_a_folder_without_data(train, cluster, workspace):
    (workspace / "goods").mkdir()

    with pytest.raises(InvalidData, match=r"has no \.parquet or \.pq files"):
        train(service(cluster.url, PARQUET))


def test_a_file_that_is_no_parquet(train, cluster, workspace):
    (workspace / "goods").mkdir()
    (workspace / "goods" / "part.parquet").write_text("id,size\n")

    with pytest.raises(InvalidData, match="is not a whole Parquet file"):
        train(service(cluster.url, PARQUET))


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("id,size\n1,2\n3\n", "goods.csv:3", "has 1 cells where the first line names 2 columns"),
        ('id,size\n1,2\n"3,4\n', "goods.csv:3", "is not CSV: unexpected end of data"),
        ("", "goods.csv:1", "must name the columns"),
        ("a,a\n1,2\n", "goods.csv:1", "each once"),
        (b"id,size\n1,\xff\n", "goods.csv:2", "is not utf-8 text"),
    ],
)
def test_a_csv_that_is_broken_is_named_by_line(train, cluster, workspace, text, where, message):
    raw = text if isinstance(text, bytes) else text.encode()
    (workspace / "goods.csv").write_bytes(raw)

    with pytest.raises(InvalidData) as caught:
        train(service(cluster.url, CSV))

    assert caught.value.faults[0].where == where
    assert message in caught.value.faults[0].message


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({**CSV, "encoding": "utf-16"}, "cannot read CSV in utf-16"),
        ({**CSV, "encoding": "klingon"}, "There is no encoding"),
        ({**CSV, "path": "nowhere://goods.csv"}, "cannot open nowhere:// addresses"),
    ],
)
def test_data_that_no_engine_reads(train, cluster, workspace, data, message):
    (workspace / "goods.csv").write_text("id,size\n")

    with pytest.raises(InvalidConfiguration, match=message):
        train(service(cluster.url, data))


def test_a_scheduler_that_is_away_is_told_soon_and_tried_again(train, free_port):
    started = time.monotonic()

    with pytest.raises(Unavailable, match=r"scheduler at tcp://127\.0\.0\.1:\d+ does not answer"):
        train(service(f"dask://127.0.0.1:{free_port()}", PARQUET))

    assert time.monotonic() - started < 28
