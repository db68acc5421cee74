"""What an invocation asks: a data frame, split or by records, or instances, or inputs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minerva.errors import Fault, InvalidBody, InvalidInput, TooLarge
from minerva.layers.abstraction.serving.question import Question
from minerva.layers.abstraction.serving.wishes import NAMES, NONE, Wishes
from minerva.schema import Decoder
from minerva.schema.columns import Values, Where
from minerva.schema.decoder import MAX_FAULTS, pointer
from minerva.schema.field import MAX_EXACT_INTEGER
from minerva.schema.value import kind

FRAMES = ("dataframe_split", "dataframe_records")
FORMS = (*FRAMES, "instances", "inputs")
PARAMS = "params"
_NAN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|\bNaN\b', re.DOTALL)


@dataclass(frozen=True)
class _Asked:
    """The one form that a body has."""

    form: str
    content: Any
    decoder: Decoder
    most: int

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of a row without names: those that the model sees."""
        return self.decoder.schema.features

    @property
    def known(self) -> set[str | None]:
        schema = self.decoder.schema
        return {*schema.inputs, schema.key}


def null_for_nan(body: bytes) -> bytes:
    """Return JSON for what Python's encoder makes of a missing number: it writes NaN, which is none."""
    if b"NaN" not in body:
        return body
    return _NAN.sub(lambda found: b"null" if found[0] == b"NaN" else found[0], body)


def read_invocation(sent: Any, decoder: Decoder, most: int) -> Question:
    """Return what a body asks the service whose decoder this is.

    Columns that the service does not know are left out, as MLflow leaves out what a signature does not
    name. Raises InvalidInput, InvalidBody, or TooLarge for more than `most` rows.
    """
    if type(sent) is not dict:
        fault = Fault("", f"expected an object with one of {', '.join(FORMS)}, got {kind(sent)}")
        raise InvalidBody("The body is not a JSON object.", faults=[fault])
    forms = [name for name in FORMS if name in sent]
    if len(forms) != 1:
        raise misfit("", f"expected exactly one of {', '.join(FORMS)}")
    for name in sent:
        if name not in {*FORMS, PARAMS}:
            raise misfit(
                f"/{pointer(name)}", f"not known here; known are {', '.join(FORMS)}, params"
            )
    wishes = _wishes(sent.get(PARAMS))
    asked = _Asked(forms[0], sent[forms[0]], decoder, most)
    return _READERS[asked.form](asked).wishing(wishes)


def misfit(where: str, message: str) -> InvalidInput:
    """Say that something in a body is not as it must be."""
    return InvalidInput("The body does not fit this call.", faults=[Fault(where, message)])


def _wishes(params: Any) -> Wishes:
    if params is None:
        return NONE
    if type(params) is not dict:
        raise misfit("/params", f"expected an object, got {kind(params)}")
    for name, wish in params.items():
        if name not in NAMES:
            offered = " and ".join(NAMES)
            raise misfit(f"/params/{pointer(name)}", f"not offered by this service; {offered} are")
        if type(wish) is not bool:
            raise misfit(f"/params/{name}", f"expected true or false, got {kind(wish)}")
    return Wishes.read(lambda name: params.get(name, False), "/params/")


def _split(asked: _Asked) -> Question:
    frame = asked.content
    if type(frame) is not dict or "data" not in frame:
        raise misfit("/dataframe_split", "expected an object with columns and data")
    for name in frame:
        if name not in {"columns", "data", "index"}:
            message = "not known here; known are columns, index, data"
            raise misfit(f"/dataframe_split/{pointer(name)}", message)
    names = frame.get("columns")
    if names is not None:
        _check_names(names, "/dataframe_split/columns")
    return _table(asked, frame["data"], "/dataframe_split/data", names)


def _check_names(names: Any, where: str) -> None:
    if type(names) is not list:
        raise misfit(where, f"expected an array, got {kind(names)}")
    for at, name in enumerate(names):
        if type(name) is not str:
            raise misfit(f"{where}/{at}", f"expected text, got {kind(name)}")
        if names.index(name) != at:
            raise misfit(f"{where}/{at}", "stands there a second time")


