"""Inputs and outputs of batch prediction, written and read in each format."""

import csv
import json

import pyarrow as pa
from pyarrow import parquet


def people(rows, first=0):
    """Return ids and x of so many people."""
    return [{"id": f"c-{n}", "x": n % 7 + 1} for n in range(first, first + rows)]


def write_csv(path, rows, delimiter=",", encoding="utf-8", quoting=csv.QUOTE_MINIMAL):
    """Write rows as CSV with a header."""
    with path.open("w", encoding=encoding, newline="") as file:
        lines = csv.DictWriter(file, list(rows[0]), delimiter=delimiter, quoting=quoting)
        lines.writeheader()
        lines.writerows(rows)
    return path


def write_rows(path, rows):
    """Write rows in the format that the path's suffix says."""
    if path.suffix == ".csv":
        return write_csv(path, rows)
    if path.suffix == ".parquet":
        parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=7)
        return path
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read_rows(path):
    """Return the rows of a file as plain values; a CSV's numbers as numbers."""
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return [{**row, "y": float(row["y"])} for row in csv.DictReader(file)]
    if path.suffix == ".parquet":
        return parquet.read_table(path).to_pylist()
    return [json.loads(line) for line in path.read_text().splitlines()]
