"""Reading what is to be predicted: JSON, NDJSON, CSV or values on the command line."""

from __future__ import annotations

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
_NEVER_TEXT = ("integer", "number", "boolean")


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
    from minerva.layers.abstraction.formats.chunk import NoRecord
    from minerva.layers.abstraction.formats.ndjson_line import read_object

    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield read_object(line.encode())
        except NoRecord as error:
            message = f"{name} is not one JSON object per line."
            raise InvalidInput(message, faults=[Fault(f"{name}:{number}", str(error))]) from error


def _object(record: Any, where: str) -> Record:
    if not isinstance(record, dict):
        fault = Fault(where, "expected an object with the fields of a record")
        raise InvalidInput("A record is not an object.", faults=[fault])
    return record


def _csv(path: Path, name: str, schema: Mapping[str, Any]) -> Iterator[Record]:
    from minerva.layers.abstraction.formats.csv_text import Broken, CsvText
    from minerva.layers.abstraction.formats.sniffing import sniff

    dialect = sniff(path)
    text, read = CsvText(dialect, trusted=True), Cells(schema, dialect.decimal)
    columns: list[str] = []
    try:
        with path.open("rb") as file:
            for row in text.rows_of(file):
                where = f"{name}:{text.line}"
                if not columns:
                    columns = row
                    _remark_strangers(columns, schema)
                elif row:
                    yield read.record(_named(columns, row), where)
    except Broken as error:
        fault = Fault(f"{name}:{text.line}", str(error))
        raise InvalidInput(f"{name} is not a regular table.", faults=[fault]) from error


def _remark_strangers(columns: Sequence[str], schema: Mapping[str, Any]) -> None:
    if strangers := [name for name in columns if name not in known(schema)]:
        screen.remark(f"Left out, as they are no inputs: {', '.join(strangers)}")


def _named(columns: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    """Return a row's cells by their columns. Raises Broken if it has not one for each."""
    from minerva.layers.abstraction.formats.csv_text import Broken
    from minerva.layers.abstraction.formats.header import OTHER_SIGN, ragged

    if len(row) != len(columns):
        raise Broken(f"{ragged(len(row), len(columns))}; {OTHER_SIGN}")
    return dict(zip(columns, row, strict=True))


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
    return Cells(schema).record(cells, "--set")


class Cells:
    """Text cells as JSON by the schema that a sidecar describes: they mean what they mean in a batch."""

    def __init__(self, schema: Mapping[str, Any], decimal: str = ".") -> None:
        from minerva.schema import Field, FieldType
        from minerva.schema.cell import plain_cell

        self._key = schema.get("key")
        self._types = {name: one["type"] for name, one in fields(schema, "inputs").items()}
        self._plain = {
            name: plain_cell(
                Field(type=FieldType(one["type"]), values=tuple(one.get("values", ()))), decimal
            )
            for name, one in fields(schema, "inputs").items()
        }

    def record(self, cells: Mapping[str, str], where: str) -> Record:
        """Return the record of a row; other columns and empty cells are left out. Raises InvalidInput."""
        record: Record = {}
        faults: list[Fault] = []
        for name, cell in cells.items():
            if name == self._key:
                record[name] = cell.strip()
            elif name in self._plain and (value := self._plain[name](cell)) is not None:
                record[name] = value
                if isinstance(value, str) and self._types[name] in _NEVER_TEXT:
                    faults.append(Fault(f"{where} {name}", f"is no {self._types[name]}"))
        if faults:
            raise InvalidInput("Some values do not fit the schema.", faults=faults)
        return record