def _records(asked: _Asked) -> Question:
    where, rows = f"/{asked.form}", _rows(asked, asked.content, f"/{asked.form}")
    known = asked.known
    records = [
        {name: value for name, value in row.items() if name in known} if type(row) is dict else row
        for row in rows
    ]
    batch = asked.decoder.records(records, where=where)
    return Question(records, batch=batch)


def _instances(asked: _Asked) -> Question:
    where = f"/{asked.form}"
    rows = _rows(asked, asked.content, where)
    if type(rows[0]) is dict:
        return _records(asked)
    if len(asked.fields) == 1 and not any(type(row) is list for row in rows):
        rows = [[value] for value in rows]
    return _table(asked, rows, where, None)


def _inputs(asked: _Asked) -> Question:
    if type(asked.content) is not dict:
        return _instances(asked)
    columns: dict[str, Values] = {}
    for name, values in asked.content.items():
        if name in asked.known:
            columns[name] = _flat(_rows(asked, values, f"/inputs/{pointer(name)}"))

    def where(name: str, row: int | None) -> str:
        return f"/inputs/{pointer(name)}" + ("" if row is None else f"/{row}")

    if not columns:
        raise misfit("/inputs", "names no field of this service")
    return Question(columns=columns, where=where)


def _flat(values: list[Any]) -> list[Any]:
    """Return a column of shape (n, 1), as arrays often are, as one of shape (n,)."""
    if all(type(value) is list and len(value) == 1 for value in values):
        return [value[0] for value in values]
    return values


def _rows(asked: _Asked, rows: Any, where: str) -> list[Any]:
    if type(rows) is not list:
        raise misfit(where, f"expected an array, got {kind(rows)}")
    if not rows:
        raise misfit(where, "is empty; send at least one")
    if len(rows) > asked.most:
        message = f"has {len(rows)} entries, {asked.most} are allowed; send several calls"
        raise TooLarge("These are too many at once.", faults=[Fault(where, message)])
    return rows


def _table(asked: _Asked, sent: Any, where: str, names: Sequence[str] | None) -> Question:
    """Return what rows of values ask; without names they are the fields that the model sees."""
    rows = _rows(asked, sent, where)
    fields = asked.fields if names is None else names
    faults = [
        Fault(f"{where}/{at}", _wrong_row(row, fields))
        for at, row in enumerate(rows)
        if type(row) is not list or len(row) != len(fields)
    ]
    if faults:
        raise InvalidInput("The body does not fit this call.", faults=faults[:MAX_FAULTS])
    columns: dict[str, Values] = {
        name: [row[at] for row in rows] for at, name in enumerate(fields) if name in asked.known
    }
    if names is None:
        columns = {name: _numbers(values) for name, values in columns.items()}
    if not columns:
        raise misfit(where, "has no column that is a field of this service")
    return Question(columns=columns, where=_places(where, fields))


def _wrong_row(row: Any, fields: Sequence[str]) -> str:
    if type(row) is not list:
        return f"expected an array, got {kind(row)}"
    return f"has {len(row)} values, expected {len(fields)}: {', '.join(fields[:MAX_FAULTS])}"


def _places(where: str, fields: Sequence[str]) -> Where:
    at = {name: position for position, name in enumerate(fields)}

    def place(name: str, row: int | None) -> str:
        if row is None or name not in at:
            return f"{where.removesuffix('/data')}/columns/{pointer(name)}"
        return f"{where}/{row}/{at[name]}"

    return place


def _numbers(values: Values) -> Values:
    """Return numbers of a matrix as an array, in which a number may stand for a category or a truth."""
    if not {int, float}.issuperset(map(type, values)):
        return values
    if any(abs(value) > MAX_EXACT_INTEGER for value in values if type(value) is int):
        return values
    return np.array(values, np.float64)


_READERS: Mapping[str, Callable[[_Asked], Question]] = {
    "dataframe_split": _split,
    "dataframe_records": _records,
    "instances": _instances,
    "inputs": _inputs,
}
