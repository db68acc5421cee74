"""Reading what is to be predicted: JSON, NDJSON, CSV or values on the command line."""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from minerva.cli import screen
from minerva.cli.described import fields, known
from minerva.errors import Fault, InvalidInput

Format = Literal["json", "ndjson", "csv"]
Record = dict[str, Any]
SUFFIXES: Mapping[str, Format] = {
    ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson", ".csv": "csv", ".tsv": "csv",
    ".txt": "csv",
}  # fmt: skip
STDIN = "-"


def read_records(source: str, wanted: Format | None, schema: Mapping[str, Any]) -> Iterator[Record]:
    """Yield the records of a file, or of standard input for `-`.

    Raises InvalidInput naming file and line for what cannot be read.
    """
    form = wanted or SUFFIXES.get(Path(source).suffix.lower(), "json")
    if source == STDIN:
        content = sys.stdin.buffer.read()
        with tempfile.NamedTemporaryFile(suffix=f".{form}") as file:
            file.write(content)
            file.flush()
            yield from _read(Path(file.name), "standard input", form, schema)
        return
    if not Path(source).exists():
        raise InvalidInput(f"There is no file {source}.")
    yield from _read(Path(source), Path(source).name, form, schema)


def _read(path: Path, name: str, form: Format, schema: Mapping[str, Any]) -> Iterator[Record]:
    if form == "csv":
        yield from _csv(path, name, schema)
        return
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{name} is not UTF-8 text.") from error
    yield from _ndjson(text, name) if form == "ndjson" else _json(text, name)


def _json(text: str, name: str) -> Iterator[Record]:
    """One object, an array of objects, or a whole request body with `records`; else NDJSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        if isinstance(error, json.JSONDecodeError) and error.msg == "Extra data":
            yield from _ndjson(text, name)
            return
        line = getattr(error, "lineno", 1)
        fault = Fault(f"{name}:{line}", str(getattr(error, "msg", "is nested too deep")))
        raise InvalidInput(f"{name} is not JSON.", faults=[fault]) from error
    if isinstance(value, dict) and isinstance(value.get("records"), list) and len(value) == 1:
        value = value["records"]
    for position, record in enumerate(value if isinstance(value, list) else [value]):
        yield _object(record, f"{name}, record {position + 1}")


def _ndjson(text: str, name: str) -> Iterator[Record]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            fault = Fault(f"{name}:{number}", "is not JSON")
            raise InvalidInput(
                f"{name} is not one JSON object per line.", faults=[fault]
            ) from error
        yield _object(record, f"{name}:{number}")


def _object(record: Any, where: str) -> Record:
    if not isinstance(record, dict):
        fault = Fault(where, "expected an object with the fields of a record")
        raise InvalidInput("A record is not an object.", faults=[fault])
    return record


def _csv(path: Path, name: str, schema: Mapping[str, Any]) -> Iterator[Record]:
    from minerva.layers.abstraction.services.csv_format import sniff

    form = sniff(path)
    with path.open(encoding=form.open_encoding, newline="") as file:
        rows = csv.reader(file, delimiter=form.delimiter)
        columns = next(rows, [])
        if strangers := [name for name in columns if name not in known(schema)]:
            screen.remark(f"Left out, as they are no inputs: {', '.join(strangers)}")
        for row in rows:
            if row and len(row) != len(columns):
                message = f"has {len(row)} cells where the first line names {len(columns)} columns"
                fault = Fault(f"{name}:{rows.line_num}", message)
                raise InvalidInput(f"{name} is not a regular table.", faults=[fault])
            if row:
                cells = dict(zip(columns, row, strict=True))
                yield typed(cells, schema, f"{name}:{rows.line_num}", form.decimal)


def assigned(assignments: Sequence[str], schema: Mapping[str, Any]) -> Record:
    """Return the record that `--set name=value` options make. Raises InvalidInput."""
    cells: dict[str, str] = {}
    for assignment in assignments:
        name, separator, value = assignment.partition("=")
        if not separator or not name.strip():
            fault = Fault("--set", "expected name=value, such as tenure=3")
            raise InvalidInput("A value is not set rightly.", faults=[fault])
        cells[name.strip()] = value
    unknown = [name for name in cells if name not in known(schema)]
    if unknown:
        hint = f"there are: {', '.join(known(schema))}"
        faults = [
            Fault(f"--set {name}", f"not a field of this service; {hint}") for name in unknown
        ]
        raise InvalidInput("A value is set for no field.", faults=faults)
    return typed(cells, schema, "--set", ".")


def typed(cells: Mapping[str, str], schema: Mapping[str, Any], where: str, decimal: str) -> Record:
    """Turn text cells into JSON values by the schema; other columns and empty cells are left out."""
    record: Record = {}
    faults: list[Fault] = []
    inputs = fields(schema, "inputs")
    for name, cell in cells.items():
        text = cell.strip()
        if name == schema.get("key"):
            record[name] = text
            continue
        field = inputs.get(name)
        if field is None or _empty(text, field):
            continue
        try:
            record[name] = _value(text, field, decimal)
        except ValueError:
            faults.append(Fault(f"{where} {name}", f"is no {field['type']}"))
    if faults:
        raise InvalidInput("Some values do not fit the schema.", faults=faults)
    return record


def _empty(text: str, field: Mapping[str, Any]) -> bool:
    missing = text in {"", "NA", "N/A", "NaN", "nan", "NULL", "null", "None"}
    return missing and text not in field.get("values", ())


def _value(text: str, field: Mapping[str, Any], decimal: str) -> Any:
    kind = field["type"]
    if kind in {"integer", "number"}:
        plain = text.replace(".", "").replace(",", ".") if decimal == "," else text
        value = float(plain)
        return int(value) if kind == "integer" and value.is_integer() else value
    if kind == "boolean":
        return _truth(text)
    if kind == "category":
        return next((value for value in field["values"] if _label(value) == _label(text)), text)
    return text


def _truth(text: str) -> bool:
    words = {"true": True, "yes": True, "t": True, "y": True, "1": True,
             "false": False, "no": False, "f": False, "n": False, "0": False}  # fmt: skip
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]


def _label(value: Any) -> str:
    """One spelling for 1 and "1.0", true and "True", as tables are read everywhere in Minerva."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text.lower() if text.lower() in {"true", "false"} else text.removesuffix(".0")
